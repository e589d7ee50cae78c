"""Training runs that were handed in: what is measured, what is named, and what waits for a person.

The runs here are short ones on few images, and the bands are opened wide, so that each test can
break one thing. `test_curves` grades real ones behind the walls.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as to_safetensors

from autograder import questions
from autograder.build.command import built
from autograder.marking import measurer
from autograder.questions import RunItem
from autograder.runs import bands, facts, files, images, recording
from autograder.runs.bands import Band, band
from autograder.runs.copies import Copies
from autograder.runs.features import FEATURES, features
from autograder.runs.images import ImagesAtHand, tolerance
from autograder.runs.reading import Wrong
from autograder.sandbox.inside.protocol import Message, encode, pack
from convbook.check.plain import show
from convbook.data import Dataset
from convbook.data.standin import draw_standin
from convbook.models import build
from convbook.training import BUDGETS, SWEEPS, Result, fit, step
from convbook.training import runs_of as runs_of_sweep
from convbook.training.budgets import Budget
from convbook.training.metrics import Metrics
from convbook.training.setting_up import hold_out
from tests.autograder.conftest import ROOT

ITEMS = [
    item
    for name in questions.ASSIGNMENTS
    for question in questions.assignment(name)
    for item in question.runs
    if isinstance(item, RunItem)
]
SEED = {"hash": "0" * 64, "version": "1"}
Files = dict[str, bytes]  # of a run, by name


@pytest.fixture(scope="module")
def data() -> Dataset:
    return draw_standin(300, 200, 1)


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch, data: Dataset) -> None:
    """Let one epoch on few images be a whole run, in which nothing need be learned."""
    monkeypatch.setitem(BUDGETS, "stand-in", Budget(epochs=1, batch_size=32))
    held_out = hold_out(data, step("p-1", "stand-in"))
    monkeypatch.setattr(measurer, "_standin", [at_hand(data), at_hand(held_out)])
    monkeypatch.setattr(facts, "GUESSING", 0.0)
    wide = dict.fromkeys(FEATURES, Band(-9, 99))
    monkeypatch.setattr(facts, "bands", lambda *_: wide)


def at_hand(data: Dataset) -> ImagesAtHand:
    test = data.test
    prints = data.train.fingerprint, test.fingerprint
    return ImagesAtHand(
        len(data.train), *prints, len(test), test.images.numpy(), test.labels.numpy()
    )


@pytest.fixture(scope="module")
def trained(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Files:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, "stand-in", Budget(epochs=1, batch_size=32))
        patch.chdir(tmp_path_factory.mktemp("student"))
        return train("base", data)


def train(name: str, data: Dataset) -> Files:
    fit(step(name, "stand-in"), data, run=name, progress=False)
    return read_back(name)


def read_back(name: str) -> Files:
    return {file: (Path("runs") / name / file).read_bytes() for file in files.FILES}


def verdict(
    handed_in: Files, troubles: dict[str, str] | None = None, item: RunItem | None = None
) -> Any:
    item = item or questions.run_item("q15.run")
    return verdict_on(item, {item.step: handed_in}, troubles)


def verdict_on(
    item: RunItem, runs: dict[str, Files], troubles: dict[str, str] | None = None
) -> Any:
    told = [{"run": run, "name": name, "trouble": ""} for run in runs for name in runs[run]]
    blobs = tuple(data for handed_in in runs.values() for data in handed_in.values())
    for name, words in (troubles or {}).items():
        told.append({"run": item.step, "name": name, "trouble": words})
        blobs = (*blobs, b"")
    rest = {"images": False, "readings": {}, **SEED}
    whole = {"do": "measure", "items": [item.id], "files": told, **rest}
    return measurer.measure(Message(whole, blobs))[0]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_a_run_of_each_step_gets_its_points(
    item: RunItem, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = verdict_on(item, {run: train(run, data) for run in item.runs})
    assert (found["points"], found["passed"]) == (item.points, True), found["words"]
    assert found["run"]["name"] == item.step
    assert found["run"]["notes"] == [measurer.ON_STANDIN]


def test_an_honest_run_gets_its_points_and_says_what_it_was_measured_on(trained: Files) -> None:
    found = verdict(trained)
    assert (found["points"], found["passed"], found["misconception"]) == (2, True, None)
    assert found["run"]["notes"] == [measurer.ON_STANDIN]
    assert found["run"]["measured"].endswith("of 200 test images")
    assert (found["run"]["budget"], found["run"]["due"]) == ("stand-in", "")


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Files], Files]:
    """Return the spoiling of a record."""

    def spoil(handed_in: Files) -> Files:
        record = json.loads(handed_in["record.json"])
        change(record)
        return handed_in | {"record.json": json.dumps(record).encode()}

    return spoil


def reweighed(change: Callable[[dict[str, Any]], Any]) -> Callable[[Files], Files]:
    """Return the spoiling of weights, with a record that names the new ones."""

    def spoil(handed_in: Files) -> Files:
        weights = from_safetensors(handed_in["weights.safetensors"])
        return with_weights(handed_in, to_safetensors(change(weights) or weights))

    return spoil


def with_weights(handed_in: Files, content: bytes) -> Files:
    named = edited(lambda record: record.update(weights=hashlib.sha256(content).hexdigest()))(
        handed_in
    )
    return named | {"weights.safetensors": content}


def pickled(handed_in: Files) -> Files:
    file = io.BytesIO()
    torch.save({"conv1.weight": torch.zeros(1)}, file)
    return with_weights(handed_in, file.getvalue())


def last(record: dict[str, Any]) -> dict[str, Any]:
    return dict(record["history"]["epochs"][-1])


def better(record: dict[str, Any]) -> None:
    """Claim more than the weights hold, everywhere where it stands."""
    record["measured"]["accuracy"] = record["history"]["epochs"][-1]["test_accuracy"] = 0.9


SPOILT: dict[str, tuple[Callable[[Files], Files], str]] = {
    "nothing": (lambda _: {}, "run-missing"),
    "a record alone": (lambda f: {"record.json": f["record.json"]}, "checkpoint-missing"),
    "weights alone": (
        lambda f: {"weights.safetensors": f["weights.safetensors"]},
        "record-missing",
    ),
    "no JSON": (lambda f: f | {"record.json": b"{"}, "record-unreadable"),
    "deep JSON": (lambda f: f | {"record.json": b"[" * 100_000}, "record-unreadable"),
    "not UTF-8": (lambda f: f | {"record.json": b"\xff\xfe"}, "record-unreadable"),
    "a list": (lambda f: f | {"record.json": b"[]"}, "record-unreadable"),
    "another schema": (edited(lambda r: r.update(schema_version=2)), "record-unreadable"),
    "no epochs": (edited(lambda r: r["history"].update(epochs=[])), "record-unreadable"),
    "NaN": (edited(lambda r: r["measured"].update(loss=math.nan)), "record-unreadable"),
    "another budget": (edited(lambda r: r.update(budget="full")), "record-unreadable"),
    "another run": (edited(lambda r: r.update(run="dropout")), "record-of-another-run"),
    "another rate": (edited(lambda r: r["history"]["config"].update(lr=0.5)), "other-recipe"),
    "another model": (
        edited(lambda r: r["history"]["config"].update(model="batchnorm")),
        "other-recipe",
    ),
    "a pickle": (pickled, "pickle"),
    "noise for weights": (lambda f: with_weights(f, b"\x08" * 4000), "checkpoint-unreadable"),
    "empty weights": (lambda f: with_weights(f, b""), "checkpoint-unreadable"),
    "weights of another run": (
        lambda f: f | {"weights.safetensors": to_safetensors(build("base").state_dict())},
        "checkpoint-of-another-run",
    ),
    "another architecture": (
        lambda f: with_weights(f, to_safetensors(build("batchnorm").state_dict())),
        "other-architecture",
    ),
    "a weight is missing": (
        reweighed(lambda w: {n: t for n, t in w.items() if n != "fc5.bias"}),
        "other-architecture",
    ),
    "a weight is infinite": (
        reweighed(lambda w: w["fc5.bias"].fill_(math.inf) is None),
        "not-finite",
    ),
    "a better accuracy": (edited(better), "accuracy-edited"),
    "other weights": (
        lambda f: reweighed(lambda w: {n: -t for n, t in w.items()})(edited(better)(f)),
        "accuracy-edited",
    ),
    "a better last epoch": (
        edited(lambda r: r["history"]["epochs"][-1].update(test_accuracy=0.9)),
        "record-contradicts-itself",
    ),
    "no share of its images": (
        edited(
            lambda r: r["history"]["epochs"][-1].update(
                test_accuracy=last(r)["test_accuracy"] + 0.0021
            )
        ),
        "record-contradicts-itself",
    ),
    "no share of a batch": (
        edited(lambda r: r["history"]["batches"]["accuracy"].__setitem__(0, 0.1234)),
        "record-contradicts-itself",
    ),
    "other counts of images": (
        edited(lambda r: r["history"]["data"].update(n_train=290)),
        "record-contradicts-itself",
    ),
    "epochs that were not made": (
        edited(lambda r: r["history"]["config"].update(epochs=40)),
        "record-contradicts-itself",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_no_honest_run_gets_nothing_and_is_named(trained: Files, name: str) -> None:
    spoil, known = SPOILT[name]
    found = verdict(spoil(trained))
    assert (found["misconception"], found["points"]) == (known, 0)
    assert not found["passed"]
    assert not found["run"]["due"]
    assert found["words"][-1] == "."
    assert 15 < len(found["hint"]) < 200


def test_a_run_on_which_the_grader_fails_waits_for_a_person(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "judge", lambda *_: 1 / 0)
    found = verdict(trained)
    assert (found["points"], found["passed"]) == (0, False)
    assert found["run"]["due"] == "the grader failed on it: ZeroDivisionError"


def test_a_file_that_was_not_read_is_named(trained: Files) -> None:
    found = verdict(
        {"record.json": trained["record.json"]}, {"weights.safetensors": "it is a link"}
    )
    assert found["misconception"] == "file-refused"
    assert "weights.safetensors: it is a link." in found["words"]


def test_a_run_shorter_than_all_budgets(trained: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "stand-in", Budget(epochs=2, batch_size=32))
    shorter = edited(lambda record: record.update(budget="own"))
    assert verdict(shorter(trained))["misconception"] == "too-short"


def test_a_network_that_learned_nothing(trained: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "GUESSING", 0.1)
    found = verdict(trained)
    assert (found["points"], found["misconception"]) == (0, "nothing-learned")


def test_images_that_are_not_at_hand_wait_for_a_person(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither nothing nor full marks, and the reason is said."""
    monkeypatch.setattr(measurer, "_standin", [at_hand(draw_standin(20, 20, 5))])
    found = verdict(trained)
    assert (found["points"], found["passed"], found["misconception"]) == (0, False, None)
    assert "are not at hand where this was graded" in found["run"]["due"]


def test_images_that_the_grader_sends_are_measured_on(
    trained: Files, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurer, "_standin", [at_hand(draw_standin(20, 20, 5))])
    blob = pack(encode(asdict(at_hand(data))))
    told = [{"run": "base", "name": name, "trouble": ""} for name in trained]
    body = {"do": "measure", "items": ["q15.run"], "files": told, "images": True}
    body |= {"readings": {}, **SEED}
    (found,) = measurer.measure(Message(body, (*trained.values(), blob)))
    assert (found["points"], found["run"]["notes"]) == (2, [])  # not the stand-in


def test_weights_that_know_the_test_images_by_heart(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, unseen = Metrics(0.1, 0.99, 2000), Metrics(0.9, 0.85, 1000)
    with pytest.raises(
        Wrong, match=r"right on 99\.0% of the test images, and on 85\.0% of 1000 new"
    ):
        facts.require_unseen(seen, unseen)
    facts.require_unseen(Metrics(0.4, 0.87, 2000), unseen)
    asked: list[Metrics] = []
    monkeypatch.setattr(facts, "require_unseen", lambda *each: asked.extend(each))
    verdict(trained)
    assert [each.n for each in asked] == [200, measurer.N_UNSEEN]  # of each run on the stand-in


def test_a_step_without_runs_of_ours_waits_for_a_person(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "bands", lambda *_: {})
    found = verdict(trained)
    assert (found["points"], found["passed"]) == (0, False)
    assert "no runs of ours have these images" in found["run"]["due"]


@pytest.mark.parametrize("feature", ["start", "roughness", "agreement"])
def test_an_odd_curve_waits_for_a_person(
    trained: Files, monkeypatch: pytest.MonkeyPatch, feature: str
) -> None:
    wide = dict.fromkeys(FEATURES, Band(-9, 99)) | {feature: Band(50, 60)}
    monkeypatch.setattr(facts, "bands", lambda *_: wide)
    found = verdict(trained)
    assert (found["points"], found["passed"], found["misconception"]) == (0, False, None)
    assert f"{facts.ODD[feature]} (" in found["run"]["due"]
    assert "lies outside of 50 to 60" in found["run"]["due"]


def test_less_than_runs_of_ours_learn_costs_half(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    high = dict.fromkeys(FEATURES, Band(-9, 99)) | {"accuracy": Band(0.9, 1), "gap": Band(9, 9)}
    monkeypatch.setattr(facts, "bands", lambda *_: high)
    found = verdict(trained)
    assert (found["points"], found["misconception"]) == (1, "learned-less")
    assert not found["run"]["due"]


def test_what_a_part_of_the_images_can_tell() -> None:
    assert tolerance(0.7, 2000, 2000) == images.TIES / 2000
    assert tolerance(0.7, 2000, 10_000) == pytest.approx(0.0459, abs=1e-3)
    # simulated: 2,000 of 10,000 images of which 70 % are right
    right = torch.arange(10_000) < 7000
    generator = torch.Generator().manual_seed(0)
    drawn = [right[torch.randperm(10_000, generator=generator)[:2000]] for _ in range(300)]
    shares = torch.stack(drawn).float().mean(dim=1)
    sigma = (tolerance(0.7, 2000, 10_000) - images.TIES / 2000) / images.SIGMAS
    assert float((shares - 0.7).square().mean().sqrt()) == pytest.approx(sigma, rel=0.1)


def test_a_band_holds_one_more_run_like_those_it_is_made_of() -> None:
    """With five runs, and in all but one of a thousand cases."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(100_000, 6, generator=generator).tolist()
    inside = sum(one in band(others) for one, *others in drawn)
    assert inside / len(drawn) == pytest.approx(1 - bands.MISS, abs=3e-4)


def test_the_bands_of_cifar10_are_those_of_the_books_runs() -> None:
    runs = Result.load(ROOT / "book/results/q15.json").runs
    for budget in ("laptop", "full"):
        found = bands.bands("base", budget, runs[0].data)
        for run in runs:
            told = features(run.until(BUDGETS[budget].epochs))
            assert all(told[name] in found[name] for name in FEATURES)
        assert found["roughness"].low > 0
    assert not bands.bands("lenet5", "full", runs[0].data)
    assert not bands.bands("base", "full", {"fingerprint": "0", "test_fingerprint": "0"})


@pytest.mark.parametrize(
    "item", [item for item in ITEMS if not item.sweep], ids=lambda item: item.id
)
def test_whoever_has_no_cifar10_is_compared_with_runs_of_ours(
    item: RunItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the budget is that of students here
    data = Result.load(bands.FOLDER / f"{item.step}.json").runs[0].data
    assert bands.bands(item.step, "stand-in", data).keys() == set(FEATURES)


def test_runs_are_recorded_once_for_the_images_they_saw(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    monkeypatch.setitem(BUDGETS, "laptop", Budget(epochs=1))
    recording.record("base", data, "laptop", [1])
    recording.record("base", data, "laptop", [1, 2])
    (path,) = tmp_path.iterdir()
    before = path.read_bytes()
    recording.record("base", data, "laptop", [1, 2])
    assert path.read_bytes() == before
    recording.record("base", draw_standin(200, 20, 2), "laptop", [1])
    assert len(list(tmp_path.iterdir())) == 2
    result = Result.load(path)
    assert [run.config.seed for run in result.runs] == [1, 2]
    assert result.complete


def test_a_place_without_images_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert recording.main(["base", "--data", "/no/such/place"]) == 1
    assert "no file or folder /no/such/place" in capsys.readouterr().err


def test_a_smooth_curve_is_less_rough() -> None:
    run = Result.load(ROOT / "book/results/q15.json").runs[0]
    honest = features(run)["roughness"]
    run.batch_loss[:] = [2.3 * math.exp(-i / 500) for i in range(len(run.batch_loss))]
    assert features(run)["roughness"] < honest / 20


@pytest.mark.parametrize("practical", ["tp2_from_scratch", "tp3_improvements"])
def test_the_solved_notebook_trains_its_runs_and_all_get_full_marks(
    practical: str,
    data: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From top to bottom, with a tiny budget: once training, then once more loading."""
    monkeypatch.chdir(tmp_path)
    for source in ("cifar10", "standin"):
        monkeypatch.setattr(f"convbook.data.{source}", lambda **_: data)
    notebook = json.loads(built(practical)[Path(f"source/{practical}/{practical}.ipynb")])
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    # Nothing has learned after one epoch on few images, so there is no slowest of what has.
    code = [source for source in code if "my_rates=my_rates" not in source]
    for turn in ("training", "loading"):
        scope: dict[str, Any] = {}
        for source in code:
            exec(source, scope)
        printed = capsys.readouterr().out
        runs = [run for item in runs_of(practical) for run in item.runs]
        assert printed.count("Loaded the run in") == (turn == "loading") * len(runs)
        for run in runs:
            assert f"✓ the run {run} can be handed in" in printed
    for item in runs_of(practical):
        found = verdict_on(item, {run: read_back(run) for run in item.runs})
        assert found["points"] == item.points


def runs_of(practical: str) -> list[RunItem]:
    return [item for item in ITEMS if questions.question(item.question).assignment == practical]


# What is read off a run.


def reading(handed_in: Files, item_id: str, value: Any) -> Any:
    return reading_of({"base": handed_in}, item_id, value)


def reading_of(runs: dict[str, Files], item_id: str, value: Any) -> Any:
    told = [{"run": run, "name": name, "trouble": ""} for run in runs for name in runs[run]]
    answer = pack(Message({"outcome": "value"}, (pack(encode(value)),)))
    body = {"items": [item_id], "files": told, "images": False, **SEED}
    body["readings"] = {item_id: {"kind": "answer", "blob": len(told)}}
    blobs = [data for handed_in in runs.values() for data in handed_in.values()]
    return measurer.measure(Message(body, (*blobs, answer)))[0]


def test_what_is_read_off_a_run_is_compared_with_its_record(trained: Files) -> None:
    history = json.loads(trained["record.json"])["history"]
    start = [history["batches"]["loss"][0], history["batches"]["accuracy"][0]]
    last = history["epochs"][-1]
    curves = [None, last["train_accuracy"] - last["test_accuracy"]]
    for item_id, value in (("q17.my_start", start), ("q18.my_curves", curves)):
        found = reading(trained, item_id, value)
        assert (found["points"], found["passed"], found["run"]) == (1, True, None)
    wrong = reading(trained, "q17.my_start", [math.log(10), 0.1])
    assert (wrong["points"], wrong["passed"]) == (0, False)
    assert wrong["first_failure"]["expected"] == show(start)
    assert wrong["first_failure"]["problem"]


def test_nothing_is_read_off_a_run_that_is_none(trained: Files) -> None:
    found = reading({}, "q17.my_start", [2.3, 0.1])
    assert (found["points"], found["misconception"]) == (0, "run-missing")
    found = reading(pickled(trained), "q17.my_start", [2.3, 0.1])
    assert (found["points"], found["misconception"]) == (0, "pickle")


# A sweep: several runs, and what is read off them.


@pytest.fixture(scope="module")
def swept(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, "stand-in", Budget(epochs=1, batch_size=32))
        patch.chdir(tmp_path_factory.mktemp("student"))
        return {run: train(run, data) for each in SWEEPS for run in runs_of_sweep(each)}


def one(runs: dict[str, Files], step: str) -> dict[str, Files]:
    return {run: files for run, files in runs.items() if run in runs_of_sweep(step)}


def test_the_questions_know_the_runs_of_sweeps() -> None:
    named = [(item.step, item.sweep) for item in ITEMS if item.sweep]
    assert named == [(name, runs_of_sweep(name)) for name in SWEEPS]
    for item_id in ("q16.my_rates", "q32.my_p"):
        item = questions.run_item(item_id)
        assert item.sweep == runs_of_sweep(item.step)


def test_a_sweep_of_rates_is_read_off_its_records(swept: dict[str, Files]) -> None:
    runs = {
        run: edited(lambda r, end=loss: r["history"]["epochs"][-1].update(train_loss=end))(files)
        for (run, files), loss in zip(one(swept, "lr").items(), (2.2, 1.5, 1.0, 30.0), strict=True)
    }
    right = [[2.0], 0.02, 0.5]
    found = reading_of(runs, "q16.my_rates", right)
    assert (found["points"], found["passed"]) == (1, True)
    wrong = reading_of(runs, "q16.my_rates", [[], *right[1:]])
    assert (wrong["points"], wrong["first_failure"]["expected"]) == (0, show(right))


def test_a_sweep_of_p_is_read_off_its_records(swept: dict[str, Files]) -> None:
    """By the images that were held out of training, not by the last epoch's loss."""
    values = (0.0, 0.3, 0.6, 0.9)
    for place, p in enumerate(values):
        spoilt = dict(one(swept, "p"))
        for other, run in enumerate(spoilt):
            accuracy = 0.8 if other == place else 0.1 * other
            spoilt[run] = edited(
                lambda r, a=accuracy: r["history"]["epochs"][0].update(test_accuracy=a)
            )(spoilt[run])
        assert reading_of(spoilt, "q32.my_p", p)["passed"]
        assert not reading_of(spoilt, "q32.my_p", values[place - 1])["passed"]


SPOILT_SWEEP: dict[str, tuple[Callable[[Files], Files], str]] = {
    "missing": (lambda _: {}, "run-missing"),
    "edited": (edited(better), "accuracy-edited"),
    "contradictory": (
        edited(lambda r: r["history"]["epochs"][-1].update(test_accuracy=0.9)),
        "record-contradicts-itself",
    ),
    "of another rate": (
        edited(lambda r: r["history"]["config"].update(lr=0.07)),
        "other-recipe",
    ),
    "a pickle": (pickled, "pickle"),
}


@pytest.mark.parametrize("name", SPOILT_SWEEP)
def test_one_run_that_is_none_spoils_its_sweep_and_is_named(
    swept: dict[str, Files], name: str
) -> None:
    spoil, known = SPOILT_SWEEP[name]
    found = verdict_on(
        questions.run_item("q16.run"), one(swept, "lr") | {"lr-3": spoil(swept["lr-3"])}
    )
    assert (found["misconception"], found["points"], found["passed"]) == (known, 0, False)
    assert found["words"].startswith("The run lr-3: ")


def test_the_same_run_for_each_rate_is_none(swept: dict[str, Files]) -> None:
    runs = dict.fromkeys(runs_of_sweep("lr"), swept["lr-1"])
    found = verdict_on(questions.run_item("q16.run"), runs)
    assert found["misconception"] == "record-of-another-run"
    assert found["words"].startswith("The run lr-2: ")


def test_one_network_under_the_name_of_each_run_is_none(swept: dict[str, Files]) -> None:
    first = json.loads(swept["lr-1"]["record.json"])

    def same(handed_in: Files) -> Files:
        def change(record: dict[str, Any]) -> None:
            record.update(weights=first["weights"], measured=first["measured"])
            end = first["history"]["epochs"][-1]
            record["history"]["epochs"][-1].update(test_accuracy=end["test_accuracy"])

        weights = swept["lr-1"]["weights.safetensors"]
        return edited(change)(handed_in) | {"weights.safetensors": weights}

    runs = {run: same(handed_in) for run, handed_in in one(swept, "lr").items()}
    found = verdict_on(questions.run_item("q16.run"), runs)
    assert (found["misconception"], found["points"]) == ("same-weights", 0)
    assert found["words"].startswith("The runs lr-1 and lr-2 have the same weights")


def test_a_sweep_of_networks_that_guess_is_none(
    swept: dict[str, Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    item, runs = questions.run_item("q16.run"), one(swept, "lr")
    best = max(json.loads(files["record.json"])["measured"]["accuracy"] for files in runs.values())
    monkeypatch.setattr(facts, "SIGMAS", 0.0)
    for guessing, known in ((best - 0.01, None), (best, "nothing-learned")):
        monkeypatch.setattr(facts, "GUESSING", guessing)
        found = verdict_on(item, runs)
        assert (found["misconception"], found["passed"]) == (known, known is None)


def test_a_mistake_of_ours_about_a_reading_stops_nobody(
    trained: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(measurer.READINGS, "my_start", lambda _histories: 1 / 0)
    found = reading(trained, "q17.my_start", [2.3, 0.1])
    assert (found["points"], found["passed"]) == (0, False)
    assert found["words"] == "The grader failed on it: ZeroDivisionError."


@pytest.mark.parametrize(
    "place",
    [
        ("history", "seconds"),
        ("history", "config", "dropout"),
        ("history", "config", "validation"),
        ("measured", "loss"),
        ("measured", "accuracy"),
    ],
    ids=".".join,
)
def test_a_number_beyond_floats_is_no_number(trained: Files, place: tuple[str, ...]) -> None:
    def change(record: dict[str, Any]) -> None:
        for key in place[:-1]:
            record = record[key]
        record[place[-1]] = 10**400

    assert verdict(edited(change)(trained))["misconception"] == "record-unreadable"


def test_one_run_copied_out_of_a_sweep_is_found(swept: dict[str, Files]) -> None:
    item, copies = questions.run_item("q16.run"), Copies()
    ada = verdict_on(item, one(swept, "lr"))
    bob = copy.deepcopy(ada)
    for kind in ("weights", "curve"):
        bob["run"][kind] |= dict.fromkeys(("lr-1", "lr-2", "lr-4"), "his own")
    for student, found in (("ada", ada), ("bob", bob)):
        copies.add({"student": student, "items": [found]})
    (group,) = copies.found()
    assert (group["run"], group["students"]) == ("lr-3", ["ada", "bob"])
    assert group["what"] == "the same weights and the same curve"


def test_a_sweep_on_other_images_waits_for_a_person(
    swept: dict[str, Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurer, "_standin", [at_hand(draw_standin(20, 20, 5))])
    found = verdict_on(questions.run_item("q16.run"), one(swept, "lr"))
    assert (found["points"], found["misconception"]) == (0, None)
    assert "are not at hand where this was graded" in found["run"]["due"]


# What is taken in of the files beside a notebook.


def beside(folder: Path) -> Path:
    (folder / "runs" / "base").mkdir(parents=True)
    return folder / "runs" / "base"


def test_only_what_is_asked_for_is_taken_in(tmp_path: Path) -> None:
    run = beside(tmp_path)
    for name in ("record.json", "weights.safetensors", "history.json"):
        (run / name).write_bytes(name.encode())
    (tmp_path / "runs" / "another").mkdir()
    taken = files.take(tmp_path, ["base", "dropout"])
    assert [(file.path, file.data) for file in taken] == [
        ("runs/base/record.json", b"record.json"),
        ("runs/base/weights.safetensors", b"weights.safetensors"),
    ]
    assert files.take(tmp_path / "nowhere", ["base"]) == ()


def a_pipe(run: Path) -> None:
    os.mkfifo(run / "record.json")


def a_link(run: Path) -> None:
    (run / "record.json").symlink_to("/etc/passwd")


def a_linked_folder(run: Path) -> None:
    run.rmdir()
    run.symlink_to("/etc")


def a_folder(run: Path) -> None:
    (run / "record.json").mkdir()


def too_large(run: Path) -> None:
    with (run / "record.json").open("wb") as file:
        file.truncate(2 * files.MIB)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (a_pipe, "not an ordinary file"),
        (a_link, "cannot be read"),
        (a_folder, "not an ordinary file"),
        (too_large, "2.0 MiB, more than is allowed"),
        (a_linked_folder, "cannot be read"),
    ],
)
def test_what_is_no_small_file_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(beside(tmp_path))
    taken = files.take(tmp_path, ["base"])
    assert taken
    assert all(file.data == b"" for file in taken)
    assert told in taken[0].trouble


def test_all_runs_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ALL", 100)
    run = beside(tmp_path)
    (run / "record.json").write_bytes(b"0" * 60)
    (run / "weights.safetensors").write_bytes(b"0" * 60)
    assert [bool(file.trouble) for file in files.take(tmp_path, ["base"])] == [False, True]


def test_a_submission_is_another_one_with_another_run(tmp_path: Path) -> None:
    run = beside(tmp_path)
    notebook = "0" * 64
    assert files.digest(notebook, files.take(tmp_path, ["base"])) == notebook
    seen = {notebook}
    for content in (b"1", b"2"):
        (run / "record.json").write_bytes(content)
        seen.add(files.digest(notebook, files.take(tmp_path, ["base"])))
    assert len(seen) == 3


def test_runs_cross_to_the_workers_of_a_cluster(tmp_path: Path) -> None:
    run = beside(tmp_path)
    (run / "weights.safetensors").write_bytes(bytes(range(256)))
    taken = files.take(tmp_path, ["base"])
    crossed = json.loads(json.dumps([asdict(file) for file in taken]))
    assert [files.RunFile(**each) for each in crossed] == list(taken)


# Over the class.


def result_of(student: str, weights: str, curve: str) -> dict[str, Any]:
    hashes = {"weights": weights, "curve": curve}
    run = {kind: {"base": value} if value else {} for kind, value in hashes.items()}
    return {"student": student, "items": [{"run": None}, {"run": run}]}


def test_the_same_run_of_two_students_is_found() -> None:
    copies = Copies()
    for student, weights, curve in (
        ("ada", "1", "1"),
        ("bob", "2", "2"),
        ("cyd", "1", "1"),
        ("dan", "3", "2"),
        ("eve", "", ""),
        ("fay", "", ""),
    ):
        copies.add(result_of(student, weights, curve))
    assert copies.found() == [
        {"run": "base", "what": "the same weights and the same curve", "students": ["ada", "cyd"]},
        {"run": "base", "what": "the same curve", "students": ["bob", "dan"]},
    ]


def test_the_weights_are_the_same_in_any_file(trained: Files) -> None:
    """Stored in another type, under another record: they are copied all the same."""
    wider = reweighed(lambda weights: {name: t.float() for name, t in weights.items()})
    found = [verdict(each)["run"]["weights"] for each in (trained, wider(trained))]
    assert found[0] == found[1] != ""
