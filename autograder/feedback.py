"""What a student reads, and the notebook that formgrader shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

import convbook
from autograder.course import Assignment, Cell, Course
from autograder.gradebook import ManualMark
from autograder.pipeline import Graded
from autograder.result import Result, write_whole

TEMPLATES = Path(__file__).with_name("templates")
STATE_CLASS = {"graded": "good", "partly graded": "bad", "needs review": "bad"}


def write_page(
    course: Course, assignment: Assignment, result: Result, manual: Mapping[str, ManualMark]
) -> None:
    """Write the page of one student."""
    path = course.feedback(assignment.name, result["student"])
    write_whole(path, page(assignment, result, manual))


def page(assignment: Assignment, result: Result, manual: Mapping[str, ManualMark]) -> str:
    """Return the page of one student: self-contained HTML, everything of the student's escaped."""
    questions = _questions(assignment, result, manual) if result["items"] else []
    return render(
        "feedback.html",
        result=result,
        state_class=STATE_CLASS[result["state"]],
        questions=questions,
        total={
            "points": sum(question["points"] for question in questions),
            "max_points": sum(each["max_points"] for each in questions if not each["bonus"]),
        },
        due=sum(question["due"] for question in questions),
        troubles=[cell for cell in result["cells"] if cell["status"] != "ok"],
    )


def _questions(
    assignment: Assignment, result: Result, manual: Mapping[str, ManualMark]
) -> list[dict[str, Any]]:
    checks = {item: name for name, item in assignment.checks.items()}
    shown = []
    for question in assignment.questions:
        parts = [
            _part(item, manual.get(checks[item["id"]]))
            for item in result["items"]
            if item["id"].split(".")[0] == question["id"]
        ]
        prose = [
            _prose(answer, manual.get(answer["grade_id"]))
            for answer in result["prose"]
            if answer["grade_id"].split("-")[0] == question["id"]
        ]
        if not parts and not prose:
            continue
        shown.append(
            {
                **{key: question[key] for key in ("id", "title", "rubric")},
                "parts": parts,
                "prose": prose,
                "points": sum(part["given"] for part in [*parts, *prose]),
                "max_points": sum(part["max_points"] for part in [*parts, *prose]),
                "due": sum(each["max_points"] for each in prose if each["due"]),
                "bonus": any(checks[part["id"]] in assignment.bonus for part in parts),
            }
        )
    return shown


def _part(item: dict[str, Any], mark: ManualMark | None) -> dict[str, Any]:
    counts = {
        f"{kind}_{what}": sum(
            case["public"] == (kind == "public") and (what == "all" or case["passed"])
            for case in item["cases"]
        )
        for kind in ("public", "hidden")
        for what in ("all", "right")
    }
    override = mark.points if mark else None
    given = item["points"] if override is None else override
    function = item["id"].split(".")[1]
    return {**item, **counts, "function": function, "override": override, "given": given}


def _prose(answer: dict[str, Any], mark: ManualMark | None) -> dict[str, Any]:
    due = answer["answered"] if mark is None else mark.due
    given = 0.0 if mark is None or mark.points is None else mark.points
    return {**answer, "due": due, "given": given, "comment": mark.comment if mark else ""}


def write_notebook(
    course: Course,
    assignment: Assignment,
    graded: Graded,
    outputs: Callable[[Sequence[Cell], Result], list[Cell]],
) -> None:
    """Write the notebook that formgrader shows: what the student wrote, and what it came to."""
    cells = outputs(graded.cells, graded.result)
    if graded.result["state"] != "graded":
        notice = f"**{graded.result['state']}**: {graded.result['reason']}"
        cells = [{"cell_type": "markdown", "id": "state", "metadata": {}, "source": notice}, *cells]
    if not graded.cells:
        cells += assignment.cells
    notebook = {
        "cells": cells,
        "metadata": assignment.metadata,
        "nbformat": 4,
        "nbformat_minor": max(5, assignment.nbformat_minor),
    }
    folder = course.autograded(assignment.name, graded.result["student"])
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    write_whole(folder / f"{assignment.name}.ipynb", text + "\n")


def render(template: str, **values: Any) -> str:
    """Return a page made from a template, in the colours of the book."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda number: f"{round(float(number), 2):g}"
    style = Path(convbook.__file__).with_name("style.json")
    environment.globals["colours"] = json.loads(style.read_text(encoding="utf-8"))
    return environment
