"""One submission into one file, far from the gradebook; the gradebook takes it from there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.course import Course, load
from autograder.grade import grade
from autograder.mark import Marked
from autograder.marking.basis import OUR_FAULT, Basis
from autograder.marking.intake import take
from autograder.sandbox.sandbox import Sandbox
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, student
from tests.autograder.runs import marked, marks, recorded

MakeCourse = Callable[..., Course]
KEYS = ("graded/partly_right", "graded/perfect", "needs_review/two_notebooks")


def no_sandbox(_self: Sandbox) -> None:
    raise AssertionError("a sandbox was started")


def mark(course: Course, key: str, out: Path) -> int:
    submission = course.submitted(NAME)[student(key)]
    where = ["--course", str(course.root), "--submission", str(submission)]
    return main(["mark", NAME, *where, "--student", student(key), "--out", str(out)])


@pytest.mark.sandbox
@pytest.mark.slow
def test_marked_one_by_one_elsewhere_and_recorded_gives_the_same_table(
    make_course: MakeCourse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there, plain = make_course(*KEYS), Course(tmp_path / "plain")
    shutil.copytree(there.root, plain.root)
    results = tmp_path / "results"
    for key in KEYS:
        assert mark(there, key, results / f"{student(key)}.json") == 0
    assert "needs review: 2 notebooks were handed in" in capsys.readouterr().out
    left = {path.name for path in there.root.iterdir()}
    assert left == {"exercises", "submitted", "nbgrader_config.py"}, (
        "marking writes its result alone"
    )
    grade(plain, NAME)

    monkeypatch.setattr(Sandbox, "launch", no_sandbox)
    grade(there, NAME, results=results)
    assert marks(there) == marks(plain)
    assert recorded(there).keys() == {student(key) for key in KEYS}


@pytest.fixture
def one(make_course: MakeCourse, tmp_path: Path) -> tuple[Marked, Path, Course, Basis]:
    """A course with one submission, and a folder with a result of it."""
    there = make_course("graded/perfect")
    basis, results = Basis.of(load(there, NAME)), tmp_path / "results"
    name = student("graded/perfect")
    submission = take(name, there.submitted(NAME)[name], NAME)
    results.mkdir()
    path = results / f"{name}.json"
    path.write_text(json.dumps(basis.review(name, submission, "because")), encoding="utf-8")
    return Marked(results, basis), path, there, basis


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"submission_hash": "another"},
        {"grader_version": "another"},
        {"sandbox": "none"},
        {"assignment": "tp2"},
        {"student": "another"},
        {"max_points": 1000},
        {"state": "graded", "reason": ""},
        {"state": "needs review", "reason": f"{OUR_FAULT}: OSError: no space left"},
        {"points": -1},
    ],
)
def test_a_result_counts_for_exactly_its_submission_and_grader(
    one: tuple[Marked, Path, Course, Basis], change: dict[str, object]
) -> None:
    elsewhere, path, there, _ = one
    name = student("graded/perfect")
    submission = take(name, there.submitted(NAME)[name], NAME)
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**found, **change}), encoding="utf-8")
    assert (elsewhere.find(submission) is not None) == (change == {})


@pytest.mark.parametrize("part", ["items", "prose", None])
def test_a_result_of_another_exercise_does_not_count(
    one: tuple[Marked, Path, Course, Basis], part: str | None
) -> None:
    elsewhere, path, there, basis = one
    name = student("graded/perfect")
    submission = take(name, there.submitted(NAME)[name], NAME)
    found = marked(basis, submission, "an answer")
    if part is not None:
        found[part] = found[part][1:]
    path.write_text(json.dumps(found), encoding="utf-8")
    assert (elsewhere.find(submission) is not None) == (part is None)


def test_a_result_of_a_submission_that_has_changed_does_not_count(
    one: tuple[Marked, Path, Course, Basis], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path, there, _ = one
    folder = there.submitted(NAME)[student("graded/perfect")]
    with (folder / f"{NAME}.ipynb").open("a", encoding="utf-8") as file:
        file.write("\n")
    monkeypatch.setattr(Sandbox, "launch", no_sandbox)
    with pytest.raises(AssertionError, match="a sandbox was started"):
        grade(there, NAME, results=path.parent)


def test_a_missing_folder_is_said(
    make_course: MakeCourse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    there = make_course("graded/perfect")
    with pytest.raises(GradingError, match=r"no folder .*nowhere"):
        grade(there, NAME, results=tmp_path / "nowhere")
    shutil.rmtree(there.submitted(NAME)[student("graded/perfect")])
    nowhere = ["--submission", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out.json")]
    assert main(["mark", NAME, "--course", str(there.root), "--student", "ada", *nowhere]) == 1
    assert "--submission names the folder with tp1_layers.ipynb in it" in capsys.readouterr().err
