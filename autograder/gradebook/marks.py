"""The marks of a cell: what the grader gives for it, and what a person gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.course import Assignment
from autograder.marking.result import Result


@dataclass(frozen=True)
class ManualMark:
    """What a person gave for a cell: points with extra credit, a comment, and whether more is due.

    The points are None where neither a mark nor extra credit was given. A mark is stale when what
    it was given for has changed since.
    """

    points: float | None
    comment: str
    due: bool
    stale: bool = False


@dataclass(frozen=True)
class Mark:
    """What the grader gives for a cell, whether a person must look, and what both depend on."""

    points: float | None
    due: bool
    content: Any


def marks(result: Result, assignment: Assignment) -> dict[str, Mark]:
    """Return what a result gives for each cell."""
    review = result["state"] == "needs review"
    points = {item["id"]: item["points"] for item in result["items"]}
    due = {item["id"] for item in result["items"] if item["run"] and item["run"]["due"]}
    answers = {each["grade_id"]: each for each in result["prose"]}
    given = {}
    for name, item_id in assignment.checks.items():
        waits = review or item_id in due
        given[name] = Mark(None if waits else points[item_id], waits, points.get(item_id))
    for name in assignment.prose:
        answer = answers.get(name)
        if review or answer is None:
            given[name] = Mark(None, True, None)
        else:
            answered = answer["answered"]
            given[name] = Mark(None if answered else 0.0, answered, answer["hash"])
    return given
