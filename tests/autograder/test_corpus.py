"""Every submission of the corpus gets its exact state, reason and marks, and touches nothing."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import questions
from autograder.course import load
from autograder.gradebook.gradebook import Gradebook
from autograder.marking.checker import seed
from tests.autograder.conftest import FAST, NAME, NEIGHBOUR, ROOT, Graded, lay_out
from tests.autograder.host import MARK, canary
from tests.submissions import builder
from tests.submissions.builder import points_due, student

CORPUS = builder.corpus()
EXPECTED = {key: builder.expected(folder) for key, folder in CORPUS.items()}
FAMILIES = ("honest", "forging", "escaping", "exhausting", "dying", "malformed")
HONEST = [key for key, expected in EXPECTED.items() if expected["family"] == "honest"]
WRITTEN = ("reports", "feedback", "autograded")
pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def having(name: str = "state") -> list[str]:
    """Return the submissions whose expectation has that name."""
    return [key for key, expected in EXPECTED.items() if name in expected]


@pytest.mark.parametrize("key", having())
def test_state_and_reason(graded: Graded, key: str) -> None:
    expected, result = EXPECTED[key], graded.result(key)
    assert (result["state"], key) == (key.split("/")[0].replace("_", " "), key), result["reason"]
    assert expected["state"] == result["state"]
    assert expected.get("reason", "") in result["reason"]
    assert bool(result["reason"]) == (expected["state"] != "graded")
    assert result["sandbox"] == "bubblewrap"
    assert result["recorded"]


@pytest.mark.parametrize("key", having("others"))
def test_marks(graded: Graded, key: str) -> None:
    expected, result = EXPECTED[key], graded.result(key)
    if expected["others"] == "none":
        assert (result["items"], result["points"]) == ([], 0)
        return
    named = expected.get("items", {})
    for item in result["items"]:
        _compare(item, named.get(item["id"], {"points": points_due(expected, item)}))
    assert named.keys() <= {item["id"] for item in result["items"]}


def _compare(item: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert (item["id"], item["points"]) == (item["id"], wanted["points"]), item["first_failure"]
    if wanted["points"] == item["max_points"]:
        assert item["first_failure"] is None
    assert item["misconception"] == wanted.get("misconception")
    failure = item["first_failure"]
    if "hidden" in wanted:
        assert failure == {"public": False}
    if "problem" in wanted:
        assert wanted["problem"] in failure["problem"]


@pytest.mark.parametrize("key", having("output"))
def test_what_an_attack_reports(graded: Graded, key: str) -> None:
    """It tells what it reached: an attack that did not even run would prove nothing."""
    printed = "".join(cell["output"] for cell in graded.result(key)["cells"])
    assert EXPECTED[key]["output"] in printed


@pytest.mark.parametrize("key", having("cut"))
def test_output_is_cut(graded: Graded, key: str) -> None:
    cut = [cell for cell in graded.result(key)["cells"] if cell["cut"]]
    assert [len(cell["output"].encode()) for cell in cut] == [FAST.output]


@pytest.mark.parametrize("key", having("repairs"))
def test_repairs_are_told(graded: Graded, key: str) -> None:
    assert any(EXPECTED[key]["repairs"] in repair for repair in graded.result(key)["repairs"])


def test_the_corpus_has_every_family() -> None:
    sizes = Counter(expected["family"] for expected in EXPECTED.values())
    assert sizes.keys() == set(FAMILIES)
    assert min(sizes.values()) >= 10
    assert sizes.total() >= 90


def test_no_canary_leaks(graded: Graded) -> None:
    """Nothing that student code could have read stands in anything that was written."""
    neighbour = student(NEIGHBOUR)
    found = set()
    for path, text in written(graded):
        if neighbour in (path.parent.parent.name, path.stem):
            assert MARK not in text.replace(canary("submission"), "")
            found.add(canary("submission") in text)
        else:
            assert MARK not in text, path
    assert True in found  # what the search would find


def written(graded: Graded) -> list[tuple[Path, str]]:
    root = graded.course.root
    paths = [path for folder in WRITTEN for path in (root / folder).rglob("*") if path.is_file()]
    assert len(paths) > 3 * len(CORPUS)
    return [(path, path.read_text(encoding="utf-8")) for path in paths]


def test_nobody_reached_the_machine(graded: Graded) -> None:
    assert graded.watch.reached == []
    assert graded.watch.survived


def test_nothing_is_left(graded: Graded) -> None:
    assert graded.watch.left == []
    root = graded.course.root
    students = {student(key) for key in CORPUS}
    locks = {".grading.lock", "gradebook.db.lock"}  # empty, and there as long as the course is
    assert {path.name for path in root.iterdir()} == {
        *("exercises", "submitted", "solutions", "gradebook.db", "nbgrader_config.py"),
        *WRITTEN,
        *locks,
    }
    for folder in ("submitted", "feedback", "autograded"):
        assert {path.name for path in (root / folder).iterdir()} == students
    leftovers = [path for path in root.rglob("*leftover*") if "submitted" not in path.parts]
    assert leftovers == []


def test_hidden_inputs_are_told_to_nobody(graded: Graded) -> None:
    """Not even through an answer to a later, public case, by a function that remembers."""
    key = "graded/hidden_cases_carried_out"
    result = graded.result(key)
    cases = [case for item in result["items"] for case in drawn(item["id"], result)]
    public = {str(case.arguments) for case in cases if case.public}
    # A hidden case may have drawn the inputs of a public one, which anybody may tell.
    hidden = {str(case.arguments) for case in cases if not case.public} - public
    assert len(hidden) > 80
    for path, text in written(graded):
        if student(key) in str(path):
            told = [words for words in hidden if words in text]
            assert told == [], path


def drawn(item_id: str, result: dict[str, Any]) -> list[questions.Case]:
    """Return the cases of an item as the checker drew them for a submission."""
    entropy = seed(item_id, result["submission_hash"], result["grader_version"])
    return questions.cases(questions.item(item_id), np.random.default_rng(entropy))


def test_an_honest_neighbour_is_graded_as_if_alone(
    graded: Graded, exercise: dict[str, Any], tmp_path: Path
) -> None:
    """No result depends on what the others handed in."""
    from autograder.grade import grade

    course = lay_out(
        tmp_path / "course", exercise, tuple(HONEST), {"SUBMISSION": canary("submission")}
    )
    grade(course, NAME, jobs=1, limits=FAST)
    alone = Graded(course, graded.watch)
    for key in HONEST:
        assert told(alone.result(key)) == told(graded.result(key)), key


def told(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what two runs may have differently: times."""
    return {key: value for key, value in result.items() if key != "seconds"}


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
        rows = {row["student"].removeprefix("'"): row for row in csv.DictReader(file)}
    assert rows.keys() == {student(key) for key in CORPUS}
    assert not [cell for row in rows.values() for cell in row.values() if cell[:1] in tuple("=+@")]
    perfect = rows[student("graded/perfect")]
    assert (perfect["auto_points"], perfect["state"]) == (perfect["auto_max"], "graded")


def test_same_marks_again_and_one_at_a_time(graded: Graded, tmp_path: Path) -> None:
    """The hidden inputs depend on the submission and the grader alone."""
    from autograder.grade import grade

    keys = ("graded/public_cases_only", "graded/ceiling")
    again = replace(graded, course=graded.copy(tmp_path / "course", *keys))
    done = grade(again.course, NAME, students=[student(key) for key in keys], force=True, jobs=1)
    assert not any(each.skipped for each in done)
    for key in keys:
        assert again.result(key)["items"] == graded.result(key)["items"]


def test_the_corpus_is_read_without_the_grader() -> None:
    """As where stock nbgrader grades it, `benchmarks.stock_nbgrader`."""
    script = "import sys; sys.modules['autograder'] = None; from tests.submissions import builder"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(len(builder.corpus()))"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) == len(CORPUS)
