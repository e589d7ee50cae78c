"""All marks of a practical: as a table, and on a page for the instructor."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, described, load
from autograder.gradebook.gradebook import Gradebook
from autograder.gradebook.marks import ManualMark
from autograder.lock import only_writer
from autograder.marking import result
from autograder.marking.result import Result, write_whole
from autograder.pages import feedback
from autograder.pages.summary import Summary
from convbook.errors import GradingError

COLUMNS = (
    "student",
    "state",
    "reason",
    "points",
    "max_points",
    "late_penalty",
    "auto_points",
    "auto_max",
    "prose_points",
    "prose_max",
    "prose_due",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m autograder feedback`."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")


def run(args: argparse.Namespace) -> int:
    """Write every student's page again, with what was marked by hand, and the tables."""
    course = Course(args.course.resolve())
    students = pages(course, args.assignment)
    folder = course.reports(args.assignment)
    print(f"{len(students)} pages in {course.root / 'feedback'}, the tables in {folder}")
    return 0


def pages(course: Course, name: str, only: Container[str] | None = None) -> list[str]:
    """Write the pages of all students again, or of some, and the tables; return the students.

    Raises:
        GradingError: nothing was graded.
    """
    assignment = load(course, name)
    graded = [path.stem for path in _paths(course, assignment)]
    students = [student for student in graded if only is None or student in only]
    if not students:
        raise GradingError(
            f"Writing the feedback of {assignment.name!r}.",
            got="no results",
            next_step=f"grade first: python -m autograder grade {assignment.name}",
        )
    with only_writer(course.root), Gradebook(course, assignment) as book:
        book.assign_late_penalties()
        rewrite(course, assignment, book, students)
        write(course, assignment, book)
    return students


def rewrite(
    course: Course, assignment: Assignment, book: Gradebook, students: Sequence[str]
) -> None:
    """Write the pages of these students again, from their results and the gradebook."""
    assignment = _described(course, assignment)
    for student in students:
        found = result.load(course.result(assignment.name, student))
        if found is not None:
            lost = book.late_penalty(student)
            feedback.write_page(course, assignment, found, book.manual(student), lost)


def results(course: Course, assignment: Assignment) -> Iterator[Result]:
    """Yield the results of a practical, by student; a thousand of them do not fit in memory."""
    for path in _paths(course, assignment):
        found = result.load(path)
        if found is not None:
            yield found


def _paths(course: Course, assignment: Assignment) -> list[Path]:
    return sorted((course.reports(assignment.name) / "results").glob("*.json"))


def _described(course: Course, assignment: Assignment) -> Assignment:
    """Return the assignment with what its questions were when it was graded, if that is known."""
    path = course.questions(assignment.name)
    if not path.exists():
        return assignment
    return described(assignment, json.loads(path.read_text(encoding="utf-8")))


def write(course: Course, assignment: Assignment, book: Gradebook) -> None:
    """Write marks.csv and summary.html."""
    assignment = _described(course, assignment)
    rows, summary = [], Summary(assignment)
    for each in results(course, assignment):
        manual = book.manual(each["student"])
        rows.append(row(assignment, each, manual, book.late_penalty(each["student"])))
        summary.add(each, rows[-1], manual)
    folder = course.reports(assignment.name)
    write_whole(folder / "marks.csv", table(assignment, rows))
    write_whole(folder / "summary.html", summary.page())


def row(
    assignment: Assignment,
    graded: Result,
    manual: Mapping[str, ManualMark],
    late_penalty: float = 0.0,
) -> dict[str, Any]:
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
        **{key: graded[key] for key in ("student", "state", "reason")},
        "points": max(0.0, auto + sum(prose.values()) - late_penalty),
        "max_points": assignment.auto_points + assignment.prose_points,
        "late_penalty": late_penalty,
        "auto_points": auto,
        "auto_max": assignment.auto_points,
        "prose_points": sum(prose.values()),
        "prose_max": assignment.prose_points,
        "prose_due": sum(manual[name].due for name in assignment.by_hand if name in manual),
        **items,
        **prose,
    }


def table(assignment: Assignment, rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as CSV; a text that a spreadsheet would run as a formula is quoted."""
    columns = [*COLUMNS, *assignment.checks.values(), *assignment.prose]
    file = io.StringIO()
    # What was graded by an older exercise may hold items that this one has no column for.
    writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
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
