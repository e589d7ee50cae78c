"""The pages a student and an instructor read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from autograder import feedback, report
from autograder.course import Assignment, Course, load
from autograder.gradebook import ManualMark
from tests.autograder.conftest import NAME, ROOT

HOSTILE = "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">"


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    found = load(Course(ROOT), NAME)
    items: dict[str, dict[str, float]] = {}
    for name, item in found.checks.items():
        points = found.by_id[name]["metadata"]["nbgrader"]["points"]
        items.setdefault(item.split(".")[0], {})[item] = points
    rubric = [[1, "Says why."], [1, "Gives a number."]]
    questions = tuple(
        {"id": key, "title": f"About {key}", "rubric": rubric, "items": worth}
        for key, worth in items.items()
    )
    return replace(found, questions=questions)


def result(assignment: Assignment, **changes: Any) -> dict[str, Any]:
    """A result in which everything is right, but for `changes`."""
    items = [
        {
            "id": item,
            "points": worth,
            "max_points": worth,
            "passed": True,
            "cases": [{"public": public, "passed": True, "problem": None} for public in (1, 0)],
            "first_failure": None,
            "misconception": None,
            "words": "",
            "hint": "",
        }
        for question in assignment.questions
        for item, worth in question["items"].items()
    ]
    for item in items:
        for case in item["cases"]:
            case["public"] = bool(case["public"])
    prose = [
        {"grade_id": name, "max_points": worth, "answered": True, "hash": "0", "source": "because"}
        for name, worth in assignment.prose.items()
    ]
    return {
        "schema_version": 1,
        "assignment": NAME,
        "student": "ada",
        "submission_hash": "0" * 64,
        "grader_version": "1",
        "sandbox": "bubblewrap",
        "state": "graded",
        "reason": "",
        "timestamp": None,
        "seconds": 0.5,
        "points": sum(item["points"] for item in items),
        "max_points": assignment.auto_points,
        "items": items,
        "cells": [],
        "prose": prose,
        "repairs": [],
        "recorded": True,
        **changes,
    }


def test_what_was_right_and_what_is_not_marked_yet(assignment: Assignment) -> None:
    page = feedback.page(assignment, result(assignment), {})
    assert f"{assignment.auto_points:g} <small>of" in page
    assert page.count("not marked yet</span>") == len(assignment.prose)
    assert "✗" not in page.split("<main>")[1]


def test_a_failing_public_case_with_its_mistake_and_hint(assignment: Assignment) -> None:
    failing = result(assignment)
    failing["items"][0] |= {
        "points": 0,
        "passed": False,
        "words": "You rounded up.",
        "hint": "Draw it.",
        "misconception": "ceiling",
        "first_failure": {
            "public": True,
            "arguments": {"x": "7", "s": "2"},
            "expected": "[3]",
            "got": "[4]",
            "problem": "3 was expected, 4 came.",
        },
    }
    page = feedback.page(assignment, failing, {})
    for words in ("output_size(x=7, s=2)", "[3]", "[4]", "4 came", "You rounded up.", "Draw it."):
        assert words in page


def test_a_hidden_case_without_its_inputs(assignment: Assignment) -> None:
    failing = result(assignment)
    failing["items"][0] |= {"points": 0, "passed": False, "first_failure": {"public": False}}
    assert "fails on a hidden case" in feedback.page(assignment, failing, {})


def test_marks_and_comments_by_hand(assignment: Assignment) -> None:
    name = next(iter(assignment.prose))
    manual = {name: ManualMark(1.5, "Well said.", due=False)}
    page = feedback.page(assignment, result(assignment), manual)
    assert "Well said." in page
    assert f"{assignment.auto_points + 1.5:g} <small>of" in page


def test_a_submission_that_needs_review_says_why(assignment: Assignment) -> None:
    unread = result(assignment, state="needs review", reason="it is a link", items=[], prose=[])
    page = feedback.page(assignment, unread, {})
    assert "it is a link" in page
    assert "of 0 points" not in page


@pytest.mark.browser
def test_nothing_of_a_student_runs_in_a_browser(
    assignment: Assignment, browser: Browser, tmp_path: Path
) -> None:
    """Student HTML in every text of a result is shown as text, in both pages."""
    hostile = result(assignment, state="partly graded", reason=HOSTILE, student="eve")
    hostile["cells"] = [
        {"name": HOSTILE, "status": "error", "error": HOSTILE, "output": HOSTILE, "cut": False}
    ]
    hostile["repairs"] = [HOSTILE]
    for prose in hostile["prose"]:
        prose["source"] = HOSTILE
    failure = {"expected": HOSTILE, "got": HOSTILE, "problem": HOSTILE}
    hostile["items"][0] |= {"words": HOSTILE, "hint": HOSTILE}
    hostile["items"][0]["first_failure"] = failure | {"public": True, "arguments": {"x": HOSTILE}}
    row = report.row(assignment, hostile, {})
    summary = report._summary(assignment, [hostile], [row])
    pages = {"page.html": feedback.page(assignment, hostile, {}), "summary.html": summary}
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        asked: list[str] = []
        with browser.new_page(viewport={"width": 375, "height": 800}) as tab:
            tab.on("request", lambda request, asked=asked: asked.append(request.url))
            tab.goto((tmp_path / name).as_uri())
            assert "run" not in tab.title()
            assert "<script>" in tab.inner_text("main")
            assert asked == [(tmp_path / name).as_uri()], "the page asks for other files"
            assert tab.evaluate("document.documentElement.scrollWidth") == 375


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_table_gives_spreadsheets_no_formula(assignment: Assignment, text: str) -> None:
    row = report.row(assignment, result(assignment, reason=text, state="partly graded"), {})
    assert f",'{text}" in report.table(assignment, [row]).replace('"', "")


def test_questions_survive_as_json(assignment: Assignment) -> None:
    again = replace(assignment, questions=tuple(json.loads(json.dumps(assignment.questions))))
    assert feedback.page(again, result(again), {}) == feedback.page(
        assignment, result(assignment), {}
    )
