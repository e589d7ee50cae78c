"""Course folders with submissions to grade."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.course import Course
from tests.submissions import builder

ROOT = Path(__file__).parents[2]
NAME = "tp1_layers"
PERFECT = "graded/perfect"


@contextmanager
def course_of(keys: list[str]) -> Iterator[Course]:
    """Make a course folder in which these submissions of the corpus were handed in, in order.

    The same submission handed in twice is two: each notebook gets a number in its metadata, and
    so another hash and other hidden inputs.
    """
    with TemporaryDirectory() as folder:
        course = Course(Path(folder))
        shutil.copytree(ROOT / "exercises", course.root / "exercises")
        shutil.copy(ROOT / "nbgrader_config.py", course.root)
        (course.root / "source" / NAME).mkdir(parents=True)
        shutil.copy(course.exercise(NAME), course.root / "source" / NAME)
        exercise = json.loads(course.exercise(NAME).read_text(encoding="utf-8"))
        corpus = builder.corpus()
        for number, key in enumerate(keys):
            target = course.root / "submitted" / student(number) / NAME
            builder.hand_in(exercise, corpus[key], target, NAME)
            if key == PERFECT:
                _number(target / f"{NAME}.ipynb", number)
        yield course


def student(number: int) -> str:
    """Return the name of a student by number."""
    return f"student-{number:04d}"


def _number(path: Path, number: int) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["number"] = number
    path.write_text(json.dumps(notebook), encoding="utf-8")


def forget(course: Course) -> None:
    """Forget all marks, so that the next round does all of the work."""
    for name in ("autograded", "feedback", "reports"):
        shutil.rmtree(course.root / name, ignore_errors=True)
    (course.root / "gradebook.db").unlink(missing_ok=True)
