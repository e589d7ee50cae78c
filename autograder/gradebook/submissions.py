"""The submissions of a practical in nbgrader's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_STUDENT = 128  # characters of a student's id in nbgrader's tables


class Submissions:
    """The rows of all submissions to one notebook of one assignment, both named by their ids.

    Its statements are made once: to put one together takes SQLAlchemy longer than to run it.
    """

    def __init__(self, db: Any, assignment: str, notebook: str) -> None:
        from nbgrader import api
        from sqlalchemy import bindparam, exists, select

        self._db, self._assignment, self._notebook = db, assignment, notebook
        handed_in, row = api.SubmittedAssignment, api.SubmittedNotebook
        self._known = select(exists().where(api.Student.id == bindparam("student")))
        self._find = (
            select(handed_in.id, row.id.label("notebook"), row.late_submission_penalty)
            .join(row, row.assignment_id == handed_in.id)
            .where(
                handed_in.assignment_id == assignment,
                handed_in.student_id == bindparam("student"),
                row.notebook_id == notebook,
            )
        )
        self._times = (
            select(
                row.id,
                row.late_submission_penalty,
                row.score,
                handed_in.student_id,
                handed_in.timestamp,
                handed_in.extension,
                api.Assignment.duedate,
            )
            .join(handed_in, handed_in.id == row.assignment_id)
            .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
            .where(row.notebook_id == notebook)
            .order_by(handed_in.student_id)
        )
        self._time = self._times.where(row.id == bindparam("notebook"))
        columns = {
            api.Grade: ("score", "manual_score", "extra_credit", "needs_manual_grade"),
            api.Comment: ("manual_comment",),
        }
        self._cells = {
            table: select(table.id, table.cell_id, *(getattr(table, name) for name in names)).where(
                table.notebook_id == bindparam("notebook")
            )
            for table, names in columns.items()
        }

    def find(self, student: str) -> Any:
        """Return the row of a student's submission, or None.

        It has the ids of the submission and of its `notebook`, and its `late_submission_penalty`.
        """
        if not storable(student):
            return None
        return self._db.execute(self._find, {"student": student}).one_or_none()

    def enter(self, student: str, timestamp: str | None) -> tuple[str, bool]:
        """Return the id of a student's notebook, and whether its rows were missing and made now."""
        from nbgrader.api import Student, SubmittedAssignment, SubmittedNotebook, new_uuid
        from sqlalchemy import update

        when = utc(timestamp)
        found = self.find(student)
        if found is not None:
            self._db.execute(update(SubmittedAssignment), [{"id": found.id, "timestamp": when}])
            return str(found.notebook), False
        if not self._db.scalar(self._known, {"student": student}):
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
        return str(notebook), True

    def cells(self, table: Any, notebook: str) -> dict[str, Any]:
        """Return the rows of a submitted notebook in a table (Grade or Comment), by cell."""
        rows = self._db.execute(self._cells[table], {"notebook": notebook})
        return {row.cell_id: row for row in rows}

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
        if notebook is None:
            return list(self._db.execute(self._times).all())
        return list(self._db.execute(self._time, {"notebook": notebook}).all())


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
