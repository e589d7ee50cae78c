"""The one writer: gradebook, autograded notebook, feedback and, last, the result."""

from __future__ import annotations

from autograder.course import Assignment, Cell, Course
from autograder.gradebook.gradebook import Gradebook
from autograder.marking import result
from autograder.marking.intake import Submission
from autograder.marking.pipeline import Graded, outputs
from autograder.marking.result import Result
from autograder.marking.sanitize import sanitize
from autograder.pages import feedback


class Writer:
    """Writes results where they belong, so that a run that is cut off leaves none half written.

    A result is marked as recorded when all the rest stands. Until then the one before it stays,
    no longer recorded: the next run repeats the submission, and still knows what the marks given
    by hand were given for.
    """

    def __init__(self, course: Course, assignment: Assignment, book: Gradebook) -> None:
        self._course, self._assignment, self._book = course, assignment, book

    def write(self, submission: Submission | None, marked: Result) -> None:
        """Write one submission's result everywhere."""
        name, student = self._assignment.name, marked["student"]
        path = self._course.result(name, student)
        before = result.load(path)
        if before is not None and before["recorded"]:
            result.save({**before, "recorded": False}, path)
        known = self._book.record(marked, before)
        graded = Graded(marked, self._cells(submission, marked))
        feedback.write_notebook(self._course, self._assignment, graded, outputs)
        feedback.write_page(
            self._course,
            self._assignment,
            marked,
            self._book.manual(student) if known else {},
            self._book.late_penalty(student),
        )
        result.save({**marked, "recorded": True}, path)

    def _cells(self, submission: Submission | None, marked: Result) -> list[Cell]:
        """Return the cells that were run."""
        if submission is None or marked["state"] == "needs review":
            return []
        return sanitize(submission, self._assignment).cells
