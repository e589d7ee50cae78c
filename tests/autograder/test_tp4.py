"""Practical 4 through the whole grader, and its search on few images, from draw to report."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib import pyplot

from autograder.build.command import built
from autograder.course import Course, load
from convbook.data import Dataset
from convbook.data.standin import draw_standin
from convbook.training import Config
from tests.autograder import whole

NAME = "tp4_search"
SOURCE = json.loads(built(NAME)[Path("source") / NAME / f"{NAME}.ipynb"])
CALLS = ("try_", "runs, network = ", "show(")  # what students switch on


def switched_on(source: str) -> str:
    for call in CALLS:
        source = source.replace(f"\n# {call}", f"\n{call}")
    return source


def solved() -> dict[str, Any]:
    """The exercise with the model answers in it, and every call switched on."""
    return whole.solved(NAME, switched_on)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return draw_standin(400, 60, 0)


@pytest.fixture
def notebook(data: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The names of the solved notebook, which searches among three runs of two epochs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("convbook.data.cifar10", lambda: data)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    names: dict[str, Any] = {}
    for cell in SOURCE["cells"]:
        if cell["cell_type"] == "code":
            code = switched_on("".join(cell["source"]))
            exec(code.replace("= 5000, 8, 10, 2", "= 200, 3, 2, 1"), names)
    return names


def test_the_search_runs_from_draw_to_report(
    notebook: dict[str, Any], data: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    """From top to bottom, with nothing left in the folder."""
    runs, figure = notebook["runs"], pyplot.gcf()
    assert len(runs) == 3
    for run in runs:
        assert 1 <= len(run["validation"]) == len(run["losses"]) <= 2
        assert all(sum(n for _, n in batches) == 40 for batches in run["validation"])
    assert len(figure.axes) == 4
    pyplot.close(figure)
    assert list(Path().iterdir()) == []
    chosen, epoch = notebook["choose_run"](runs)
    part = notebook["share_of"](data.train)
    again = notebook["right_answers"](notebook["network"], part.test)
    assert again == runs[chosen]["validation"][epoch - 1]  # the weights of that very epoch
    capsys.readouterr()
    notebook["show"](runs)
    printed = capsys.readouterr().out
    assert f"chosen: run {chosen} after epoch {epoch}" in printed
    notebook["try_test"](runs, notebook["network"])
    assert "test: " in capsys.readouterr().out


def test_the_share_is_balanced_split_and_repeatable(
    notebook: dict[str, Any], data: Dataset
) -> None:
    first, again = (notebook["share_of"](data.train) for _ in range(2))
    assert first.train.labels.bincount().tolist() == [16] * 10
    assert first.test.labels.bincount().tolist() == [4] * 10
    assert first.test.role == "validation"
    assert (first.train.fingerprint, first.test.fingerprint) == (
        again.train.fingerprint,
        again.test.fingerprint,
    )
    seen = {image.numpy().tobytes() for image in first.train.images}
    assert not seen & {image.numpy().tobytes() for image in first.test.images}


def test_the_network_of_the_best_epoch_is_kept(notebook: dict[str, Any], data: Dataset) -> None:
    def fit(config: Config, *_: Any, **__: Any) -> SimpleNamespace:
        epoch = SimpleNamespace(test_loss=1.0)
        return SimpleNamespace(model=config.epochs, history=SimpleNamespace(epochs=[epoch]))

    right = {1: 5, 2: 9, 3: 4}
    notebook |= {"fit": fit, "EPOCHS": 3, "PATIENCE": 3}
    notebook["right_answers"] = lambda model, _: [[right[model], 10]]
    record, network = notebook["train"]({"lr": 0.1}, data, SimpleNamespace(update=int, total=3))
    assert record["validation"] == [[[5, 10]], [[9, 10]], [[4, 10]]]
    assert network == 2


def test_a_run_that_diverges_does_not_end_the_search(
    notebook: dict[str, Any], data: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook["SPACE"] |= {"lr": (1e8, 1e12)}
    notebook["train"] = diverging_first(notebook["train"])
    runs, _ = notebook["search"](data.train)
    assert runs[0]["validation"] == []
    notebook["show"](runs)
    pyplot.close("all")
    assert "run 0" in (printed := capsys.readouterr().out)
    assert "best nan %, 0 of 2 epochs" in printed


def diverging_first(train: Any) -> Any:
    """Train the first run as it was drawn, and the others at a rate that they bear."""
    turns = iter([{}, *[{"lr": 0.01}] * 2])
    return lambda settings, *rest: train({**settings, **next(turns)}, *rest)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Any]]:
    return whole.graded(tmp_path_factory.mktemp("course"), NAME, solved())


@pytest.mark.sandbox
@pytest.mark.slow
def test_the_solved_notebook_gets_all_points(graded: tuple[Course, dict[str, Any]]) -> None:
    course, results = graded
    result, assignment = results["solved"], load(course, NAME)
    assert (result["state"], result["reason"]) == ("graded", "")
    assert [item["id"] for item in result["items"] if not item["passed"]] == []
    assert result["points"] == result["max_points"] == assignment.auto_points == 13


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_search_that_was_left_on_is_not_run_while_grading(
    graded: tuple[Course, dict[str, Any]],
) -> None:
    """Its cell says so at once, and all others go on."""
    troubled = [cell for cell in graded[1]["solved"]["cells"] if cell["status"] != "ok"]
    assert len(troubled) == 2  # the search, and what asks for its runs
    assert "trains nothing" in troubled[0]["error"]
    assert "'runs' is not defined" in troubled[1]["error"]
    printed = "".join(cell["output"] for cell in graded[1]["solved"]["cells"])
    assert "95 % sure: 59 runs" in printed
    assert "patience 20" in printed


@pytest.mark.sandbox
@pytest.mark.slow
def test_an_empty_hand_in_gets_nothing(graded: tuple[Course, dict[str, Any]]) -> None:
    course, results = graded
    assert (results["empty"]["state"], results["empty"]["points"]) == ("graded", 0)
    assert not any(answer["answered"] for answer in results["empty"]["prose"])
    with (course.reports(NAME) / "marks.csv").open(encoding="utf-8") as file:
        assert {row["max_points"] for row in csv.DictReader(file)} == {"21"}
