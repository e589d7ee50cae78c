"""The exercises and the book, built from their sources."""

from __future__ import annotations

from pathlib import Path

from tasks import ROOT
from tasks.environment import BIN, PYTHON, variables
from tasks.terminal import run, step

HTML = ROOT / "_build" / "html"


def exercises() -> None:
    """Build the exercises and what grading them needs."""
    step("Building the exercises")
    run([PYTHON, "-m", "autograder", "build"], env=variables())


def book() -> Path:
    """Build the HTML book, warnings being errors; return the folder of its pages."""
    step("Building the book")
    run(
        [BIN / "jupyter-book", "build", "-W", "--keep-going", "-n", "."],
        env={**variables(), "PYTHONWARNINGS": "ignore::DeprecationWarning"},
    )
    return HTML
