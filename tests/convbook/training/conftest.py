import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from convbook.data import standin
from convbook.training import Config, fit


@pytest.fixture(scope="session")
def draw(tmp_path_factory):
    """Draw stand-in images: draw(n_train, n_test, seed)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVBOOK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield standin


@pytest.fixture(scope="session")
def data(draw):
    return draw(72, 30, seed=0)


@pytest.fixture(scope="session")
def config():
    """Five batches of 16 images, the last of 8; momentum, so the optimiser has a state to keep."""
    return Config(epochs=3, batch_size=16, lr=0.05, momentum=0.9, gamma=0.5)


class Small(torch.nn.Sequential):
    """A network with all that has a state or draws numbers: batch norm and dropout."""

    def __init__(self, seed=0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            super().__init__(
                torch.nn.Conv2d(3, 4, 5, stride=4),
                torch.nn.BatchNorm2d(4),
                torch.nn.ReLU(),
                torch.nn.Flatten(),
                torch.nn.Dropout(0.5),
                torch.nn.Linear(4 * 7 * 7, 10),
            )


@pytest.fixture
def small():
    return Small


@pytest.fixture(scope="session")
def finished(data, config):
    """An uninterrupted run, to compare others with."""
    return fit(config, data, model=Small(), progress=False)


@pytest.fixture
def train(data, config):
    """Train `Small` with some settings changed."""

    def train(run_dir=None, *, model=None, data=data, on_epoch=None, **settings):
        return fit(
            replace(config, **settings),
            data,
            model=Small() if model is None else model,
            run_dir=run_dir,
            on_epoch=on_epoch,
            progress=False,
        )

    return train


@pytest.fixture(scope="session")
def python(draw):  # noqa: ARG001  (the child finds the same drawings)
    """Run a script in a process of its own; return the finished process."""

    def run(script, *arguments):
        command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def edit():
    """Change a JSON file in place."""

    def edit(path, change):
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return edit
