"""Every practical through the grader, and the numbers of practical 2; `test_build` has the rest."""

import json
import math
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.build.command import ROOT, built
from autograder.course import Course
from autograder.grade import grade
from autograder.questions import ASSIGNMENTS, assignment
from autograder.questions.q16 import updates_until
from autograder.questions.q16_runs import BATCHES_RUN, RATES_RUN
from autograder.sandbox.inside.limits import Limits
from convbook import models, shapes
from convbook.training import Result

NAME = "tp2_from_scratch"
# Whether answers are right is asked here, not how fast this machine is.
PATIENT = Limits(cell_seconds=200, call_seconds=60, total_seconds=800, cpu_seconds=800)
Files = dict[Path, str]


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def files(name: str) -> Files:
    return built(name)


def notebook(files: Files, folder: str) -> NotebookNode:
    (text,) = (text for path, text in files.items() if path.parts[0] == folder)
    return nbformat.reads(text, as_version=4)


def test_the_numbers_of_the_answers_of_practical_2() -> None:
    """Those of the network are computed, those of a run are read from the book's record."""
    first, *others = Result.load(ROOT / "book" / "results" / "q15.json").runs
    begun, lowest, last = first.epochs[0], first.epochs[9], first.epochs[-1]
    assert min(first.epochs, key=lambda epoch: epoch.test_loss) is lowest
    starts = [f"{run.batch_loss[0]:.3f}" for run in (first, *others)]
    network = models.PRACTICAL["base"]
    total = shapes.total_parameters(shapes.table(network.layers, network.input_shape))
    fc4, svms = 1000 * (1024 + 1), 10 * (1000 + 1)
    cells = notebook(built(NAME), "source").cells
    written = " ".join(" ".join(cell.source for cell in cells).split())
    for number in (
        f"{total:,} numbers from 50,000 images: about {total / 50_000:.0f} for each",
        f"fc4 alone has {fc4:,} weights, {fc4 / total:.0%}".replace("%", " %"),
        f"three convolutions together have {(total - fc4 - 10_010) / total:.0%}".replace("%", " %"),
        f"{svms:,} numbers, {total / svms:.0f} times fewer",
        f"make {math.ceil(60_000 / 128)} updates, the last of them from {60_000 % 128} images",
        f"gave {100 * begun.train_accuracy:.0f} % on the training images",
        f"and {100 * begun.test_accuracy:.0f} % on the test images",
        f"training loss was {lowest.train_loss:.2f} with an accuracy of "
        f"{100 * lowest.train_accuracy:.0f} %, the test loss {lowest.test_loss:.2f} with "
        f"{100 * lowest.test_accuracy:.0f} %",
        f"a loss of {last.train_loss:.4f}; the test accuracy was {100 * last.test_accuracy:.0f} %, "
        f"the test loss {last.test_loss:.1f}",
        f"began with {starts[0]}, {starts[1]} and {starts[2]}",
        f"gap is {100 * (last.train_accuracy - last.test_accuracy):.0f} points",
    ):
        assert number in written
    for runs in (RATES_RUN, BATCHES_RUN):
        for setting, losses in runs.items():
            listed = ", ".join(f"{loss:.3f}" for loss in losses)
            assert f'"{setting}": [{listed}]' in written
    assert updates_until(BATCHES_RUN["batch 16"], 1, 4000, 16) == 500
    assert updates_until(BATCHES_RUN["batch 64"], 1, 4000, 64) == 252


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_solved_notebook_gets_full_marks_and_an_empty_one_none(
    name: str, files: Files, tmp_path: Path
) -> None:
    """And the solved one runs from top to bottom, with what it offers to try out.

    No run is handed in here, and none is trained: `test_curves` has one.
    """
    course = Course(tmp_path)
    solved, fresh = notebook(files, "source"), notebook(files, "exercises")
    for cell in solved.cells:
        cell.source = re.sub(r"^# ((?:try|show|count)_\w+\(\))", r"\1", cell.source, flags=re.M)
    for path, handed_in in (
        (course.exercise(name), fresh),
        (tmp_path / "submitted" / "ada" / name / f"{name}.ipynb", solved),
        (tmp_path / "submitted" / "eve" / name / f"{name}.ipynb", fresh),
    ):
        path.parent.mkdir(parents=True)
        nbformat.write(handed_in, path)
    grade(course, name, jobs=1, limits=PATIENT)
    ada, eve = (
        json.loads(course.result(name, who).read_text(encoding="utf-8")) for who in ("ada", "eve")
    )
    worth = {q.id: sum(item.points for item in q.items) for q in assignment(name)}
    assert (ada["state"], ada["points"]) == ("graded", sum(worth.values()))
    assert (eve["state"], eve["points"]) == ("graded", 0)
    questions = [q for q in assignment(name) if not q.bonus]
    assert ada["max_points"] == sum(q.machine_points for q in questions)
    trained = {f"{q.id}-run" for q in questions if q.runs}
    assert {cell["name"] for cell in ada["cells"] if cell["status"] != "ok"} <= trained
    of_runs = {item.id for q in questions for item in q.runs}
    wrong = {item["id"]: item["misconception"] for item in ada["items"] if not item["passed"]}
    assert wrong == dict.fromkeys(of_runs, "run-missing")
