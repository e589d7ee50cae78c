"""Marks into nbgrader's gradebook: its tables, one transaction a submission, one writer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from autograder.course import Assignment, Course
from autograder.gradebook import database, exercise
from autograder.gradebook.late import LatePenalty, seconds_late
from autograder.gradebook.marks import ManualMark, Mark, marks
from autograder.gradebook.submissions import Submissions, storable
from autograder.marking.result import Result

NO_ANSWER = "No response."  # nbgrader's own words for an untouched answer


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
            exercise.enter(self._book, self._assignment, url)
            notebook = self._book.find_notebook(name, name)
            self._submissions = Submissions(self._book.db, notebook.assignment_id, notebook.id)
            self._graded = {cell.id: cell.name for cell in notebook.grade_cells}
            self._answers = {cell.id: cell.name for cell in notebook.solution_cells}
            self._book.db.rollback()

    def has(self, student: str) -> bool:
        """Is there a submission of this student?"""
        return self._submissions.find(student) is not None

    def record(self, result: Result, before: Result | None) -> bool:
        """Write the marks of one submission, in one transaction.

        Marks and comments that a person gave stay; they are flagged again when what they were
        given for has changed since `before`.

        Returns:
            Whether it had rows before, and so may have marks by hand.

        Raises:
            GradingError: the database cannot be written; nothing of this submission is in it.
        """
        if not storable(result["student"]):
            return False
        given = marks(result, self._assignment)
        known = marks(before, self._assignment) if before else {}
        unanswered = {each["grade_id"] for each in result["prose"] if not each["answered"]}
        with self._writing():
            notebook, new = self._submissions.enter(result["student"], result["timestamp"])
            self._write_grades(notebook, given, known, new=new)
            self._write_comments(notebook, unanswered, new=new)
            self._penalise(notebook)
        return not new

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

    def _write_grades(
        self, notebook: str, given: Mapping[str, Mark], known: Mapping[str, Mark], *, new: bool
    ) -> None:
        from nbgrader.api import Grade

        rows = {} if new else self._submissions.cells(Grade, notebook)
        values = {}
        for cell, name in self._graded.items():
            mark = given[name]
            due = mark.due
            if cell in rows and rows[cell].manual_score is not None:
                changed = name not in known or known[name].content != mark.content
                due = changed or rows[cell].needs_manual_grade
            values[cell] = {"auto_score": mark.points, "needs_manual_grade": due}
        self._submissions.write_cells(Grade, notebook, rows, values)

    def _write_comments(self, notebook: str, unanswered: set[str], *, new: bool) -> None:
        from nbgrader.api import Comment

        values = {
            cell: {"auto_comment": NO_ANSWER if name in unanswered else None}
            for cell, name in self._answers.items()
        }
        rows = {} if new else self._submissions.cells(Comment, notebook)
        self._submissions.write_cells(Comment, notebook, rows, values)

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
        from nbgrader.api import SubmittedNotebook
        from sqlalchemy import update

        changed = {}
        for found in self._submissions.times(notebook):
            late = seconds_late(found.timestamp, found.duedate, found.extension)
            points = self._penalty.points(found.student_id, found.score, late)
            if points != found.late_submission_penalty:
                changed[found.student_id] = {"id": found.id, "late_submission_penalty": points}
        if changed:
            self._book.db.execute(update(SubmittedNotebook), list(changed.values()))
        return list(changed)

    def late_penalty(self, student: str) -> float:
        """Return the points that a student loses for handing in late."""
        found = self._submissions.find(student)
        return 0.0 if found is None else float(found.late_submission_penalty or 0.0)

    def manual(self, student: str) -> dict[str, ManualMark]:
        """Return what a person gave, and what is still to be given, by cell.

        A comment on an answer is told with the check of that answer, too.
        """
        from nbgrader.api import Comment, Grade

        found = self._submissions.find(student)
        if found is None:
            return {}
        grades = self._submissions.cells(Grade, found.notebook)
        said = self._submissions.cells(Comment, found.notebook)
        comments = {self._answers[cell]: row.manual_comment or "" for cell, row in said.items()}
        return {
            name: ManualMark(
                row.score if row.manual_score is not None or row.extra_credit else None,
                comments.get(name) or comments.get(name.removesuffix("-check"), ""),
                bool(row.needs_manual_grade),
                row.manual_score is not None and bool(row.needs_manual_grade),
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
