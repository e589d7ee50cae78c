"""How long the practicals take: the solution notebooks from top to bottom, then the grader.

    python -m benchmarks.practicals --data PLACE [--budget laptop] [--only tp2_from_scratch …]

Each exercise with the model answers in it, and with every try-out and training cell switched on,
is executed by a kernel, as a student does it, then graded with its runs. Printed are the time,
the points, the cells that took longest and those that ended in an error. With CIFAR-10, runs wait
for a person unless bands for these very images were recorded (`autograder/README.md`); with
`--data stand-in --budget stand-in` the machine gives all points.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import nbformat
from nbclient import NotebookClient

from autograder.course import Course
from autograder.grade import grade
from autograder.questions import ASSIGNMENTS
from tests.autograder import whole

SLOW = 5.0  # seconds of a cell that is named
CALL = re.compile(r"^# (?=(try_|show|runs, network = |count_both|constant = ))", re.MULTILINE)


def solved(name: str, budget: str) -> dict[str, Any]:
    """Return a practical with its answers, everything switched on, for this budget."""
    return whole.solved(
        name,
        lambda source: CALL.sub("", source).replace('BUDGET = "stand-in"', f'BUDGET = "{budget}"'),
    )


def execute(path: Path) -> tuple[float, list[str]]:
    """Run a notebook in its folder; return the seconds, and lines on slow cells and on errors."""
    notebook = nbformat.read(path, as_version=4)
    began = perf_counter()
    NotebookClient(
        notebook, timeout=None, allow_errors=True, resources={"metadata": {"path": path.parent}}
    ).execute()
    seconds = perf_counter() - began
    slow = [
        f"{took:6.1f} s  {_beginning(cell.source)}"
        for cell in notebook.cells
        if (took := _seconds(cell)) >= SLOW
    ]
    errors = [
        f"{output['ename']}: {output['evalue'].splitlines()[0]}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]
    nbformat.write(notebook, path)
    return seconds, slow + errors


def _seconds(cell: Any) -> float:
    """Return how long a cell ran, by the times that nbclient notes down."""
    noted = cell.metadata.get("execution", {})
    times = noted.get("iopub.execute_input"), noted.get("shell.execute_reply")
    if None in times:
        return 0.0
    began, ended = (datetime.fromisoformat(time) for time in times)
    return (ended - began).total_seconds()


def _beginning(source: str) -> str:
    """Return the first line of a cell that does something."""
    lines = (line.strip() for line in source.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")[:60]


def measure(name: str, budget: str) -> float:
    """Execute and grade a practical, print what came of it; return the seconds of the notebook."""
    with TemporaryDirectory() as folder:
        course = Course(Path(folder))
        exercise = whole.exercise(name)
        handed_in = course.root / "submitted" / "solved" / name / f"{name}.ipynb"
        for path, notebook in (
            (course.exercise(name), exercise),
            (handed_in, solved(name, budget)),
        ):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(notebook), encoding="utf-8")
        seconds, lines = execute(handed_in)
        (outcome,) = grade(course, name, jobs=1)
        result = json.loads(course.result(name, "solved").read_text(encoding="utf-8"))
    waiting = [item["id"] for item in result["items"] if item["run"] and item["run"]["due"]]
    missing = [i["id"] for i in result["items"] if not i["passed"] and i["id"] not in waiting]
    print(f"{name:20} {seconds / 60:5.1f} min  {outcome.marks} of {result['max_points']:g}")
    for words, items in (("wait for a person", waiting), ("without their points", missing)):
        if items:
            print(f"{'':20} {words}: {', '.join(items)}")
    for line in lines:
        print(f"{'':20} {line}")
    sys.stdout.flush()
    return seconds


def main() -> None:
    """Measure the practicals and print how long they take together."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.practicals", description=__doc__)
    parser.add_argument("--data", required=True, help="source of convbook.data.cifar10")
    parser.add_argument("--budget", default="laptop", choices=["full", "laptop", "stand-in"])
    parser.add_argument("--only", nargs="+", default=list(ASSIGNMENTS), choices=list(ASSIGNMENTS))
    options = parser.parse_args()
    os.environ["CONVBOOK_DATA"] = options.data
    together = sum(measure(name, options.budget) for name in options.only)
    print(f"{'together':20} {together / 60:5.1f} min")


if __name__ == "__main__":
    main()
