"""Take in what a student handed in, or say why it cannot be graded; never fail for the class."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Cell, grade_id, text_of
from autograder.runs import files
from autograder.runs.files import RunFile
from convbook.errors import GradingError

MAX_BYTES = 20 * 2**20
MAX_CELLS = 2000
MAX_VALUES = 2_000_000  # in the JSON: a notebook of 20 MB that is all empty lists takes 700 MB
STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
FOLDER_NAME = "the student's folder has a name that cannot be used"
TIMESTAMP = "timestamp.txt"
EXCHANGE_FILES = (TIMESTAMP, "submission_secret.txt")
CELL_TYPES = ("code", "markdown", "raw")


class IntakeError(GradingError):
    """A submission that a person must look at; its text is the reason, for the instructor."""


@dataclass(frozen=True)
class Submission:
    """A notebook that was handed in: cells with nothing but known keys of known types."""

    student: str
    hash: str
    cells: tuple[Cell, ...]
    timestamp: str | None = None
    runs: tuple[RunFile, ...] = ()


def take(student: str, folder: Path, assignment: str, runs: Iterable[str] = ()) -> Submission:
    """Read one student's folder.

    Args:
        student: whose it is.
        folder: where it lies.
        assignment: the practical.
        runs: the training runs that it asks for; nothing is read of others.

    Raises:
        IntakeError: it holds something else than one notebook of the right name and form.
    """
    if not STUDENT_ID.fullmatch(student):
        raise IntakeError(
            f"{FOLDER_NAME}: rename it and grade again. It may have the letters a-z and A-Z, "
            "digits, '.', '_', '@' and '-', 64 in all, and begins with a letter or a digit"
        )
    data = _read(_one_notebook(folder, assignment))
    beside = files.take(folder, runs)
    return Submission(
        student,
        files.digest(hashlib.sha256(data).hexdigest(), beside),
        _cells(_notebook(data)),
        timestamp(folder),
        beside,
    )


def _one_notebook(folder: Path, assignment: str) -> Path:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise IntakeError("its folder is a link")
    entries = sorted(folder.iterdir())
    links = [path.name for path in entries if path.is_symlink()]
    if links:
        raise IntakeError(f"{links[0]!r} is a link, where files are due")
    names = [path.name for path in entries if path.suffix == ".ipynb"]
    wanted = f"{assignment}.ipynb"
    if not names:
        raise IntakeError(f"no notebook was handed in: {wanted!r} is missing")
    if len(names) > 1:
        listed = ", ".join(map(repr, names))  # a name may hold what steers a terminal
        raise IntakeError(f"{len(names)} notebooks were handed in: {listed[:300]}")
    if names != [wanted]:
        raise IntakeError(f"the notebook is named {names[0]!r}, where {wanted!r} is due")
    return folder / wanted


def _read(path: Path) -> bytes:
    """Read a file without following links or waiting for a pipe, up to the allowed size."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise IntakeError(f"the notebook cannot be opened: {error.strerror}") from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise IntakeError("the notebook is not an ordinary file")
    with os.fdopen(fd, "rb") as file:
        if found.st_size > MAX_BYTES:
            raise IntakeError(
                f"the notebook has {found.st_size / 2**20:.0f} MB, "
                f"more than the {MAX_BYTES // 2**20} MB allowed"
            )
        return file.read(MAX_BYTES)


def _notebook(data: bytes) -> dict[str, Any]:
    if sum(data.count(each) for each in (b"[", b"{", b",")) > MAX_VALUES:
        raise IntakeError(f"the notebook holds more than {MAX_VALUES:,} values")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise IntakeError("the notebook is not text in UTF-8") from None
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        raise IntakeError("the notebook is not JSON: cut off, or not a notebook at all") from None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise IntakeError("the file is no notebook: it is JSON that names no format")
    if notebook["nbformat"] != 4:
        raise IntakeError(
            f"the notebook is of format {notebook['nbformat']!r:.40}, where format 4 is due: "
            "JupyterLab saves it so"
        )
    return notebook


def _cells(notebook: dict[str, Any]) -> tuple[Cell, ...]:
    cells = notebook.get("cells")
    if not isinstance(cells, list) or len(cells) > MAX_CELLS:
        raise IntakeError(f"the notebook has no list of up to {MAX_CELLS} cells")
    return tuple(_cell(cell, number) for number, cell in enumerate(cells, 1))


def _cell(cell: Any, number: int) -> Cell:
    """Return what we use of a cell, and nothing else of it."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in CELL_TYPES:
        raise IntakeError(f"cell {number} is of no known type")
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise IntakeError(f"the source of cell {number} is not text")
    text = text_of({"source": lines}).encode("utf-8", errors="replace").decode("utf-8")
    return {"cell_type": cell["cell_type"], "source": text, "grade_id": grade_id(cell)}


def timestamp(folder: Path) -> str | None:
    """Return when it was handed in, where nbgrader's exchange or the instructor wrote it down."""
    return (beside(folder, TIMESTAMP) or "").strip() or None


def beside(folder: Path, name: str) -> str | None:
    """Return the text of a small file that the exchange puts beside a notebook, where it is one.

    Nothing where a link leads to the folder: it may be another student's.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        return None
    try:
        return _read(folder / name).decode("utf-8")[:1000]
    except (IntakeError, ValueError):
        return None
