"""What a student reads, and the notebook that formgrader shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from autograder.course import Assignment, Cell, Course, grade_id
from autograder.gradebook.marks import ManualMark
from autograder.marking import intake
from autograder.marking.basis import OUR_FAULT, WORKERS_ENDED
from autograder.marking.pipeline import Graded
from autograder.marking.result import Result, write_whole
from autograder.pages.render import render

Shown = dict[str, Any]

# How the reasons begin that a student can do nothing about.
INSTRUCTORS = (OUR_FAULT, WORKERS_ENDED, intake.FOLDER_NAME)

# What makes more than text of Markdown: tags, entities, links, pictures and bare addresses, and the
# commands by which MathJax makes links and styles. A word joiner, which nobody sees, takes each
# apart.
_ACTIVE = re.compile(
    r"<(?=[^\s\d=])|&(?=[#\w])|\](?=[(\[:])|:(?=//)|\bwww(?=\.)"
    r"|\\(?=(?:href|style|class|cssId|require|unicode|mmlToken|bbox)\b)"
)
_WORD_JOINER = "\u2060"


def write_page(
    course: Course,
    assignment: Assignment,
    result: Result,
    manual: Mapping[str, ManualMark],
    late_penalty: float = 0.0,
) -> None:
    """Write the page of one student, and beside it what nbgrader release_feedback reads there."""
    name, student = assignment.name, result["student"]
    path = course.feedback(name, student)
    write_whole(path, page(assignment, result, manual, late_penalty))
    for each in intake.EXCHANGE_FILES:
        text = intake.beside(course.root / "submitted" / student / name, each)
        if text is None:
            path.with_name(each).unlink(missing_ok=True)
        else:
            write_whole(path.with_name(each), text)


def page(
    assignment: Assignment,
    result: Result,
    manual: Mapping[str, ManualMark],
    late_penalty: float = 0.0,
) -> str:
    """Return the page of one student: self-contained HTML, everything of the student's escaped.

    Args:
        assignment: with what the questions say of it.
        result: of the submission.
        manual: what a person gave, by cell.
        late_penalty: the points to take off for being late.
    """
    questions = _questions(assignment, result, manual) if result["items"] else []
    graded = [part for question in questions for part in question["parts"]]
    parts = [part for part in graded if part["run"] is None]
    runs = [part for part in graded if part["run"] is not None]
    total = {key: sum(question[key] for question in questions) for key in ("points", "due")}
    total["max_points"] = sum(each["max_points"] for each in questions if not each["bonus"])
    return render(
        "feedback.html",
        title=title(assignment),
        result=result,
        reason=reason(result),
        instructors=reason(result) in INSTRUCTORS,
        questions=questions,
        before=_cells(assignment, result).get("", []),
        total=total | {"counts": max(0.0, total["points"] - late_penalty)},
        late_penalty=late_penalty,
        functions=len(parts),
        right=sum(part["state"] == "right" for part in parts),
        partly=sum(part["state"] == "partly" for part in parts),
        runs=len(runs),
        runs_right=sum(part["state"] == "right" for part in runs),
        troubles=[cell for cell in result["cells"] if cell["status"] == "error"],
    )


def title(assignment: Assignment) -> str:
    """Return what the exercise is called: its first heading, or its name."""
    for cell in assignment.cells:
        first = cell["source"].split("\n", 1)[0]
        if cell["cell_type"] == "markdown" and first.startswith("# "):
            return str(first[2:])
    return assignment.name


def reason(result: Result) -> str:
    """Return why a submission is not graded, for its student.

    When the instructor must put it right, the rest of the words are for them: those of a grader
    that failed may tell a hidden case, those of a cluster name its machines.
    """
    told = str(result["reason"])
    return next((words for words in INSTRUCTORS if told.startswith(words)), told)


def _questions(
    assignment: Assignment, result: Result, manual: Mapping[str, ManualMark]
) -> list[Shown]:
    checks = {item: name for name, item in assignment.checks.items()}
    cells = _cells(assignment, result)
    shown = []
    for question in assignment.questions:
        parts = [
            _part(item, question, manual.get(checks[item["id"]]))
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
        points = sum(part["given"] for part in [*parts, *prose])
        max_points = sum(part["max_points"] for part in [*parts, *prose])
        due = sum(each["max_points"] for each in [*parts, *prose] if each["due"])
        shown.append(
            {
                **{key: question[key] for key in ("id", "title", "rubric")},
                "parts": parts,
                "prose": prose,
                "cells": cells.get(question["id"], []),
                "points": points,
                "max_points": max_points,
                "due": due,
                "state": "open" if due else _state(points, max_points),
                "bonus": any(checks[part["id"]] in assignment.bonus for part in parts),
            }
        )
    return shown


def _state(points: float, max_points: float) -> str:
    """Return how right something is, as the templates call it."""
    return "right" if points >= max_points else "partly" if points > 0 else "wrong"


def _part(item: Shown, question: Shown, mark: ManualMark | None) -> Shown:
    public = [case["passed"] for case in item["cases"] if case["public"]]
    hidden = [case["passed"] for case in item["cases"] if not case["public"]]
    override = mark.points if mark else None
    given = item["points"] if override is None else override
    run = item["run"]
    due = bool(run and run["due"]) and (mark is None or mark.due)
    return {
        **item,
        "public_all": len(public),
        "public_right": sum(public),
        "hidden_all": len(hidden),
        "hidden_right": sum(hidden),
        "function": item["id"].split(".")[1],
        # Its arguments are made of those of the case.
        "adapted": question.get("adapted", {}).get(item["id"]),
        "override": override,
        "given": given,
        "comment": mark.comment if mark else "",
        "due": due,
        "state": "open" if due else _state(given, item["max_points"]),
    }


def _prose(answer: Shown, mark: ManualMark | None) -> Shown:
    due = answer["answered"] if mark is None else mark.due
    given = 0.0 if mark is None or mark.points is None else mark.points
    state = "open" if due else _state(given, answer["max_points"])
    comment = mark.comment if mark else ""
    return {**answer, "due": due, "given": given, "comment": comment, "state": state}


def _cells(assignment: Assignment, result: Result) -> dict[str, list[Shown]]:
    """Return the cells that showed something, by question; a student's own follow the one above."""
    found: dict[str, list[Shown]] = {}
    question = ""
    for cell in result["cells"]:
        if cell["name"] in assignment.by_id:
            question = cell["name"].split("-")[0]
        if cell["status"] != "ok" or cell["output"].strip() or cell["pictures"] or cell["lost"]:
            found.setdefault(question, []).append(cell)
    return found


def write_notebook(
    course: Course,
    assignment: Assignment,
    graded: Graded,
    outputs: Callable[[Sequence[Cell], Result], list[Cell]],
) -> None:
    """Write the notebook that formgrader shows: what the student wrote, and what it came to.

    nbgrader's pages make HTML of Markdown and let it run: a student's Markdown becomes inert.
    """
    ours = {cell["source"] for cell in assignment.cells}
    cells = [
        {**cell, "source": inert(cell["source"])}
        if cell["cell_type"] != "code" and cell["source"] not in ours
        else cell
        for cell in outputs(graded.cells, graded.result)
    ]
    if graded.result["state"] != "graded":
        notice = f"**{graded.result['state']}**: {inert(reason(graded.result))}"
        cells = [{"cell_type": "markdown", "id": "state", "metadata": {}, "source": notice}, *cells]
    if not graded.cells:
        cells += assignment.cells
    notebook = {
        "cells": _with_rubrics(assignment, cells),
        "metadata": assignment.metadata,
        "nbformat": 4,
        "nbformat_minor": max(5, assignment.nbformat_minor),
    }
    folder = course.autograded(assignment.name, graded.result["student"])
    text = json.dumps(notebook, ensure_ascii=False)
    write_whole(folder / f"{assignment.name}.ipynb", text + "\n")


def _with_rubrics(assignment: Assignment, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells, with what earns points in a cell of its own under each written answer."""
    rubrics = {question["id"]: question["rubric"] for question in assignment.questions}
    shown = []
    for cell in cells:
        shown.append(cell)
        name = grade_id(cell)
        rubric = rubrics.get(name.split("-")[0]) if name in assignment.prose else None
        if rubric:
            lines = [f"- **{worth:g}**: {_literal(words)}" for worth, words in rubric]
            own: Cell = {"cell_type": "markdown", "id": f"rubric-{name}", "metadata": {}}
            heading = f"**What earns points in {name}**"
            shown.append({**own, "source": "\n".join([heading, "", *lines])})
    return shown


@cache
def _literal(words: str) -> str:
    """Return Markdown that shows a text as it is."""
    return re.sub(r"([\\`*_$<\[])", r"\\\1", words)


def inert(markdown: str) -> str:
    """Return Markdown that looks the same and makes no tag, link or picture, whoever reads it."""
    return _ACTIVE.sub(lambda found: found[0] + _WORD_JOINER, markdown)
