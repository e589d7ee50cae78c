"""Marks into nbgrader's gradebook: its tables, one transaction a submission, one writer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from autograder import database
from autograder.course import Assignment, Course
from autograder.late import LatePenalty, seconds_late
from autograder.result import Result
from convbook.errors import GradingError

NO_ANSWER = "No response."  # nbgrader's own words for an untouched answer
MAX_STUDENT = 128  # characters of a student's id in nbgrader's tables


@dataclass(frozen=True)
class ManualMark:
    """What a person gave for a cell: points with extra credit, a comment, and whether more is due.

    The points are None where neither a mark nor extra credit was given.
    """

    points: float | None
    comment: str
    due: bool


@dataclass(frozen=True)
class Mark:
    """What the grader gives for a cell, whether a person must look, and what both depend on."""

    points: float | None
    due: bool
    content: Any


class Gradebook:
    """The gradebook of a course, open for one practical."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._course, self._assignment = course, assignment
        self._book: Any = None
        self._ends = ExitStack()

    def claim(self) -> None:
        """Open the gradebook as the one that writes marks, until it is closed.

        Raises:
            GradingError: as `open`; or another grader writes marks.
        """
        self._ends.enter_context(database.one_writer(self._course.gradebook))
        self.open()

    def open(self) -> None:
        """Open the database, and make the practical known to it.

        Raises:
            GradingError: it cannot be opened, or it has marks of another form of the practical.
        """
        url, name = self._course.gradebook, self._assignment.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's, about SQLAlchemy
            from nbgrader import api

            self._penalty = LatePenalty(self._course.settings)
            try:
                database.stamp(url)
                course_id = self._course.settings.CourseDirectory.get("course_id")
                self._book = api.Gradebook(url, str(course_id or "default_course"))
                self._ends.callback(self._book.close)
                self._book.update_or_create_assignment(name)
            except Exception as error:
                raise database.trouble("Opening the gradebook.", url, error) from None
            if not self._is_known():
                self._save_cells()
            notebook = self._book.find_notebook(name, name)
            self._notebook, self._assigned = notebook.id, notebook.assignment_id
            self._graded = {cell.id: cell.name for cell in notebook.grade_cells}
            self._answers = {cell.id: cell.name for cell in notebook.solution_cells}
            self._book.db.rollback()

    def _save_cells(self) -> None:
        """Write the cells of the practical, as `nbgrader generate_assignment` does."""
        import nbformat
        from nbgrader.preprocessors import SaveCells

        name, url = self._assignment.name, self._course.gradebook
        notebook = nbformat.from_dict(
            {
                "nbformat": 4,
                "nbformat_minor": self._assignment.nbformat_minor,
                "metadata": self._assignment.metadata,
                "cells": list(self._assignment.cells),
            }
        )
        resources = {"nbgrader": {"assignment": name, "notebook": name, "db_url": url}}
        self._book.db.rollback()  # SaveCells has a connection of its own
        try:
            SaveCells().preprocess(notebook, resources)
        except RuntimeError as error:
            raise GradingError(
                f"Writing the cells of {name!r} into the gradebook.",
                got=f"{database.shown(url)}: {error}",
                rule="the exercise stays the same while marks of it are in the gradebook",
                next_step="take the old exercise back; or move gradebook.db away and grade again",
            ) from None
        self._book.db.expire_all()

    def _is_known(self) -> bool:
        """Are the cells of the practical in the gradebook as they are in the exercise?"""
        from nbgrader.api import MissingEntry

        name, by_id = self._assignment.name, self._assignment.by_id
        try:
            stored = self._book.find_notebook(name, name)
        except MissingEntry:
            return False
        points = {cell.name: cell.max_score for cell in stored.grade_cells}
        sources = {cell.name: cell.source for cell in stored.source_cells}
        wanted = {
            key: float(cell["metadata"]["nbgrader"]["points"])
            for key, cell in by_id.items()
            if cell["metadata"]["nbgrader"].get("grade")
        }
        return points == wanted and all(
            by_id.get(key, {}).get("source") == source for key, source in sources.items()
        )

    def has(self, student: str) -> bool:
        """Is there a submission of this student?"""
        return self._find(student) is not None

    def record(self, result: Result, before: Result | None) -> None:
        """Write the marks of one submission, in one transaction.

        Marks and comments that a person gave stay; they are flagged again when what they were
        given for has changed since `before`.

        Raises:
            GradingError: the database cannot be written; nothing of this submission is in it.
        """
        if not storable(result["student"]):
            return
        marks = _marks(result, self._assignment)
        known = _marks(before, self._assignment) if before else {}
        unanswered = {each["grade_id"] for each in result["prose"] if not each["answered"]}
        with self._writing():
            notebook = self._submitted(result["student"], result["timestamp"])
            self._write_grades(notebook, marks, known)
            self._write_comments(notebook, unanswered)
            self._penalise(notebook)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, whole or not at all."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
            self._book.db.commit()
        except SQLAlchemyError as error:
            self._book.db.rollback()
            raise database.trouble(
                "Writing marks into the gradebook.", self._course.gradebook, error
            ) from None
        except BaseException:
            self._book.db.rollback()
            raise

    def _find(self, student: str) -> Any:
        """Return the ids of a student's submission and of its notebook, or None."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import select

        if not storable(student):
            return None
        return self._book.db.execute(
            select(SubmittedAssignment.id, SubmittedNotebook.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(
                SubmittedAssignment.assignment_id == self._assigned,
                SubmittedAssignment.student_id == student,
                SubmittedNotebook.notebook_id == self._notebook,
            )
        ).one_or_none()

    def _submitted(self, student: str, timestamp: str | None) -> str:
        """Return the id of a student's notebook; its rows are made where they are missing."""
        from nbgrader.api import Student, SubmittedAssignment, SubmittedNotebook, new_uuid
        from sqlalchemy import exists, insert, select, update

        db = self._book.db
        when = _utc(timestamp)
        found = self._find(student)
        if found is not None:
            if when is not None:
                db.execute(update(SubmittedAssignment), [{"id": found[0], "timestamp": when}])
            return str(found[1])
        if not db.scalar(select(exists().where(Student.id == student))):
            db.execute(insert(Student), [{"id": student}])
        submission, notebook = new_uuid(), new_uuid()
        db.execute(
            insert(SubmittedAssignment),
            [
                {
                    "id": submission,
                    "assignment_id": self._assigned,
                    "student_id": student,
                    "timestamp": when,
                }
            ],
        )
        db.execute(
            insert(SubmittedNotebook),
            [{"id": notebook, "assignment_id": submission, "notebook_id": self._notebook}],
        )
        return str(notebook)

    def _write_grades(
        self, notebook: str, marks: Mapping[str, Mark], known: Mapping[str, Mark]
    ) -> None:
        from nbgrader.api import Grade

        columns = (Grade.manual_score, Grade.needs_manual_grade)
        rows = self._rows(Grade, notebook, *columns)
        values = {}
        for cell, name in self._graded.items():
            mark = marks[name]
            due = mark.due
            if cell in rows and rows[cell].manual_score is not None:
                changed = name not in known or known[name].content != mark.content
                due = changed or rows[cell].needs_manual_grade
            values[cell] = {"auto_score": mark.points, "needs_manual_grade": due}
        self._write_rows(Grade, notebook, rows, values)

    def _write_comments(self, notebook: str, unanswered: set[str]) -> None:
        from nbgrader.api import Comment

        values = {
            cell: {"auto_comment": NO_ANSWER if name in unanswered else None}
            for cell, name in self._answers.items()
        }
        self._write_rows(Comment, notebook, self._rows(Comment, notebook), values)

    def _rows(self, table: Any, notebook: str, *columns: Any) -> dict[str, Any]:
        """Return the rows of a submitted notebook, by the id of their cell."""
        from sqlalchemy import select

        wanted = select(table.id, table.cell_id, *columns).where(table.notebook_id == notebook)
        return {row.cell_id: row for row in self._book.db.execute(wanted)}

    def _write_rows(
        self, table: Any, notebook: str, rows: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        from sqlalchemy import insert, update

        new = [
            {"cell_id": cell, "notebook_id": notebook, **value}
            for cell, value in values.items()
            if cell not in rows
        ]
        old = [{"id": rows[cell].id, **value} for cell, value in values.items() if cell in rows]
        if new:
            self._book.db.execute(insert(table), new)
        if old:
            self._book.db.execute(update(table), old)

    def assign_late_penalties(self) -> list[str]:
        """Ask the penalty of every submission again: due dates and marks by hand may be new.

        Returns:
            The students whose penalty is another one now.

        Raises:
            GradingError: the plug-in failed, or the database cannot be written.
        """
        with self._writing():
            return self._penalise()

    def _penalise(self, notebook: str | None = None) -> list[str]:
        from nbgrader.api import Assignment as Assigned
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import select, update

        row = SubmittedNotebook
        wanted = (
            select(
                row.id,
                row.late_submission_penalty,
                row.score,
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
                Assigned.duedate,
            )
            .join(SubmittedAssignment, SubmittedAssignment.id == row.assignment_id)
            .join(Assigned, Assigned.id == SubmittedAssignment.assignment_id)
            .where(row.notebook_id == self._notebook)
            .order_by(SubmittedAssignment.student_id)
        )
        if notebook is not None:
            wanted = wanted.where(row.id == notebook)
        changed = {}
        for found in self._book.db.execute(wanted).all():
            late = seconds_late(found.timestamp, found.duedate, found.extension)
            points = self._penalty.points(found.student_id, found.score, late)
            if points != found.late_submission_penalty:
                changed[found.student_id] = {"id": found.id, "late_submission_penalty": points}
        if changed:
            self._book.db.execute(update(row), list(changed.values()))
        return list(changed)

    def late_penalty(self, student: str) -> float:
        """Return the points that a student loses for handing in late."""
        from nbgrader.api import SubmittedNotebook

        found = self._find(student)
        if found is None:
            return 0.0
        points = self._book.db.get(SubmittedNotebook, found[1]).late_submission_penalty
        return float(points or 0.0)

    def manual(self, student: str) -> dict[str, ManualMark]:
        """Return what a person gave, and what is still to be given, by cell.

        A comment on an answer is told with the check of that answer, too.
        """
        from nbgrader.api import Comment, Grade

        found = self._find(student)
        if found is None:
            return {}
        columns = (Grade.score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
        grades = self._rows(Grade, found[1], *columns)
        said = self._rows(Comment, found[1], Comment.manual_comment)
        comments = {self._answers[cell]: row.manual_comment or "" for cell, row in said.items()}
        return {
            name: ManualMark(
                row.score if row.manual_score is not None or row.extra_credit else None,
                comments.get(name) or comments.get(name.removesuffix("-check"), ""),
                bool(row.needs_manual_grade),
            )
            for cell, name in self._graded.items()
            if (row := grades.get(cell)) is not None
        }

    def close(self) -> None:
        """Close the database."""
        self._ends.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def storable(student: str) -> bool:
    """Can nbgrader's tables hold this name, which may be any bytes?"""
    try:
        student.encode()
    except UnicodeEncodeError:
        return False
    return len(student) <= MAX_STUDENT


def _utc(timestamp: str | None) -> Any:
    """Return a time as nbgrader stores it, or None where there is none that can be read."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(timestamp) if timestamp else None
    except (ValueError, OverflowError):
        return None


def _marks(result: Result, assignment: Assignment) -> dict[str, Mark]:
    """Return what a result gives for each cell."""
    review = result["state"] == "needs review"
    points = {item["id"]: item["points"] for item in result["items"]}
    due = {item["id"] for item in result["items"] if item["run"] and item["run"]["due"]}
    answers = {each["grade_id"]: each for each in result["prose"]}
    marks = {}
    for name, item_id in assignment.checks.items():
        waits = review or item_id in due
        marks[name] = Mark(None if waits else points[item_id], waits, points.get(item_id))
    for name in assignment.prose:
        answer = answers.get(name)
        if review or answer is None:
            marks[name] = Mark(None, True, None)
        else:
            answered = answer["answered"]
            marks[name] = Mark(None if answered else 0.0, answered, answer["hash"])
    return marks
