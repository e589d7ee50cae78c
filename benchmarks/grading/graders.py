"""The graders that are compared; each returns the seconds of wall time that it took."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.course import Course
from benchmarks.grading.folder import NAME, ROOT, forget, student

OTTER = "otter-grader==7.0.0"  # its own environment: it pins what nbgrader does not want
OTTER_CONFIG = {"show_stdout": False, "files": []}
# One test of otter a check cell: the same cell runs in the same state of the notebook.
OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = {name!r}
points = {points!r}

@test_case()
def test_the_check_passes(env):
    exec({source!r}, env)
"""


def timed(command: list[str], folder: Path) -> float:
    """Run a command in a folder; the seconds it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    start = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - start


def convbook(course: Course) -> float:
    """Grade with sandbox, gradebook, notebooks and pages; every submission must be right."""
    forget(course)
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--quiet"]
    seconds = timed(command, course.root)
    results = [
        json.loads(course.result(NAME, each).read_text(encoding="utf-8"))
        for each in course.submitted(NAME)
    ]
    right = [each["state"] == "graded" and each["points"] == each["max_points"] for each in results]
    if not all(right):
        raise SystemExit(f"{sum(right)} of {len(right)} got full marks: nothing was measured")
    return seconds


def nbgrader(course: Course) -> float:
    """Grade with stock `nbgrader autograde`: no sandbox, no pages."""
    forget(course)
    (course.root / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.CourseDirectory.root = "{course.root}"\n', encoding="utf-8"
    )
    command = [sys.executable, "-m", "nbgrader"]
    timed([*command, "generate_assignment", NAME, "--force"], course.root)
    seconds = timed([*command, "autograde", NAME], course.root)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    return seconds


@contextmanager
def otter_environment() -> Iterator[Path]:
    """Make an environment with otter and what notebooks import; its folder of programs."""
    uv = Path(sys.executable).parent / "uv"
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = ("torch==", "torchvision==", "numpy==", "matplotlib==", "safetensors==")
    packages = [OTTER, "ipykernel", *(pin for pin in pins if pin.startswith(wanted))]
    with TemporaryDirectory() as folder:
        environment = Path(folder) / "otter"
        timed([str(uv), "venv", "--python", sys.executable, str(environment)], ROOT)
        install = [str(uv), "pip", "install", "--python", str(environment / "bin" / "python")]
        timed([*install, *packages, str(ROOT)], ROOT)
        yield environment / "bin"


def otter(course: Course, programs: Path, *, submissions: int) -> float:
    """Grade with `otter run`, a submission after the other, as its documentation does it."""
    with TemporaryDirectory() as folder:
        there = Path(folder)
        _write_otter_tests(course, there / "tests")
        (there / "otter_config.json").write_text(json.dumps(OTTER_CONFIG), encoding="utf-8")
        archive = there / "autograder.zip"
        command = [str(programs / "otter"), "generate", "-t", "tests", "-o", archive.name]
        timed(command, there)
        with zipfile.ZipFile(archive) as found:
            packed = [name for name in found.namelist() if name.startswith("tests/")]
        if not packed:
            raise SystemExit("otter packed no tests: nothing was measured")
        seconds = 0.0
        for number in range(submissions):
            notebook = course.root / "submitted" / student(number) / NAME / f"{NAME}.ipynb"
            run = [str(programs / "otter"), "run", "-a", archive.name, str(notebook), "--no-logo"]
            seconds += timed(run, there)
            _must_be_full(json.loads((there / "results.json").read_text(encoding="utf-8")))
    return seconds


def _write_otter_tests(course: Course, folder: Path) -> None:
    folder.mkdir()
    exercise = json.loads(course.exercise(NAME).read_text(encoding="utf-8"))
    for cell in exercise["cells"]:
        ours = cell["metadata"].get("convbook", {})
        if "item" in ours and not ours.get("bonus"):
            data = cell["metadata"]["nbgrader"]
            name = data["grade_id"].replace("-", "_")
            source = "".join(cell["source"])
            text = OTTER_TEST.format(name=name, points=data["points"], source=source)
            (folder / f"{name}.py").write_text(text, encoding="utf-8")


def _must_be_full(results: dict[str, list[dict[str, float]]]) -> None:
    tests = [test for test in results["tests"] if test.get("max_score")]
    if not tests or any(test["score"] < test["max_score"] for test in tests):
        raise SystemExit(f"otter did not give full marks: nothing was measured: {results}")
