"""Every submission of the corpus gets its exact state, reason and marks."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from autograder.course import load
from autograder.gradebook import Gradebook
from tests.autograder.conftest import CANARY, NAME, Graded, student
from tests.submissions import builder

CORPUS = builder.corpus()
pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


@pytest.mark.parametrize("key", CORPUS)
def test_state_and_reason(graded: Graded, key: str) -> None:
    expected, result = builder.expected(CORPUS[key]), graded.result(key)
    assert (result["state"], key) == (expected["state"], key)
    assert expected.get("reason", "") in result["reason"]
    assert bool(result["reason"]) == (expected["state"] != "graded")
    assert result["sandbox"] == "bubblewrap"
    assert result["recorded"]


@pytest.mark.parametrize("key", CORPUS)
def test_marks(graded: Graded, key: str) -> None:
    expected, result = builder.expected(CORPUS[key]), graded.result(key)
    if expected["others"] == "none":
        assert (result["items"], result["points"]) == ([], 0)
        return
    named = expected.get("items", {})
    for item in result["items"]:
        full = item["max_points"] if expected["others"] == "full" else 0
        wanted = named.get(item["id"], {"points": full})
        _compare(item, wanted)
    assert named.keys() <= {item["id"] for item in result["items"]}


def _compare(item: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert (item["id"], item["points"]) == (item["id"], wanted["points"])
    assert item["misconception"] == wanted.get("misconception")
    failure = item["first_failure"]
    if "hidden" in wanted:
        assert failure == {"public": False}
    if "problem" in wanted:
        assert wanted["problem"] in failure["problem"]


@pytest.mark.parametrize(
    "key", [key for key in CORPUS if "output" in builder.expected(CORPUS[key])]
)
def test_what_an_attack_reports(graded: Graded, key: str) -> None:
    printed = "".join(cell["output"] for cell in graded.result(key)["cells"])
    assert builder.expected(CORPUS[key])["output"] in printed


def test_output_is_cut(graded: Graded) -> None:
    cells = graded.result("graded/print_100_mb")["cells"]
    cut = [cell for cell in cells if cell["cut"]]
    assert [len(cell["output"]) for cell in cut] == [64 * 1024]


@pytest.mark.parametrize(
    "key", [key for key in CORPUS if "repairs" in builder.expected(CORPUS[key])]
)
def test_repairs_are_told(graded: Graded, key: str) -> None:
    assert any(
        builder.expected(CORPUS[key])["repairs"] in repair
        for repair in graded.result(key)["repairs"]
    )


def test_no_canary_leaks(graded: Graded) -> None:
    root = graded.course.root
    for folder in ("reports", "feedback", "autograded"):
        for path in (root / folder).rglob("*.*"):
            assert path.is_dir() or CANARY not in path.read_text(encoding="utf-8"), path


def test_gradebook_has_the_same_marks(graded: Graded) -> None:
    assignment = load(graded.course, NAME)
    with Gradebook(graded.course, assignment) as book:
        for key in CORPUS:
            result = graded.result(key)
            notebook = book._book.find_submission_notebook(NAME, NAME, student(key))
            auto = {grade.name: grade.auto_score for grade in notebook.grades}
            given = {item["id"]: item["points"] for item in result["items"]}
            for cell, item in assignment.checks.items():
                assert auto[cell] == given.get(item), (key, cell)
            due = {grade.name for grade in notebook.grades if grade.needs_manual_grade}
            if result["state"] == "needs review":
                assert due == set(auto), key
            else:
                assert due == {each["grade_id"] for each in result["prose"] if each["answered"]}


def test_table_has_a_line_a_student(graded: Graded) -> None:
    with (graded.course.reports(NAME) / "marks.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {student(key) for key in CORPUS}
    perfect = rows[student("graded/perfect")]
    assert (perfect["auto_points"], perfect["state"]) == (perfect["auto_max"], "graded")


def test_same_marks_again_and_one_at_a_time(graded: Graded) -> None:
    """The hidden inputs depend on the submission and the grader alone."""
    from autograder.grade import grade

    keys = ("graded/public_cases_only", "graded/ceiling")
    before = {key: graded.result(key)["items"] for key in keys}
    grade(graded.course, NAME, students=[student(key) for key in keys], force=True, jobs=1)
    assert {key: graded.result(key)["items"] for key in keys} == before
