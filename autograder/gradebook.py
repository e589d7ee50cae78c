"""Marks into nbgrader's gradebook: one writer, through nbgrader's own API."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.course import Assignment, Course
from autograder.result import Result
from convbook.errors import GradingError

NO_ANSWER = "No response."  # nbgrader's own words for an untouched answer


@dataclass(frozen=True)
class ManualMark:
    """What a person gave for a cell: points, a comment, and whether they are still to come."""

    points: float | None
    comment: str
    due: bool


class Gradebook:
    """The gradebook of a course, open for one practical."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._assignment = assignment
        self._url = course.gradebook
        self._book: Any = None

    def open(self) -> None:
        """Open the database, and make the practical known to it.

        Raises:
            GradingError: it cannot be opened, or it has marks of another form of the practical.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's, about SQLAlchemy
            from nbgrader import api

            try:
                _stamp(self._url)
                self._book = api.Gradebook(self._url)
            except Exception as error:
                # Whatever the database layer raises, a person must know which file it is about.
                raise _cannot("open", self._url, error) from error
            self._book.update_or_create_assignment(self._assignment.name)
            if not self._is_known():
                self._save_cells()

    def _save_cells(self) -> None:
        """Write the cells of the practical, as `nbgrader generate_assignment` does."""
        import nbformat
        from nbgrader.preprocessors import SaveCells

        name = self._assignment.name
        notebook = nbformat.from_dict(
            {
                "nbformat": 4,
                "nbformat_minor": self._assignment.nbformat_minor,
                "metadata": self._assignment.metadata,
                "cells": list(self._assignment.cells),
            }
        )
        resources = {"nbgrader": {"assignment": name, "notebook": name, "db_url": self._url}}
        try:
            SaveCells().preprocess(notebook, resources)
        except RuntimeError as error:
            raise _cannot("update", self._url, error) from None
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
        from nbgrader.api import MissingEntry

        try:
            self._book.find_submission(self._assignment.name, student)
        except MissingEntry:
            return False
        return True

    def record(self, result: Result, before: Result | None) -> None:
        """Write the marks of one submission, in one transaction.

        Marks and comments that a person gave stay; they are flagged again when what they were
        given for has changed since `before`.
        """
        name, student = self._assignment.name, result["student"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._book.update_or_create_student(student)
            when = {"timestamp": result["timestamp"]} if result["timestamp"] else {}
            try:
                submission = self._book.update_or_create_submission(name, student, **when)
            except ValueError:  # a timestamp that is no date
                submission = self._book.update_or_create_submission(name, student)
        notebook = next(each for each in submission.notebooks if each.name == name)
        marks = _marks(result, self._assignment)
        known = _marks(before, self._assignment) if before else {}
        for grade in notebook.grades:
            points, due, content = marks[grade.name]
            changed = grade.name not in known or known[grade.name][2] != content
            grade.auto_score = points
            if grade.manual_score is None:
                grade.needs_manual_grade = due
            elif changed:
                grade.needs_manual_grade = True
        unanswered = {each["grade_id"] for each in result["prose"] if not each["answered"]}
        for comment in notebook.comments:
            comment.auto_comment = NO_ANSWER if comment.name in unanswered else None
        self._book.db.commit()

    def manual(self, student: str) -> dict[str, ManualMark]:
        """Return what a person gave, and what is still to be given, by cell."""
        from nbgrader.api import MissingEntry

        name = self._assignment.name
        try:
            notebook = self._book.find_submission_notebook(name, name, student)
        except MissingEntry:
            return {}
        comments = {each.name: each.manual_comment or "" for each in notebook.comments}
        return {
            grade.name: ManualMark(
                None
                if grade.manual_score is None
                else grade.manual_score + (grade.extra_credit or 0.0),
                comments.get(grade.name, ""),
                bool(grade.needs_manual_grade),
            )
            for grade in notebook.grades
        }

    def close(self) -> None:
        """Close the database."""
        if self._book is not None:
            self._book.close()

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


def _marks(result: Result, assignment: Assignment) -> dict[str, tuple[float | None, bool, Any]]:
    """Return, by cell, its points, whether a person must look, and what both depend on."""
    review = result["state"] == "needs review"
    points = {item["id"]: item["points"] for item in result["items"]}
    marks: dict[str, tuple[float | None, bool, Any]] = {}
    for name, item_id in assignment.checks.items():
        marks[name] = (None, True, None) if review else (points[item_id], False, points[item_id])
    answers = {each["grade_id"]: each for each in result["prose"]}
    for name in assignment.prose:
        answer = answers.get(name)
        if review or answer is None:
            marks[name] = (None, True, None)
        else:
            answered = answer["answered"]
            marks[name] = (None if answered else 0.0, answered, answer["hash"])
    return marks


def _stamp(url: str) -> None:
    """Write the version of nbgrader's tables into a new database.

    nbgrader would ask for it in a process of its own, which loads all of nbgrader again (3 s).
    """
    import nbgrader
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url)
    with engine.begin() as connection:
        if not inspect(connection).get_table_names():
            script = ScriptDirectory(str(Path(nbgrader.__file__).with_name("alembic")))
            MigrationContext.configure(connection).stamp(script, "head")
    engine.dispose()


def _cannot(what: str, url: str, error: Exception) -> GradingError:
    return GradingError(
        f"Trying to {what} the gradebook.",
        got=f"{url}: {error}",
        rule="the exercise stays the same while marks of it are in the gradebook",
        next_step="close other programs that use the gradebook; if the exercise was changed after "
        "grading, move gradebook.db away and grade again",
    )
