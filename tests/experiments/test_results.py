"""Every committed result is whole, says where it comes from, and starts where it must."""

import math
import re
from pathlib import Path

import pytest

from convbook.training import Result
from experiments.ladder import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
# Of clean trees: a run that went on in a later version names both.
COMMITS = re.compile(r"[0-9a-f]{40}(; then [0-9a-f]{40})*")
PATHS = sorted((ROOT / "book" / "results").glob("*.json"))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def result(path):
    return Result.load(path)


def test_there_are_results():
    assert PATHS


def test_it_is_of_a_known_experiment_and_its_settings(path, result):
    experiment = EXPERIMENTS[path.stem]
    assert (result.experiment, result.title) == (experiment.name, experiment.title)
    for history in result.runs:
        ours = {**history.config.to_dict(), "seed": 0, "epochs": 0}
        assert ours == {**experiment.config.to_dict(), "seed": 0, "epochs": 0}


def test_complete_means_every_seed_and_epoch(result):
    epochs = {history.config.seed: len(history.epochs) for history in result.runs}
    assert set(epochs) <= set(result.planned_seeds)
    whole = all(
        epochs.get(seed) == result.planned_epochs or seed in result.diverged
        for seed in result.planned_seeds
    )
    assert result.complete == whole
    assert result.note.startswith("Partial") == (not whole)


def test_it_comes_from_a_commit_and_names_no_place_on_a_machine(path, result):
    for history in result.runs:
        assert history.commit is not None
        assert COMMITS.fullmatch(history.commit), "run from committed code only"
        assert history.data["n_train"] >= history.data["n_test"] > 0
    assert len({h.data["fingerprint"] for h in result.runs}) == 1
    assert not re.search(r"/(home|root|tmp|work|Users)/", path.read_text(encoding="utf-8"))


def test_the_first_loss_is_that_of_guessing_among_ten(result):
    for history in result.runs:
        # Batch norm makes all channels of an untrained network equally large, its outputs too.
        near = 0.2 if history.config.model == "batchnorm" else 0.02
        assert history.batch_loss[0] == pytest.approx(math.log(10), abs=near)


def test_it_is_small(path):
    assert path.stat().st_size < 200_000


def test_accuracies_are_shares_of_whole_images(result):
    for history in result.runs:
        for column, n in (("test_accuracy", "n_test"), ("train_accuracy", "n_train")):
            for share in history.column(column):
                images = share * history.data[n]
                assert abs(images - round(images)) <= 0.5e-4 * history.data[n] + 1e-6
