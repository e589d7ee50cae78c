import json

import pytest

from convbook.data import standin
from convbook.errors import TrainingError
from convbook.training import Config, History, Result
from experiments.__main__ import main
from experiments.ladder import EXPERIMENTS, Experiment
from experiments.record import EVERY
from experiments.runner import Plan, run

LINEAR = Experiment("tiny", "A tiny run", Config(model="base", batch_size=24, lr=0.05))


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVBOOK_CACHE", str(tmp_path / "cache"))
    return standin(72, 30, seed=0)


@pytest.fixture
def plan(tmp_path):
    def plan(epochs, seeds=(0, 1)):
        return Plan(
            LINEAR,
            seeds=list(seeds),
            epochs=epochs,
            source="drawn shapes",
            runs_folder=tmp_path / "runs",
            results_folder=tmp_path / "results",
        )

    return plan


def test_seeds_advance_side_by_side_and_each_turn_is_recorded(plan, data, monkeypatch):
    seen = []
    monkeypatch.setattr(Plan, "record", lambda self: seen.append(_epochs(self)))
    run(plan(3), data, stride=2, progress=False)
    assert seen == [{0: 2}, {0: 2, 1: 2}, {0: 3, 1: 2}, {0: 3, 1: 3}, {0: 3, 1: 3}]


def _epochs(plan):
    return {history.config.seed: len(history.epochs) for history in plan.histories()}


def test_the_result_is_small_and_says_where_it_comes_from(plan, data, tmp_path):
    result = run(plan(2), data, progress=False)
    assert result == Result.load(tmp_path / "results" / "tiny.json")
    assert result.complete
    assert result.planned_seeds == (0, 1)
    assert [history.config.seed for history in result.runs] == [0, 1]
    for history in result.runs:
        full = History.load(plan(2).folder(history.config.seed) / "history.json")
        assert history.data == {**full.data, "source": "drawn shapes"}
        assert history.batch_loss == [round(loss, 4) for loss in full.batch_loss[::EVERY]]
        assert history.column("test_loss") == [round(x, 4) for x in full.column("test_loss")]


def test_a_partial_result_says_so(plan, data):
    run(plan(1, seeds=[0]), data, progress=False)
    result = plan(3).record()
    assert not result.complete
    assert result.note.startswith("Partial: the run is not over. Epochs finished: seed 0: 1 (of 3")
    assert len(result.runs) == 1
    assert not plan(1).record().complete  # seed 0 is through, seed 1 has not begun


def test_a_finished_experiment_is_only_recorded_again(plan, data, monkeypatch):
    first = run(plan(1), data, progress=False)
    monkeypatch.setattr("experiments.runner.fit", lambda *_, **__: pytest.fail("trained again"))
    assert run(plan(1), data, progress=False) == first


def test_more_epochs_make_the_runs_longer(plan, data):
    short = run(plan(1), data, progress=False)
    longer = run(plan(2), data, progress=False)
    for before, after in zip(short.runs, longer.runs, strict=True):
        assert after.epochs[0] == before.epochs[0]
        assert len(after.epochs) == 2


def test_the_command_trains_and_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CONVBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("experiments.__main__.cifar10", lambda _: standin(140, 30, seed=0))
    remark = "On a busy machine."
    places = ["--remark", remark, "--runs", str(tmp_path / "runs"), "--results", str(tmp_path)]
    options = ["q15", "--data-name", "shapes", "--seeds", "7", "--epochs", "1", *places]
    assert main(["run", *options, "--threads", "1"]) == 0
    assert "Every planned epoch is here." in capsys.readouterr().out
    result = Result.load(tmp_path / "q15.json")
    assert result.note.endswith(remark)
    (history,) = result.runs
    assert history.config == Config(model="base", lr=0.1, batch_size=128, epochs=1, seed=7)

    (tmp_path / "q15.json").unlink()
    assert main(["record", *options]) == 0
    assert Result.load(tmp_path / "q15.json").runs == (history,)


def test_the_command_explains_what_went_wrong(tmp_path, capsys):
    options = ["--data", str(tmp_path / "none"), "--data-name", "x", "--runs", str(tmp_path)]
    assert main(["run", "q15", *options]) == 1
    assert "none" in capsys.readouterr().err


def test_the_experiments_are_named(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert all(f"{name}: " in out for name in EXPERIMENTS)


def test_a_result_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "q15.json").write_text(json.dumps([]))
    with pytest.raises(TrainingError, match="the record is an object"):
        Result.load(tmp_path / "q15.json")
