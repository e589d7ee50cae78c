"""What `nbgrader autograde` and `nbgrader generate_feedback` do in this course.

nbgrader makes one exporter for each run of a command and gives it one notebook after the other.
Ours do the command's work for all students at once, in the sandbox, and leave nothing to convert:
so a notebook that cannot be read stops nobody, and the sandbox is started once.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import NbGraderException

from autograder.course import Course
from autograder.grade import grade
from autograder.pages import report
from convbook.errors import ConvbookError, GradingError

# Settings of nbgrader's converters that mean nothing here, and their values where nobody set them.
WITHOUT_EFFECT = {
    "create_student": True,
    "exclude_overwriting": {},
    "pre_convert_hook": None,
    "post_convert_hook": None,
}


class WholeClass(NotebookExporter):  # type: ignore[misc]
    """An exporter that does the work of its command when nbgrader makes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        converter = self.parent
        for name, default in WITHOUT_EFFECT.items():
            if getattr(converter, name, default) != default:
                converter.log.warning("%s has no effect with the grader of this course", name)
        directory = converter.coursedir
        settings = deepcopy(converter.config)
        settings.CourseDirectory.db_url = directory.db_url
        settings.CourseDirectory.course_id = directory.course_id
        course = Course(Path(directory.root).resolve(), settings)
        try:
            self.work(course, directory.assignment_id)
        except ConvbookError as error:
            converter.log.error("%s", error)
            raise NbGraderException(str(error)) from None
        except KeyboardInterrupt:
            converter.log.error("Stopped. What is graded is kept: run it again to go on.")
            sys.exit(130)
        converter.assignments = {}

    @abstractmethod
    def work(self, course: Course, assignment: str) -> None:
        """Do what the command is for."""

    def students(self, course: Course, assignment: str) -> list[str]:
        """Return whom the command is about, by `--student` and the like.

        Raises:
            GradingError: nobody is left.
        """
        wanted = self.parent.coursedir.student_id
        excluded = self.parent.coursedir.student_id_exclude.split(",")
        found = [
            student
            for student in course.submitted(assignment)
            if fnmatchcase(student, wanted) and student not in excluded
        ]
        if not found:
            raise GradingError(
                f"Looking for submissions of {assignment!r}.",
                got=f"no student like {wanted!r}",
                rule=f"they are in {course.root}/submitted/STUDENT/{assignment}",
                next_step="correct --student, or collect first",
            )
        return found


class Grading(WholeClass):
    """What `nbgrader autograde` does: the same as `python -m autograder grade`."""

    def work(self, course: Course, assignment: str) -> None:
        """Grade, and log what every submission came to."""
        log = self.parent.log
        if self.config.Execute.get("enabled", True) is False:
            raise GradingError(
                "Autograding with --no-execute.",
                got="the outputs that students saved",
                rule="no mark comes from what a submission says about itself",
                next_step="run this without --no-execute",
            )
        outcomes = grade(
            course,
            assignment,
            students=self.students(course, assignment),
            force=self.parent.force,
            quiet=not sys.stderr.isatty(),
        )
        for each in outcomes:
            if each.state == "graded":
                log.info("%s: %g points", each.student, each.points)
            else:
                log.warning("%s: %s: %s", each.student, each.state, each.reason)
        log.info("The marks of all: %s", course.reports(assignment) / "summary.html")


class Pages(WholeClass):
    """What `nbgrader generate_feedback` does: the same as `python -m autograder feedback`."""

    def work(self, course: Course, assignment: str) -> None:
        """Write the pages again, old ones too: marks by hand may be new."""
        written = report.pages(course, assignment, self.students(course, assignment))
        self.parent.log.info("%d pages in %s", len(written), course.root / "feedback")
