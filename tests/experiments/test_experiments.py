import json
from dataclasses import replace
from itertools import pairwise

import pytest

from convbook.data import standin
from convbook.errors import TrainingError
from convbook.models import build
from convbook.training import Config, History, Result
from experiments.__main__ import main
from experiments.ladder import EXPERIMENTS, GROUPS, STEPS, Experiment
from experiments.record import EVERY
from experiments.runner import Plan, run, run_at_once

LINEAR = Experiment("tiny", "A tiny run", Config(model="base", batch_size=24, lr=0.05))


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVBOOK_CACHE", str(tmp_path / "cache"))
    return standin(72, 30, seed=0)


@pytest.fixture
def plan(tmp_path):
    def plan(epochs, seeds=(0, 1), experiment=LINEAR):
        return Plan(
            experiment,
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


def test_seeds_are_added_to_those_recorded_elsewhere(plan, data, tmp_path):
    first = run(plan(2, seeds=[0, 3]), data, progress=False)
    elsewhere = replace(plan(2, seeds=[1]), runs_folder=tmp_path / "elsewhere")
    both = run(elsewhere, data, stride=1, progress=False)
    assert both.complete
    assert both.planned_seeds == (0, 1, 3)
    assert (both.runs[0], both.runs[2]) == first.runs
    assert "seed 0: 2, seed 1: 2, seed 3: 2 (of 2 planned for each of 3 seeds)" in both.note


def test_a_recorded_run_stays_until_it_is_made_anew(plan, data, tmp_path, monkeypatch):
    first = run(plan(2, seeds=[0, 1]), data, progress=False)
    again = replace(plan(2, seeds=[0, 1, 2]), runs_folder=tmp_path / "elsewhere")
    seen = []
    record = Plan.record
    monkeypatch.setattr(Plan, "record", lambda self: seen.append(record(self)) or seen[-1])
    run(again, data, stride=2, progress=False)
    assert [[each.config.seed for each in result.runs] for result in seen] == [
        [0, 1],
        [0, 1],
        [0, 1, 2],
        [0, 1, 2],
    ]
    assert seen[0].runs[1] == first.runs[1]


@pytest.mark.parametrize(("epochs", "lr", "images"), [(3, 0.05, 72), (2, 0.1, 72), (2, 0.05, 48)])
def test_runs_of_another_recipe_give_way(plan, data, tmp_path, epochs, lr, images):
    run(plan(2, seeds=[0]), data, progress=False)
    experiment = replace(LINEAR, config=replace(LINEAR.config, lr=lr))
    other = replace(plan(epochs, seeds=[1], experiment=experiment), runs_folder=tmp_path / "other")
    result = run(other, standin(images, 30, seed=0), progress=False)
    assert result.planned_seeds == (1,)
    assert [history.config.seed for history in result.runs] == [1]


def test_runs_at_once_are_the_runs_one_after_the_other(plan, data, tmp_path):
    plans = [plan(2), replace(plan(2), experiment=replace(LINEAR, name="other", share=0.5))]
    at_once = run_at_once(plans, data, 2)
    assert all(result.complete for result in at_once)
    later = [replace(each, runs_folder=tmp_path / "again") for each in plans]
    alone = [run(each, data, progress=False) for each in later]
    numbers = [[[h.numbers() for h in result.runs] for result in each] for each in (at_once, alone)]
    assert numbers[0] == numbers[1]


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


def test_a_one_cycle_experiment_is_trained_to_its_end_and_goes_on_if_stopped(
    plan, data, monkeypatch
):
    config = Config(model="base", batch_size=24, lr=0.05, schedule="one_cycle")
    one_cycle = Experiment("tiny", "A tiny run", config)
    whole = run(plan(3, experiment=one_cycle), data, stride=1, progress=False)
    assert whole.complete
    monkeypatch.setattr("experiments.runner.fit", lambda *_, **__: pytest.fail("trained again"))
    assert run(plan(3, experiment=one_cycle), data, stride=1, progress=False) == whole


def test_a_run_that_diverges_is_recorded_and_the_others_go_on(plan, data, tmp_path):
    diverging = Experiment("tiny", "A tiny run", Config(model="base", batch_size=24, lr=1e9))
    result = run(plan(2, experiment=diverging), data, stride=1, progress=False)
    assert result.complete
    assert result.diverged.keys() == {0, 1}
    assert all("epoch 1" in place and "a loss of" in place for place in result.diverged.values())
    assert "Diverged: seed 0, seed 1." in result.note
    assert result == Result.load(tmp_path / "results" / "tiny.json")


def test_a_diverged_run_is_not_tried_again(plan, data, monkeypatch):
    diverging = Experiment("tiny", "A tiny run", Config(model="base", batch_size=24, lr=1e9))
    first = run(plan(2, experiment=diverging), data, progress=False)
    monkeypatch.setattr("experiments.runner.fit", lambda *_, **__: pytest.fail("trained again"))
    assert run(plan(2, experiment=diverging), data, progress=False) == first


def test_an_experiment_can_train_on_a_share_of_each_class(plan, draw_many):
    data = draw_many(200, 30)
    fifth = Experiment("tiny", "A tiny run", Config(batch_size=8), share=0.2)
    (history,) = run(plan(1, [0], fifth), data, progress=False).runs
    assert history.data["n_train"] == 40
    assert history.data["test_fingerprint"] == data.test.fingerprint


@pytest.fixture
def draw_many(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVBOOK_CACHE", str(tmp_path / "cache"))
    return lambda n_train, n_test: standin(n_train, n_test, seed=0)


def test_the_steps_add_one_thing_each_and_dropout_begins_again_without_momentum():
    changes = [
        {
            name: value
            for name, value in after.config.to_dict().items()
            if value != before.config.to_dict()[name] and name not in ("model", "epochs")
        }
        for before, after in pairwise(STEPS)
    ]
    assert changes == [
        {"normalise": "sheet"},
        {"augment": "crop_flip"},
        {"momentum": 0.9},
        {"gamma": 0.95},
        {"momentum": 0.0, "gamma": None},
        {},
    ]
    models = [step.config.model for step in STEPS]
    assert models[-3:] == ["schedule", "dropout", "batchnorm"]


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_each_experiment_has_a_network_and_choices_are_made_on_validation_images(name):
    experiment = EXPERIMENTS[name]
    build(experiment.config.model)
    sweep = any(experiment in GROUPS[group] for group in ("q16", "q32", "search"))
    assert (experiment.config.validation > 0) == sweep


def test_the_search_is_drawn_once_from_the_space_of_practical_4():
    configs = [experiment.config for experiment in GROUPS["search"]]
    assert len({(c.lr, c.batch_size, c.dropout) for c in configs}) == 8
    assert all(0.003 <= c.lr <= 0.3 and 0 <= c.dropout <= 0.8 for c in configs)
    assert {c.batch_size for c in configs} <= {16, 32, 64, 128}
    assert (configs[0].lr, configs[0].batch_size, configs[0].dropout) == (0.056, 32, 0.03)


def test_the_ladder_is_every_experiment_and_goes_on_after_a_stop(tmp_path, monkeypatch):
    few = {name: EXPERIMENTS[name] for name in ("q15", "minutes", "ninety_four", "q16_lr0.1_b32")}
    monkeypatch.setattr("experiments.__main__.EXPERIMENTS", few)
    monkeypatch.setenv("CONVBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("experiments.__main__.cifar10", lambda _: standin(300, 30, seed=0))
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    command = ["ladder", "--data-name", "shapes", "--seeds", "3", "--epochs", "1", *places]
    assert main(command) == 0
    results = {path.stem: Result.load(path) for path in (tmp_path / "results").iterdir()}
    assert results.keys() == few.keys()
    assert all(result.complete for result in results.values())
    monkeypatch.setattr("experiments.runner.fit", lambda *_, **__: pytest.fail("trained again"))
    assert main(command) == 0


def test_a_group_names_its_experiments(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(Plan, "record", lambda self: named.append(self.experiment) or first)
    first = Result("q32", "", "", True, (), 1, ())
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path)]
    assert main(["record", "q32", "--data-name", "shapes", *places]) == 0
    assert tuple(named) == GROUPS["q32"]


def test_where_there_are_no_runs_the_record_stays(plan, data, tmp_path, capsys):
    run(plan(1), data, progress=False)
    kept = (tmp_path / "results" / "tiny.json").rename(tmp_path / "results" / "q15.json")
    text = kept.read_text()
    places = ["--runs", str(tmp_path / "none"), "--results", str(kept.parent)]
    assert main(["record", "q15", "--data-name", "shapes", *places]) == 1
    assert "no finished epoch of the seeds 0, 1, 2" in capsys.readouterr().err
    assert kept.read_text() == text


@pytest.mark.parametrize("given", ["0", "-2", "many"])
def test_runs_at_once_are_one_at_least(given, capsys):
    with pytest.raises(SystemExit):
        main(["run", "q15", "--data-name", "shapes", "--at-once", given])
    assert f"'{given}' was given; it is a whole number, 1 or more" in capsys.readouterr().err


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
