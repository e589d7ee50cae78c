"""nbgrader's formgrader as our server loads it: a `timestamp.txt` without a time ends no page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from nbgrader.server_extensions import formgrader

from autograder.gradebook.submissions import utc
from autograder.marking import intake


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    # nbgrader's own reads the file of everybody for each page, and fails with the first bad one.
    NbGraderAPI.get_submitted_timestamp = submitted_timestamp
    formgrader._load_jupyter_server_extension(server)


def submitted_timestamp(api: Any, assignment: str, student: str) -> datetime | None:
    """Return when a student handed in, as `grade` reads it; None where nothing tells a time."""
    course = api.coursedir
    folder = Path(course.format_path(course.submitted_directory, student, assignment))
    when: datetime | None = utc(intake.timestamp(folder))
    return when
