"""The course folder: where things are, and what a practical asks for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import autograder
import convbook
from autograder import settings
from autograder.gradebook import database
from autograder.settings import Settings
from convbook.errors import GradingError

Cell = dict[str, Any]
MOST_NAME = 200  # bytes of a student's folder's name: files are named after it


@dataclass(frozen=True)
class Course:
    """A folder laid out as nbgrader lays it out, with `exercises/` beside."""

    root: Path
    given: Settings | None = field(default=None, compare=False, repr=False)

    @classmethod
    def opened(cls, folder: Path) -> Course:
        """Return the course folder, whose settings keep nbgrader's commands in the sandbox.

        Raises:
            GradingError: they do not, so `nbgrader autograde` would let student code run free.
        """
        course = cls(folder.resolve())
        if settings.names_this_grader(course.settings):
            return course
        got, step = f"no {settings.FILE}", "make it a course folder"
        if (course.root / settings.FILE).exists():
            got = f"a {settings.FILE} that does not name this grader"
            step = "move that file away, make another one, and add your lines to it"
        raise GradingError(
            f"Opening the course folder {course.root}.",
            got=got,
            rule="where none names it, `nbgrader autograde` runs student code with your own rights",
            next_step=f"{step}: python -m autograder course {folder}",
        )

    @cached_property
    def settings(self) -> Settings:
        """What nbgrader is told: as given (by its command line), else as in the folder."""
        return settings.load(self.root) if self.given is None else self.given

    def exercise(self, assignment: str) -> Path:
        """The notebook that students get."""
        return self.root / "exercises" / assignment / f"{assignment}.ipynb"

    def practicals(self) -> list[str]:
        """The names of the practicals that there are."""
        found = (self.root / "exercises").glob("*/*.ipynb")
        return sorted(path.stem for path in found if path.stem == path.parent.name)

    @property
    def submissions(self) -> Path:
        """The folder of all that was handed in."""
        return self.root / "submitted"

    def submitted(self, assignment: str) -> dict[str, Path]:
        """The folders handed in for a practical, by student, in alphabetical order."""
        if not self.submissions.is_dir():
            return {}
        found = {path.name: path / assignment for path in sorted(self.submissions.iterdir())}
        return {
            student: path
            for student, path in found.items()
            if not student.startswith(".")
            and len(os.fsencode(student)) <= MOST_NAME
            and (path.is_dir() or path.is_symlink())
        }

    def autograded(self, assignment: str, student: str) -> Path:
        """The folder that formgrader reads for one student."""
        return self.root / "autograded" / student / assignment

    def feedback(self, assignment: str, student: str) -> Path:
        """The page that one student gets."""
        return self.root / "feedback" / student / assignment / f"{assignment}.html"

    def reports(self, assignment: str) -> Path:
        """The folder of results and tables of a practical."""
        return self.root / "reports" / assignment

    def questions(self, assignment: str) -> Path:
        """What the questions were when the practical was graded."""
        return self.reports(assignment) / "questions.json"

    def result(self, assignment: str, student: str) -> Path:
        """The result of one submission."""
        return self.reports(assignment) / "results" / f"{student}.json"

    @property
    def gradebook(self) -> str:
        """The URL of nbgrader's database: what `CourseDirectory.db_url` says, else a file here."""
        url = self.settings.CourseDirectory.get("db_url") or "sqlite:///gradebook.db"
        return database.at(str(url), self.root)


@dataclass(frozen=True)
class Assignment:
    """A practical as its exercise notebook defines it: cells, items and prose."""

    name: str
    cells: tuple[Cell, ...]
    metadata: dict[str, Any]
    nbformat_minor: int
    questions: tuple[dict[str, Any], ...] = ()  # as `checker.describe` tells them

    @cached_property
    def by_id(self) -> dict[str, Cell]:
        """The cells that nbgrader knows, by their grade_id."""
        return {name: cell for cell in self.cells if (name := grade_id(cell))}

    @cached_property
    def checks(self) -> dict[str, str]:
        """The item that each check cell stands for, by its grade_id."""
        return {
            name: cell["metadata"]["convbook"]["item"]
            for name, cell in self.by_id.items()
            if is_check(cell)
        }

    @cached_property
    def runs(self) -> dict[str, tuple[str, ...]]:
        """The names of the training runs that are handed in, by their item."""
        told = (self.by_id[name]["metadata"]["convbook"] for name in self.checks)
        return {each["item"]: tuple(each["runs"]) for each in told if "runs" in each}

    @property
    def run_names(self) -> tuple[str, ...]:
        """The names of all training runs, each once."""
        return tuple(dict.fromkeys(name for names in self.runs.values() for name in names))

    @cached_property
    def readings(self) -> dict[str, str]:
        """The function that reads something off a run, by its item."""
        told = (self.by_id[name]["metadata"]["convbook"] for name in self.checks)
        return {each["item"]: each["function"] for each in told if "function" in each}

    @cached_property
    def loads_images(self) -> bool:
        """Whether a code cell imports what loads images."""
        code = (cell["source"] for cell in self.cells if cell["cell_type"] == "code")
        return any("convbook.data" in source for source in code)

    @cached_property
    def by_hand(self) -> tuple[str, ...]:
        """The cells that a person may have to mark: written answers, and runs that are odd."""
        runs = self.runs.keys() - self.readings.keys()
        return (*self.prose, *(name for name, item in self.checks.items() if item in runs))

    @cached_property
    def prose(self) -> dict[str, float]:
        """The points of each answer that is graded by hand, by its grade_id."""
        return {
            name: float(cell["metadata"]["nbgrader"]["points"])
            for name, cell in self.by_id.items()
            if is_prose(cell)
        }

    @cached_property
    def bonus(self) -> frozenset[str]:
        """The grade_ids whose points come on top of the maximum."""
        return frozenset(name for name, cell in self.by_id.items() if is_bonus(cell))

    @property
    def auto_points(self) -> float:
        """The points that the machine can give, without bonus."""
        return sum(
            float(self.by_id[name]["metadata"]["nbgrader"]["points"])
            for name in self.checks
            if name not in self.bonus
        )

    @property
    def prose_points(self) -> float:
        """The points that a person can give, without bonus."""
        return sum(points for name, points in self.prose.items() if name not in self.bonus)


def nbgrader(cell: Cell) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell, empty when it has none."""
    found = cell.get("metadata", {})
    found = found.get("nbgrader", {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def grade_id(cell: Cell) -> str:
    """Return nbgrader's name of a cell, or an empty text."""
    name = nbgrader(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def is_check(cell: Cell) -> bool:
    """Is this a cell whose points the machine gives?"""
    data = nbgrader(cell)
    return bool(data.get("grade")) and not data.get("solution")


def is_prose(cell: Cell) -> bool:
    """Is this an answer whose points a person gives?"""
    data = nbgrader(cell)
    return bool(data.get("grade")) and bool(data.get("solution"))


def is_bonus(cell: Cell) -> bool:
    """Do the points of this cell come on top of the maximum?"""
    return bool(cell["metadata"].get("convbook", {}).get("bonus"))


def is_answer(cell: Cell) -> bool:
    """Does a student write in this cell?"""
    return bool(nbgrader(cell).get("solution"))


def load(course: Course, name: str) -> Assignment:
    """Read the exercise notebook of a practical.

    Raises:
        GradingError: there is none.
    """
    path = course.exercise(name)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GradingError(
            f"Reading the exercises of {name!r}.",
            got=str(error),
            rule=f"the course folder is {course.root}, with exercises/{name}/{name}.ipynb in it",
            next_step=f"name one that there is: {', '.join(course.practicals())}"
            if course.practicals()
            else "build the exercises: python -m autograder build",
        ) from None
    return Assignment(
        name,
        tuple({**cell, "source": text_of(cell)} for cell in notebook["cells"]),
        notebook["metadata"],
        notebook["nbformat_minor"],
    )


def described(assignment: Assignment, questions: Sequence[dict[str, Any]]) -> Assignment:
    """Return the assignment with what the questions say of it.

    Raises:
        GradingError: the exercise was not built from these questions.
    """
    points = {item: worth for question in questions for item, worth in question["items"].items()}
    for name, cell in assignment.by_id.items():
        if not is_check(cell):
            continue
        item, worth = cell["metadata"].get("convbook", {}).get("item"), nbgrader(cell)["points"]
        if item not in points or points[item] != worth:
            raise GradingError(
                f"Reading the check cell {name!r} of {assignment.name}.",
                got=f"{worth:g} points for the item {item!r}",
                rule=f"the questions give it {points[item]:g}"
                if item in points
                else "its metadata names an item of the questions",
                next_step="build the exercises again: python -m autograder build",
            )
    return replace(assignment, questions=tuple(questions))


def text_of(cell: Cell) -> str:
    """Return the source of a cell, which the format allows to be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def grader_version() -> str:
    """Return the version of the grader: a mark can be repeated with the same one.

    It changes with every line that a mark depends on: the questions, the comparison of answers
    and the processes that run them. What makes the exercise is left out: a result names its items.
    """
    grader, library = Path(autograder.__file__).parent, Path(convbook.__file__).parent
    parts = ("check", "data", "models", "shapes", "training")
    paths = {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path
        for folder in (grader, *(library / part for part in parts))
        for path in folder.rglob("*.py")
        if not path.is_relative_to(grader / "build")
    }
    recorded = (grader / "runs" / "recorded", grader.parent / "book" / "results")
    paths |= {path.name: path for folder in recorded for path in folder.glob("*.json")}
    digest = hashlib.sha256()
    for name, path in sorted(paths.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{convbook.__version__}+{digest.hexdigest()[:12]}"
