"""All marks of a practical: as a table, and on a page for the instructor."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, described, load
from autograder.gradebook.gradebook import Gradebook
from autograder.gradebook.marks import ManualMark
from autograder.handed_in import few
from autograder.lock import only_writer
from autograder.marking import intake, result
from autograder.marking.result import Result, write_whole
from autograder.pages import feedback
from autograder.pages.summary import Summary
from convbook.errors import GradingError

Marks = Mapping[str, float | None]

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
    "look_again",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m autograder feedback`."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")


def run(args: argparse.Namespace) -> int:
    """Write every student's page again, with what was marked by hand, and the tables."""
    course = Course.opened(args.course)
    notes: list[str] = []
    students = pages(course, args.assignment, warn=notes.append)
    for note in notes:
        print(note, file=sys.stderr)
    folder = course.reports(args.assignment)
    print(f"{counted(students)} in {course.root / 'feedback'}, the tables in {folder}")
    return 0


def counted(students: Sequence[str]) -> str:
    """Return how many pages there are, in words."""
    return "1 page" if len(students) == 1 else f"{len(students)} pages"


def pages(
    course: Course,
    name: str,
    only: Container[str] | None = None,
    warn: Callable[[str], None] = lambda _line: None,
) -> list[str]:
    """Write the pages of all students again, or of some, and the tables; return the students.

    `warn` is told whose submissions are missing, in a line each.

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
        gone, _ = without_submission(course, assignment, book)
        students = [student for student in students if student not in gone]
        rewrite(course, assignment, book, students)
        write(course, assignment, book)
        for line in absent(course, assignment, book):
            warn(line)
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


def write(course: Course, assignment: Assignment, book: Gradebook) -> list[dict[str, Any]]:
    """Write marks.csv and summary.html; return their rows."""
    assignment = _described(course, assignment)
    rows, summary = [], Summary(assignment)
    gone, _ = without_submission(course, assignment, book)
    for each in results(course, assignment):
        if each["student"] in gone:
            continue
        manual = book.manual(each["student"])
        rows.append(row(assignment, each, manual, book.late_penalty(each["student"])))
        summary.add(each, rows[-1], manual)
    folder = course.reports(assignment.name)
    write_whole(folder / "marks.csv", table(assignment, rows))
    write_whole(folder / "summary.html", summary.page())
    return rows


def absent(course: Course, assignment: Assignment, book: Gradebook) -> list[str]:
    """Return lines about students who have a result and no submission any more."""
    gone, kept = without_submission(course, assignment, book)
    lines = []
    if gone:
        lines.append(f"no longer in submitted/, so in no table: {few(gone)}")
    if kept:
        lines.append(
            f"no longer in submitted/, in the tables because the gradebook has them: {few(kept)}. "
            "Who has left: nbgrader db student remove NAME --force"
        )
    return lines


def without_submission(
    course: Course, assignment: Assignment, book: Gradebook
) -> tuple[list[str], list[str]]:
    """Return who has a result and nothing in `submitted/`: those to leave out, those to keep.

    To be kept is whom the gradebook has, but for a name that never could be graded.
    """
    submitted = course.submitted(assignment.name)
    students = [path.stem for path in _paths(course, assignment) if path.stem not in submitted]
    kept = [each for each in students if intake.STUDENT_ID.fullmatch(each) and book.has(each)]
    return [student for student in students if student not in kept], kept


def row(
    assignment: Assignment,
    graded: Result,
    manual: Mapping[str, ManualMark],
    late_penalty: float = 0.0,
) -> dict[str, Any]:
    """Return the line of one student: marks by the machine, by hand, and each item's.

    None is where there is no mark: what could not be read, unless a person marked it since, and
    written answers that nobody has marked. "stale" names the cells whose mark by hand was given
    for something else than what is there now.
    """
    unread = graded["state"] == "needs review"
    machine = {item["id"]: item["points"] for item in graded["items"]}
    items: dict[str, float | None] = {}
    unmarked = None if unread else 0.0
    for name, item_id in assignment.checks.items():
        by_hand = _by_hand(manual.get(name), unread=unread)
        items[item_id] = machine.get(item_id, unmarked) if by_hand is None else by_hand
    prose = {name: _by_hand(manual.get(name), unread=unread) for name in assignment.prose}
    for name in assignment.prose:
        if prose[name] is None and name in manual and not manual[name].due:
            prose[name] = 0.0  # nothing was written there
    auto, written = _total(items), _total(prose)
    total = _total({"auto": auto, "written": written})
    return {
        **{key: graded[key] for key in ("student", "state", "reason")},
        "points": None if total is None else max(0.0, total - late_penalty),
        "max_points": assignment.auto_points + assignment.prose_points,
        "late_penalty": None if total is None else late_penalty,
        "auto_points": auto,
        "auto_max": assignment.auto_points,
        "prose_points": written,
        "prose_max": assignment.prose_points,
        "prose_due": sum(manual[name].due for name in assignment.by_hand if name in manual),
        "look_again": len(stale := [name for name, mark in manual.items() if mark.stale]),
        "stale": stale,
        **items,
        **prose,
    }


def _by_hand(mark: ManualMark | None, *, unread: bool) -> float | None:
    """Return what a person gave; of what cannot be read, only what was given since."""
    return None if mark is None or (unread and mark.due) else mark.points


def _total(marks: Marks) -> float | None:
    """Return the sum of the marks that there are, or None where there are none."""
    given = [mark for mark in marks.values() if mark is not None]
    return sum(given) if given else None


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
