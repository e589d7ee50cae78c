"""The submissions of a practical in nbgrader's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_STUDENT = 128  # characters of a student's id in nbgrader's tables


class Submissions:
    """The rows of all submissions to one notebook of one assignment, both named by their ids."""

    def __init__(self, db: Any, assignment: str, notebook: str) -> None:
        self._db, self._assignment, self._notebook = db, assignment, notebook

    def find(self, student: str) -> Any:
        """Return the ids of a student's submission and of its notebook, or None."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import select

        if not storable(student):
            return None
        return self._db.execute(
            select(SubmittedAssignment.id, SubmittedNotebook.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(
                SubmittedAssignment.assignment_id == self._assignment,
                SubmittedAssignment.student_id == student,
                SubmittedNotebook.notebook_id == self._notebook,
            )
        ).one_or_none()

    def enter(self, student: str, timestamp: str | None) -> str:
        """Return the id of a student's notebook; its rows are made where they are missing."""
        from nbgrader.api import Student, SubmittedAssignment, SubmittedNotebook, new_uuid
        from sqlalchemy import exists, select, update

        when = utc(timestamp)
        found = self.find(student)
        if found is not None:
            if when is not None:
                self._db.execute(update(SubmittedAssignment), [{"id": found[0], "timestamp": when}])
            return str(found[1])
        if not self._db.scalar(select(exists().where(Student.id == student))):
            self._insert(Student, [{"id": student}])
        submission, notebook = new_uuid(), new_uuid()
        self._insert(
            SubmittedAssignment,
            [
                {
                    "id": submission,
                    "assignment_id": self._assignment,
                    "student_id": student,
                    "timestamp": when,
                }
            ],
        )
        self._insert(
            SubmittedNotebook,
            [{"id": notebook, "assignment_id": submission, "notebook_id": self._notebook}],
        )
        return str(notebook)

    def cells(self, table: Any, notebook: str, *columns: Any) -> dict[str, Any]:
        """Return the rows of a submitted notebook in a table (grades, comments), by cell."""
        from sqlalchemy import select

        wanted = select(table.id, table.cell_id, *columns).where(table.notebook_id == notebook)
        return {row.cell_id: row for row in self._db.execute(wanted)}

    def write_cells(
        self, table: Any, notebook: str, rows: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        """Write values by cell: into the `rows` that are there, into new ones else."""
        from sqlalchemy import update

        new = [
            {"cell_id": cell, "notebook_id": notebook, **value}
            for cell, value in values.items()
            if cell not in rows
        ]
        old = [{"id": rows[cell].id, **value} for cell, value in values.items() if cell in rows]
        if new:
            self._insert(table, new)
        if old:
            self._db.execute(update(table), old)

    def _insert(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of the same columns in one statement, past the object mapper's bookkeeping.

        The mapper would send a statement for each run of rows with the same nulls.
        """
        from sqlalchemy import insert

        self._db.execute(insert(table.__table__), rows)

    def times(self, notebook: str | None = None) -> list[Any]:
        """Return what a late penalty depends on, of one submitted notebook or all, by student."""
        from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import select

        row = SubmittedNotebook
        wanted = (
            select(
                row.id,
                row.late_submission_penalty,
                row.score,
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
                Assignment.duedate,
            )
            .join(SubmittedAssignment, SubmittedAssignment.id == row.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .where(row.notebook_id == self._notebook)
            .order_by(SubmittedAssignment.student_id)
        )
        if notebook is not None:
            wanted = wanted.where(row.id == notebook)
        return list(self._db.execute(wanted).all())


def storable(student: str) -> bool:
    """Can nbgrader's tables hold this name, which may be any bytes?"""
    try:
        student.encode()
    except UnicodeEncodeError:
        return False
    return len(student) <= MAX_STUDENT


def utc(timestamp: str | None) -> Any:
    """Return a time as nbgrader stores it, or None where there is none that can be read."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(timestamp) if timestamp else None
    except (ValueError, OverflowError):
        return None
