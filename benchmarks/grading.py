"""How fast the grader is beside `nbgrader autograde`, on the same correct submissions.

    python -m benchmarks.grading --submissions 20

Both grade the same folder in one run, taking turns: ours with the sandbox on, the gradebook, the
notebooks for formgrader and the feedback pages written; nbgrader without a sandbox and without
feedback. Reported: the median of the rounds, submissions a second, and the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.course import Course
from tests.submissions import builder

ROOT = Path(__file__).parents[1]
NAME = "tp1_layers"


def lay_out(root: Path, submissions: int) -> Course:
    """Make a course folder with the model answers handed in many times, each a bit different."""
    course = Course(root)
    shutil.copytree(ROOT / "exercises", root / "exercises")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    exercise = json.loads(course.exercise(NAME).read_text(encoding="utf-8"))
    perfect = builder.corpus()["graded/perfect"]
    for number in range(submissions):
        folder = root / "submitted" / f"student-{number:04d}" / NAME
        builder.hand_in(exercise, perfect, folder, NAME)
        path = folder / f"{NAME}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"]["number"] = number  # another hash, so other hidden inputs
        path.write_text(json.dumps(notebook), encoding="utf-8")
    source = root / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy(course.exercise(NAME), source)
    return course


def timed(command: list[str], course: Course) -> float:
    """Run a command in the course folder and return the seconds it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    start = time.monotonic()
    subprocess.run(command, cwd=course.root, env=environment, check=True, capture_output=True)
    return time.monotonic() - start


def fresh(course: Course) -> None:
    """Forget all marks, so that the next round does all of the work."""
    for name in ("autograded", "feedback", "reports"):
        shutil.rmtree(course.root / name, ignore_errors=True)
    (course.root / "gradebook.db").unlink(missing_ok=True)


def ours(course: Course, submissions: int) -> float:
    """Grade with convbook's grader; every submission must get full marks."""
    fresh(course)
    seconds = timed([sys.executable, "-m", "autograder", "grade", NAME, "--quiet"], course)
    results = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (course.reports(NAME) / "results").glob("*.json")
    ]
    right = [
        found["state"] == "graded" and found["points"] == found["max_points"] for found in results
    ]
    if right != [True] * submissions:
        raise SystemExit(f"{sum(right)} of {submissions} got full marks: nothing was measured")
    return seconds


def nbgraders(course: Course) -> float:
    """Grade with nbgrader; what it needs before is made outside the measured time."""
    fresh(course)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    timed([*nbgrader, "generate_assignment", NAME, "--force"], course)
    # The course's settings send `autograde` to our grader: this asks for nbgrader's own.
    own = "--Autograde.exporter_class=nbconvert.exporters.NotebookExporter"
    return timed([*nbgrader, "autograde", NAME, own], course)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        course = lay_out(Path(folder), args.submissions)
        pairs = [(ours(course, args.submissions), nbgraders(course)) for _ in range(args.rounds)]
    print(f"{args.submissions} correct submissions of {NAME}, {os.cpu_count()} cores,", end=" ")
    print(f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    names = ("convbook (sandbox, feedback)", "nbgrader autograde")
    for name, seconds in zip(names, zip(*pairs, strict=True), strict=True):
        median = statistics.median(seconds)
        each = median / args.submissions
        print(f"{name:30} {median:7.1f} s  {each:6.2f} s each  {1 / each:6.2f} a second")
    ratio = statistics.median(theirs / mine for mine, theirs in pairs)
    print(f"{'ratio (median of rounds)':30} {ratio:7.1f} x")


if __name__ == "__main__":
    main()
