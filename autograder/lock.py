"""One writer a course: two gradings at once would write over each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from convbook.errors import GradingError

NAME = ".grading.lock"


@contextmanager
def only_writer(course: Path) -> Iterator[None]:
    """Hold the course folder; the system lets go of it when this process ends, however it ends.

    Raises:
        GradingError: somebody else holds it.
    """
    lock = FileLock(course / NAME, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise GradingError(
            f"Grading in {course}.",
            got="another grading is running in this course folder",
            rule="one at a time writes the gradebook, the results and the pages",
            next_step="wait until it has ended, or stop it; what it has graded is kept",
        ) from None
    try:
        yield
    finally:
        lock.release()
