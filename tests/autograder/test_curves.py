"""Training runs behind the walls: a real one, and what is done to one to look better."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.build.command import built
from autograder.course import Course, load
from autograder.gradebook.gradebook import Gradebook
from autograder.sandbox.inside.limits import Limits
from convbook.data.standin import draw_standin
from convbook.training import fit, step
from tests.submissions.curves import CURVES

NAME, RUN = "tp2_from_scratch", "base"
# Worth a point each; nobody hands in the runs of LeNet-5 here, so that one run is trained.
LEFT_OUT = ("q13.run", "q16.run", "q16.my_rates")
PATIENT = Limits(cell_seconds=200, call_seconds=60, total_seconds=800, cpu_seconds=800)
pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(1800)]


# Replaces a function by one that notes its calls, and tells of them while runs are read off.
WATCHER = """
SEEN = []

def loss_of(*args, **kwargs):
    SEEN.append((args, kwargs))
    return 10**350

def my_start():
    raise Exception(f"{len(SEEN)} calls before")
"""


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with the budget of the stand-in, trained once for all tests."""
    folder = tmp_path_factory.mktemp("honest")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fit(step(RUN, "stand-in"), draw_standin(10_000, 2_000, 0), run=RUN, progress=False)
    return folder / "runs" / RUN


@pytest.fixture(scope="session")
def graded(honest: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    from autograder.grade import grade

    course = Course(tmp_path_factory.mktemp("curves"))
    files = built(NAME)
    solved, fresh = (
        next(text for path, text in files.items() if path.parts[0] == folder)
        for folder in ("source", "exercises")
    )
    course.exercise(NAME).parent.mkdir(parents=True)
    course.exercise(NAME).write_text(fresh, encoding="utf-8")
    for name, curve in CURVES.items():
        target = course.root / "submitted" / name / NAME
        shutil.copytree(honest, target / "runs" / RUN)
        (target / f"{NAME}.ipynb").write_text(solved, encoding="utf-8")
        curve.spoil(target / "runs" / RUN)
    watcher = course.root / "submitted" / "watcher" / NAME
    shutil.copytree(honest, watcher / "runs" / RUN)
    watching = json.loads(solved)
    cell = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": []}
    watching["cells"].append({**cell, "execution_count": None, "source": WATCHER})
    (watcher / f"{NAME}.ipynb").write_text(json.dumps(watching), encoding="utf-8")
    empty = course.root / "submitted" / "empty" / NAME
    empty.mkdir(parents=True)
    (empty / f"{NAME}.ipynb").write_text(fresh, encoding="utf-8")
    grade(course, NAME, jobs=2, limits=PATIENT)
    return course


def result(course: Course, student: str) -> dict[str, Any]:
    return dict(json.loads(course.result(NAME, student).read_text(encoding="utf-8")))


def the_run(course: Course, student: str) -> dict[str, Any]:
    (item,) = (item for item in result(course, student)["items"] if item["id"] == "q15.run")
    return dict(item)


@pytest.mark.parametrize("name", CURVES)
def test_the_verdict_on_a_run(graded: Course, name: str) -> None:
    curve, item = CURVES[name], the_run(graded, name)
    assert (item["misconception"], item["points"]) == (curve.known, curve.points), item
    assert curve.due in item["run"]["due"]
    assert bool(curve.due) == bool(item["run"]["due"])
    assert curve.told in item["words"]
    assert item["passed"] == (curve.points == 2)


@pytest.mark.parametrize("name", CURVES)
def test_nothing_else_of_the_submission_suffers(graded: Course, name: str) -> None:
    found = result(graded, name)
    assert found["state"] == "graded"
    wrong = {item["id"] for item in found["items"] if not item["passed"]}
    assert wrong <= {"q15.run", "q17.my_start", "q18.my_curves", *LEFT_OUT}


def test_no_hidden_input_is_there_when_runs_are_read_off(graded: Course) -> None:
    """What a function says of a run is shown to its student, in words of his own."""
    items = {item["id"]: item for item in result(graded, "watcher")["items"]}
    (watched,) = (item for item in items.values() if item["id"].endswith(".loss_of"))
    public = sum(case["public"] for case in watched["cases"])
    assert 0 < public < len(watched["cases"])
    assert f"{public} calls before" in items["q17.my_start"]["first_failure"]["problem"]
    assert (watched["points"], items["q15.run"]["points"]) == (0, 2)


def test_what_the_grader_draws_is_told_in_no_notebook(graded: Course) -> None:
    """Of the images that it makes ready for all who hand in a run."""
    first, *_ = result(graded, "empty")["cells"]
    assert "NOT CIFAR" not in first["output"]


def test_an_empty_hand_in_gets_nothing(graded: Course) -> None:
    assert result(graded, "empty")["points"] == 0
    assert the_run(graded, "empty")["misconception"] == "run-missing"


def test_the_notebook_loads_its_run_and_trains_nothing(graded: Course) -> None:
    found = result(graded, "honest")
    assert found["points"] == found["max_points"] - len(LEFT_OUT)
    cells = {cell["name"]: cell for cell in found["cells"]}
    stopped = {name for name, cell in cells.items() if cell["status"] != "ok"}
    assert stopped == {"q13-run", "q16-run"}
    assert "Loaded the run in runs/base" in cells["q15-run"]["output"]


def test_no_pickle_was_opened(graded: Course) -> None:
    assert the_run(graded, "pickle")["misconception"] == "pickle"
    assert not Path("/tmp/leftover-of-a-pickle").exists()


def test_the_pages_say_it(graded: Course) -> None:
    page = graded.feedback(NAME, "honest").read_text(encoding="utf-8")
    assert "This run is on the stand-in (drawn shapes), not on CIFAR-10." in page
    assert "1 of 3 training runs is right." in page
    page = graded.feedback(NAME, "edited-accuracy").read_text(encoding="utf-8")
    assert "The record claims 95.0% of the test images." in page
    page = graded.feedback(NAME, "invented-smooth-curve").read_text(encoding="utf-8")
    assert "A person marks this run: " in page
    assert "2 at most" in page


def test_what_a_person_must_mark_waits_in_the_gradebook(graded: Course) -> None:
    with Gradebook(graded, load(graded, NAME)) as book:
        for name, curve in CURVES.items():
            assert book.manual(name)["q15-run-check"].due == bool(curve.due), name
    summary = (graded.reports(NAME) / "summary.html").read_text(encoding="utf-8")
    assert "q15-run-check" in summary


def test_the_same_run_of_several_students_is_told_to_the_instructor(graded: Course) -> None:
    summary = (graded.reports(NAME) / "summary.html").read_text(encoding="utf-8")
    start = summary.index('id="copies"')
    told = summary[start : summary.index("</table>", start)]
    assert "copied-in-another-type" in told
    assert "honest" in told
