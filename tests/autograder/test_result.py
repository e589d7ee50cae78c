"""A result keeps to its schema and adds up, and is written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.marking import result
from convbook.errors import GradingError

ITEM = {
    "id": "q01.output_size",
    "points": 2.0,
    "max_points": 2.0,
    "passed": True,
    "cases": [{"public": True, "passed": True, "problem": None}],
    "first_failure": None,
    "misconception": None,
    "words": "",
    "hint": "",
    "run": None,
}


def graded(**changes: Any) -> dict[str, Any]:
    whole = {
        "schema_version": result.SCHEMA_VERSION,
        "assignment": "tp1_layers",
        "student": "ada",
        "submission_hash": "0",
        "grader_version": "1",
        "sandbox": "bubblewrap",
        "state": "graded",
        "reason": "",
        "timestamp": None,
        "seconds": 0.1,
        "points": 2.0,
        "max_points": 26.0,
        "items": [ITEM],
        "cells": [],
        "prose": [],
        "repairs": [],
        "recorded": False,
    }
    return {**whole, **changes}


def item(**changes: Any) -> dict[str, Any]:
    return {**ITEM, **changes}


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result.save(graded(), tmp_path / "results" / "ada.json")
    assert result.load(tmp_path / "results" / "ada.json") == graded()
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["ada.json"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (graded(points=1000.0), "1000 points, where its items give 2"),
        (graded(points=-1.0, items=[item(points=-1.0)]), "bigger than or equal to 0"),
        (graded(points=3.0, items=[item(points=3.0)]), "more points than it is worth"),
        (graded(points="2"), "points"),
        (graded(state="passed"), "state"),
        (graded(reason="late"), "every state but 'graded' has a reason"),
        (graded(state="needs review"), "every state but 'graded' has a reason"),
        (graded(bonus=1), "bonus"),
        (
            graded(items=[item(first_failure={"public": False, "arguments": {"x": "7"}})]),
            r"items\[0\]",
        ),
        ({key: value for key, value in graded().items() if key != "sandbox"}, "sandbox"),
    ],
)
def test_a_wrong_result_is_refused(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    path = tmp_path / "ada.json"
    with pytest.raises(GradingError, match=words):
        result.save(wrong, path)
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"points": 1000}'])
def test_what_is_no_result_is_not_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ada.json"
    path.write_text(text, encoding="utf-8")
    assert result.load(path) is None


def test_half_a_surrogate_pair_is_written_as_a_question_mark(tmp_path: Path) -> None:
    result.write_whole(tmp_path / "page.html", "a \ud800")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "a ?"


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _mode: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "page.html"
    result.write_whole(path, "old")
    monkeypatch.setattr("os.fchmod", full)
    with pytest.raises(OSError, match="No space"):
        result.write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
