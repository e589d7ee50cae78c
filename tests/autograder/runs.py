"""Commands that run beside a test, and what they leave in a course folder."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from autograder.course import Course
from autograder.marking.basis import Basis
from autograder.marking.intake import Submission
from autograder.marking.result import Result
from tests.autograder.conftest import NAME, ROOT


class Command:
    """A process in a session of its own, whose words go to a file."""

    def __init__(
        self, command: list[str], folder: Path, environment: dict[str, str], log: Path
    ) -> None:
        self._log = log.with_name(f"{log.name}.{time.monotonic_ns()}")
        with self._log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end: {self.said()}") from None

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running, whatever the test came to."""
        self.kill()


def grading(course: Course, *arguments: str) -> Command:
    """Start `python -m autograder grade` on a course folder."""
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--quiet", *arguments]
    where = ["--course", str(course.root)]
    return Command([*command, *where], ROOT, dict(os.environ), course.root.with_suffix(".log"))


def slow_down(course: Course, name: str, seconds: int) -> None:
    """Let a submission take that long, so that a run is certain to be cut off while it lasts."""
    path = course.submitted(NAME)[name] / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    source = f"import time; time.sleep({seconds})"
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    notebook["cells"].append({**cell, "execution_count": None})
    path.write_text(json.dumps(notebook), encoding="utf-8")


def recorded(course: Course) -> dict[str, tuple[int, str]]:
    """Return, by student, the results that stand: when each was written, and its text."""
    found = {}
    for path in (course.reports(NAME) / "results").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        if json.loads(text)["recorded"]:
            found[path.stem] = (path.stat().st_mtime_ns, text)
    return found


def marks(course: Course) -> bytes:
    return (course.reports(NAME) / "marks.csv").read_bytes()


def submissions_in_the_gradebook(course: Course) -> list[str]:
    """Return whose submissions are there; a student with two is there twice."""
    database = sqlite3.connect(f"file:{course.root / 'gradebook.db'}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT student_id FROM submitted_assignment ORDER BY student_id")
        return [row[0] for row in rows]
    finally:
        database.close()


def require(seconds: float, holds: Callable[[], bool]) -> None:
    assert within(seconds, holds)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def settled(count: Callable[[], int]) -> int:
    """Return a number once it has stayed the same for a while: what ended has left by then."""
    seen = [count()]
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        time.sleep(0.05)
        seen.append(count())
    return seen[-1]


def processes_below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task")
    found = []
    for path in children.glob("*/children") if children.exists() else []:
        for child in map(int, path.read_text().split()):
            found += [child, *processes_below(child)]
    return found


def marked(basis: Basis, submission: Submission, answer: str) -> Result:
    """Return a result whose written answers have this hash."""
    worth = basis.assignment.by_id
    return {
        **basis.frame(submission.student, submission),
        "state": "graded",
        "reason": "",
        "points": 0,
        "items": [
            {
                "id": item,
                "points": 0,
                "max_points": worth[name]["metadata"]["nbgrader"]["points"],
                "passed": False,
                "cases": [],
                "first_failure": None,
                "misconception": None,
                "words": "",
                "hint": "",
                "run": None,
            }
            for name, item in basis.assignment.checks.items()
        ],
        "cells": [],
        "prose": [
            {"grade_id": name, "max_points": points, "answered": True, "hash": answer, "source": ""}
            for name, points in basis.assignment.prose.items()
        ],
        "repairs": [],
    }
