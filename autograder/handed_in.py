"""What lies in `submitted/`: the folders to grade, and what nobody would read there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.course import MOST_NAME, Course
from autograder.gradebook.submissions import utc
from autograder.marking import intake
from convbook.errors import GradingError

SHOWN = 10  # names in one line


def folders(course: Course, name: str, students: Sequence[str] | None) -> dict[str, Path]:
    """Return the folders of a practical by student, of these students or all.

    Raises:
        GradingError: there is none, or one of those named has none.
    """
    found = {
        student: path
        for student, path in course.submitted(name).items()
        if not students or student in students
    }
    without = [student for student in students or [] if student not in found]
    if without:
        near = _alike(without, list(course.submitted(name)))
        asked = f" (is it {' or '.join(near)}?)" if near else ""
        raise missing(course, name, f"nothing of {', '.join(without)}{asked}")
    if not found:
        raise missing(course, name, "nothing was handed in")
    return found


def _alike(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the names that somebody may have meant."""
    small = {name.lower(): name for name in names}
    close = (difflib.get_close_matches(each.lower(), small, n=2) for each in wanted)
    return [small[each] for found in close for each in found]


def missing(course: Course, name: str, got: str) -> GradingError:
    """Return what to say where no submission is found: perhaps it lies in the wrong place."""
    return GradingError(
        f"Looking for submissions of {name!r}.",
        got=". ".join(filter(None, (got, unread(course)))),
        rule=f"they are in {course.root}/submitted/STUDENT/{name}/{name}.ipynb",
        next_step="collect them there (nbgrader collect, or by hand) and run this again",
    )


def unread(course: Course) -> str:
    """Return a line about what lies in `submitted/` where no practical is read; empty for none."""
    found = [str(path.relative_to(course.submissions)) for path in sorted(_unread(course))]
    if not found:
        return ""
    things = "thing in submitted/ was" if len(found) == 1 else "things in submitted/ were"
    return (
        f"{len(found)} {things} not read: {few(found)}. "
        "What is read: submitted/STUDENT/PRACTICAL/PRACTICAL.ipynb, "
        f"with PRACTICAL one of {', '.join(course.practicals())}"
    )


def undated(folders: Mapping[str, Path]) -> str:
    """Return a line about each `timestamp.txt` that tells no time; empty for none."""
    found = [
        f"{student}: {(intake.timestamp(folder) or '')[:40]}"
        for student, folder in folders.items()
        if os.path.lexists(folder / intake.TIMESTAMP) and utc(intake.timestamp(folder)) is None
    ]
    if not found:
        return ""
    return (
        f"{intake.TIMESTAMP} tells no time, so this counts as in time: {few(found)}. "
        "Write one like 2026-03-01 12:00:00 UTC there, or remove the file, and run this again"
    )


def _unread(course: Course) -> Iterator[Path]:
    practicals = course.practicals()
    for student in _visible(course.submissions):
        if not student.is_dir() or len(os.fsencode(student.name)) > MOST_NAME:
            yield student
        elif not student.is_symlink():
            for path in _visible(student):
                if path.name not in practicals or not (path.is_dir() or path.is_symlink()):
                    yield path


def _visible(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:  # there is none, or it cannot be read: what is in it stops nobody
        return []


def few(names: Sequence[str]) -> str:
    """Return names in one line, as Python writes them: they may hold what steers a terminal."""
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ", ".join([*map(repr, names[:SHOWN]), *more])
