"""The table of a practical's marks, as CSV and as a page for the instructor."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder import feedback, result
from autograder.course import Assignment, Course, described, load
from autograder.gradebook import Gradebook, ManualMark
from autograder.result import STATES, Result, write_whole
from convbook.errors import GradingError

COLUMNS = (
    "student",
    "state",
    "reason",
    "points",
    "max_points",
    "auto_points",
    "auto_max",
    "prose_points",
    "prose_max",
    "prose_due",
    "seconds",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m autograder feedback`."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")


def run(args: argparse.Namespace) -> int:
    """Write every student's page again, with what was marked by hand, and the tables."""
    course = Course(args.course.resolve())
    assignment = load(course, args.assignment)
    found = results(course, assignment)
    if not found:
        raise GradingError(
            f"Writing the feedback of {assignment.name!r}.",
            got="no results",
            next_step=f"grade first: python -m autograder grade {assignment.name}",
        )
    questions = json.loads(course.questions(assignment.name).read_text(encoding="utf-8"))
    assignment = described(assignment, questions)
    with Gradebook(course, assignment) as book:
        for each in found:
            feedback.write_page(course, assignment, each, book.manual(each["student"]))
        write(course, assignment, book)
    folder = course.reports(assignment.name)
    print(f"{len(found)} pages in {course.root / 'feedback'}, the tables in {folder}")
    return 0


def results(course: Course, assignment: Assignment) -> list[Result]:
    """Return the results of a practical, by student."""
    paths = sorted((course.reports(assignment.name) / "results").glob("*.json"))
    return [found for path in paths if (found := result.load(path)) is not None]


def write(course: Course, assignment: Assignment, book: Gradebook) -> None:
    """Write marks.csv and summary.html."""
    found = results(course, assignment)
    rows = [row(assignment, each, book.manual(each["student"])) for each in found]
    folder = course.reports(assignment.name)
    write_whole(folder / "marks.csv", table(assignment, rows))
    write_whole(folder / "summary.html", _summary(assignment, found, rows))


def row(assignment: Assignment, graded: Result, manual: Mapping[str, ManualMark]) -> dict[str, Any]:
    """Return the line of one student: marks by the machine, by hand, and each item's."""
    items = dict.fromkeys(assignment.checks.values(), 0.0)
    items |= {item["id"]: item["points"] for item in graded["items"]}
    for name, item_id in assignment.checks.items():
        mark = manual.get(name)
        if mark is not None and mark.points is not None:
            items[item_id] = mark.points
    prose = {name: manual[name].points or 0.0 for name in assignment.prose if name in manual}
    auto = sum(items.values())
    return {
        **{key: graded[key] for key in ("student", "state", "reason", "seconds")},
        "points": auto + sum(prose.values()),
        "max_points": assignment.auto_points + assignment.prose_points,
        "auto_points": auto,
        "auto_max": assignment.auto_points,
        "prose_points": sum(prose.values()),
        "prose_max": assignment.prose_points,
        "prose_due": sum(manual[name].due for name in assignment.prose if name in manual),
        **items,
        **prose,
    }


def table(assignment: Assignment, rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as CSV; a text that a spreadsheet would run as a formula is quoted."""
    columns = [*COLUMNS, *assignment.checks.values(), *assignment.prose]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for each in rows:
        writer.writerow({key: _safe(value) for key, value in each.items()})
    return file.getvalue()


def _safe(value: Any) -> Any:
    if isinstance(value, float):
        return f"{round(value, 4):g}"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _summary(
    assignment: Assignment, found: Sequence[Result], rows: Sequence[dict[str, Any]]
) -> str:
    counts = Counter(each["state"] for each in rows)
    return feedback.render(
        "summary.html",
        assignment=assignment.name,
        states={state: counts[state] for state in STATES if counts[state]},
        due=sum(each["prose_due"] for each in rows),
        troubles=[each for each in rows if each["state"] != "graded"],
        items=[_item(item_id, found) for item_id in assignment.checks.values()],
        rows=rows,
    )


def _item(item_id: str, found: Sequence[Result]) -> dict[str, Any]:
    verdicts = [item for each in found for item in each["items"] if item["id"] == item_id]
    mistakes = Counter(item["misconception"] for item in verdicts if item["misconception"])
    name, count = mistakes.most_common(1)[0] if mistakes else ("", 0)
    right = sum(item["passed"] for item in verdicts)
    return {"id": item_id, "right": right, "all": len(verdicts), "mistake": name, "mistaken": count}
