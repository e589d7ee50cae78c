"""A class of a thousand, a tenth of it from the corpus's faults: every state, mark, and the memory.

The grader's own process is watched while it works: what it holds must not grow with the class.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Course
from benchmarks.grading.folder import NAME, PERFECT, ROOT, course_of, student
from tests.submissions import builder

MIB = 2**20


@dataclass(frozen=True)
class Watched:
    """One run: seconds, what went wrong, memory in MiB as it went, submissions done as it went."""

    seconds: float
    wrong: list[str]
    memory: list[float]
    done: list[tuple[float, int]]  # seconds since the start, results written

    @property
    def quarters(self) -> list[float]:
        """The highest memory of each quarter of the run, in MiB."""
        size = max(1, len(self.memory) // 4)
        return [max(self.memory[at : at + size]) for at in range(0, 4 * size, size)]


def grade(submissions: int) -> Watched:
    """Grade a class and look at every result."""
    faults = [key for key in builder.corpus() if key != PERFECT]
    of_faults = itertools.cycle(faults)
    keys = [next(of_faults) if n % 10 == 9 else PERFECT for n in range(submissions)]
    with course_of(keys) as course:
        return _watch(course, keys)


def _watch(course: Course, keys: list[str]) -> Watched:
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--quiet"]
    command += ["--course", str(course.root)]
    memory: list[float] = []
    done: list[tuple[float, int]] = []
    results = course.reports(NAME) / "results"
    start = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT) as process:
        while process.poll() is None:
            time.sleep(0.5)
            memory.append(_resident(process.pid))
            written = len(list(results.glob("*.json"))) if results.exists() else 0
            done.append((time.monotonic() - start, written))
    seconds = time.monotonic() - start
    if process.returncode:
        raise SystemExit(f"grading ended with exit status {process.returncode}")
    wrong = [
        f"{student(number)} ({key}): {problem}"
        for number, key in enumerate(keys)
        if (problem := _problem(course, student(number), builder.expected(builder.corpus()[key])))
    ]
    return Watched(seconds, wrong, [each for each in memory if each], done)


def _resident(pid: int) -> float:
    """Return the memory that a process holds, in MiB; 0 when it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * 4096 / MIB


def _problem(course: Course, name: str, expected: dict[str, Any]) -> str:
    path = course.result(NAME, name)
    if not path.exists():
        return "no result"
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["state"] != expected["state"]:
        return f"{found['state']}, not {expected['state']}: {found['reason']}"
    for item in found["items"]:
        due = builder.points_due(expected, item)
        if item["points"] != due:
            return f"{item['points']:g} points for {item['id']}, not {due:g}"
    return ""
