"""What is handed in becomes cells of known form, or a reason; answers keep their place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Assignment, Course, grade_id, load
from autograder.marking import intake
from autograder.marking.intake import IntakeError, Submission, take
from autograder.marking.sanitize import sanitize
from tests.autograder.conftest import NAME, ROOT


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return load(Course(ROOT), NAME)


def notebook(*cells: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def cell(source: Any = "1", kind: str = "code", name: str | None = None) -> dict[str, Any]:
    metadata = {"nbgrader": {"grade_id": name}} if name else {}
    return {"cell_type": kind, "source": source, "metadata": metadata}


def hand_in(folder: Path, text: str | bytes) -> Path:
    path = folder / "submitted" / "ada" / NAME
    path.mkdir(parents=True)
    data = text if isinstance(text, bytes) else text.encode()
    (path / f"{NAME}.ipynb").write_bytes(data)
    return path


def test_practicals_whose_notebooks_load_images_are_known() -> None:
    loading = [name for name in Course(ROOT).practicals() if load(Course(ROOT), name).loads_images]
    assert loading == ["tp2_from_scratch", "tp3_improvements", "tp4_search"]


def test_a_pipe_in_place_of_the_timestamp_holds_nobody_up(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, json.dumps(notebook(cell())))
    os.mkfifo(folder / "timestamp.txt")
    assert take("ada", folder, NAME).timestamp is None
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").write_text("2026-11-24 10:00:00 UTC\n")
    assert take("ada", folder, NAME).timestamp == "2026-11-24 10:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("null", "names no format"),
        ("[]", "names no format"),
        (json.dumps(notebook(nbformat="4")), "format '4'"),
        (json.dumps(notebook(nbformat=10**30)), "format 10000"),
        (json.dumps(notebook(cells={})), "no list"),
        (json.dumps(notebook(cells=[1])), "cell 1 is of no known type"),
        (json.dumps(notebook(cell(kind="html"))), "cell 1 is of no known type"),
        (json.dumps(notebook(cell(), cell(source=3))), "source of cell 2"),
        (json.dumps(notebook(cell(source=["a", 3]))), "source of cell 1"),
        (json.dumps(notebook(cells=[cell()] * 2001)), "up to 2000 cells"),
        (b"\xff\xfe{\x00}\x00", "not text in UTF-8"),
        (f"[{'[],' * 1_500_000}[]]", "more than 2,000,000 values"),
    ],
)
def test_malformed_notebooks_have_a_reason(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(IntakeError, match=reason):
        take("ada", hand_in(tmp_path, text), NAME)


def test_a_folder_in_place_of_the_notebook_is_refused(tmp_path: Path) -> None:
    path = hand_in(tmp_path, "") / f"{NAME}.ipynb"
    path.unlink()
    path.mkdir()
    with pytest.raises(IntakeError, match="not an ordinary file"):
        take("ada", path.parent, NAME)


def test_names_of_files_cannot_steer_a_terminal(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "")
    (folder / "\x1b]0;owned\x07.ipynb").write_text("")
    with pytest.raises(IntakeError, match=r"2 notebooks were handed in: '\\x1b\]0;owned\\x07"):
        take("ada", folder, NAME)


@pytest.mark.parametrize("name", ["", "..", ".ada", "-rf", "a b", "a/b", "é", "a" * 65, "a\n"])
def test_odd_names_of_students_are_refused(tmp_path: Path, name: str) -> None:
    folder = hand_in(tmp_path, json.dumps(notebook(cell())))
    with pytest.raises(IntakeError, match=r"letters a-z and A-Z, digits, '\.'"):
        take(name, folder, NAME)


def test_only_known_parts_of_a_cell_survive(tmp_path: Path) -> None:
    odd = cell(source=["a = '\\ud800'\n", "b = \ud800"], name="q01-output_size")
    odd |= {"outputs": ["x"], "attachments": {"x": "y"}, "id": 7}
    text = "\ufeff" + json.dumps(notebook(odd, {**cell(), "metadata": []}))
    found = take("ada", hand_in(tmp_path, text), NAME)
    assert [each.keys() for each in found.cells] == [{"cell_type", "source", "grade_id"}] * 2
    assert found.cells[0]["source"] == "a = '\\ud800'\nb = ?"


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    real = hand_in(tmp_path, json.dumps(notebook(cell())))
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "bob").symlink_to(real.parent)
    for path in (tmp_path / "link", tmp_path / "bob" / NAME):
        with pytest.raises(IntakeError, match="link"):
            take("ada", path, NAME)


def test_nothing_is_read_beside_a_notebook_through_a_link(tmp_path: Path) -> None:
    real = hand_in(tmp_path, json.dumps(notebook(cell())))
    (real / "submission_secret.txt").write_text("of another student")
    assert intake.beside(real, "submission_secret.txt") == "of another student"
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "bob").symlink_to(real.parent)
    for path in (tmp_path / "link", tmp_path / "bob" / NAME):
        assert intake.beside(path, "submission_secret.txt") is None


def test_a_loose_student_folder_is_a_person(tmp_path: Path) -> None:
    (tmp_path / "submitted" / "ada" / NAME).mkdir(parents=True)
    (tmp_path / "submitted" / ".hidden").mkdir()
    (tmp_path / "submitted" / "note.txt").touch()
    assert set(Course(tmp_path).submitted(NAME)) == {"ada"}


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def submission(assignment: Assignment, change: Change) -> Submission:
    cells = [
        {"cell_type": each["cell_type"], "source": each["source"], "grade_id": grade_id(each)}
        for each in assignment.cells
    ]
    return Submission("ada", "0", tuple(change(cells)))


def named(cells: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in cells if each["grade_id"] == name)


def test_whole_notebook_is_unchanged(assignment: Assignment) -> None:
    found = sanitize(submission(assignment, lambda cells: cells), assignment)
    assert found.repairs == []
    assert [each["source"] for each in found.cells] == [each["source"] for each in assignment.cells]


def test_missing_cells_come_back_in_order(assignment: Assignment) -> None:
    def change(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [named(cells, "q03-max_pool")]

    found = sanitize(submission(assignment, change), assignment)
    assert [grade_id(each) for each in found.cells] == list(assignment.by_id)
    assert len(found.repairs) == len(assignment.by_id) - 1


def test_locked_cells_come_from_the_exercise(assignment: Assignment) -> None:
    def change(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named(cells, "q01-output_size-check")["source"] = "print(1000)"
        named(cells, "q01-conv_weights-check")["cell_type"] = "markdown"
        return cells

    found = sanitize(submission(assignment, change), assignment)
    for name in ("q01-output_size-check", "q01-conv_weights-check"):
        restored = next(each for each in found.cells if grade_id(each) == name)
        assert (restored["source"], restored["metadata"]) == (
            assignment.by_id[name]["source"],
            assignment.by_id[name]["metadata"],
        )
    assert found.repairs == [
        "q01-output_size-check was edited",
        "q01-conv_weights-check had another type",
    ]


def test_of_two_answers_the_last_that_was_changed_counts(assignment: Assignment) -> None:
    def change(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = named(cells, "q01-output_size")
        stub = dict(answer)
        answer["source"] = "first = 1"
        second = {**answer, "source": "second = 2"}
        return [*cells, second, stub]

    found = sanitize(submission(assignment, change), assignment)
    [answer] = [each for each in found.cells if grade_id(each) == "q01-output_size"]
    assert answer["source"] == "second = 2"
    assert any(each["source"] == "first = 1" for each in found.cells), "it still runs"


def test_unknown_names_become_own_cells(assignment: Assignment) -> None:
    def change(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*cells, {"cell_type": "code", "source": "x", "grade_id": "q99-free-points"}]

    found = sanitize(submission(assignment, change), assignment)
    assert found.cells[-1]["metadata"] == {}


def test_a_notebook_of_another_course_is_refused(assignment: Assignment) -> None:
    with pytest.raises(IntakeError, match="none of the exercise's cells"):
        sanitize(submission(assignment, lambda _: [cell() | {"grade_id": ""}]), assignment)


@pytest.mark.parametrize(
    ("change", "answered"),
    [(lambda source: source, False), (lambda source: source + "\n ", False), (str.upper, True)],
)
def test_an_untouched_answer_is_no_answer(
    assignment: Assignment, change: Callable[[str], str], answered: bool
) -> None:
    def write(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        prose = named(cells, "q01-prose")
        prose["source"] = change(prose["source"])
        return cells

    found = sanitize(submission(assignment, write), assignment)
    assert found.answered("q01-prose", assignment) == answered
