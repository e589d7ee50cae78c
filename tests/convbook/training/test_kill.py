import json
import signal

import pytest

from convbook.training import Checkpoint, fit

# One process imports torch, then forks a run for each moment; each run kills itself there, in its
# third epoch. Forking is safe: no thread pool has started yet.
CHILD = """
import json, os, signal, sys
import torch
import torch._dynamo  # the first optimiser imports it: once here, not in each fork
from convbook.data import standin
from convbook.training import Checkpoint, Config, files, fit

folder, *moments = sys.argv[1:]
config = Config(model="dropout", epochs=4, batch_size=16, lr=0.05, momentum=0.9, gamma=0.5,
                augment="crop_flip")

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def run(moment):
    def arm(history):
        if len(history.epochs) < 2:
            return
        if moment == "in a batch":
            calls = iter(range(31))  # 11 modules a batch: in the third
            torch.nn.modules.module.register_module_forward_hook(
                lambda *_: die() if next(calls) == 30 else None)
        elif moment == "between record and checkpoint":
            Checkpoint.save = die
        elif moment == "while a file is written":
            files.os.fsync = die

    fit(config, standin(72, 30), run_dir=f"{folder}/{moment}", on_epoch=arm, progress=False)

statuses = {}
for moment in moments:
    child = os.fork()
    if child == 0:
        run(moment)
        os._exit(0)
    statuses[moment] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(statuses))
"""
MOMENTS = ("in a batch", "between record and checkpoint", "while a file is written")


@pytest.fixture(scope="module")
def killed(python, tmp_path_factory):
    """The folder of a run killed at each moment, and how each process ended."""
    folder = tmp_path_factory.mktemp("killed")
    done = python(CHILD, folder, *MOMENTS)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def whole(killed, data):
    """The same run, never interrupted."""
    checkpoint = Checkpoint.load(killed[0] / MOMENTS[0] / "checkpoint.safetensors")
    return fit(checkpoint.config, data, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_loses_no_finished_epoch(killed, whole, data, moment):
    folder, statuses = killed[0] / moment, killed[1]
    assert statuses[moment] == -signal.SIGKILL
    assert Checkpoint.load(folder / "checkpoint.safetensors").epoch == 2

    resumed = fit(whole.history.config, data, run_dir=folder, progress=False)
    assert resumed.history.numbers() == whole.history.numbers()
    files = sorted(file.name for file in folder.iterdir())
    assert files == ["checkpoint.safetensors", "history.json"]
