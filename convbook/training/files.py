"""Files that are whole at any time: the old content or the new, never half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from convbook.errors import TrainingError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then rename it into place.

    Raises:
        TrainingError: the folder cannot be written, or the disk is full; `path` is as it was.
    """
    draft = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        if draft.is_file():
            draft.unlink()
        raise TrainingError(
            f"Writing {path}.",
            got=error.strerror or str(error),
            rule="the folder can be written and the disk has room",
            next_step="give another folder, or make room, and start again: the run resumes",
        ) from error


def require_writable(folder: Path) -> None:
    """Raise TrainingError now rather than after the first epoch if `folder` cannot be written."""
    probe = folder / ".convbook-can-write"
    write_atomically(probe, b"")
    probe.unlink()


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`.

    Raises:
        TrainingError: there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrainingError(
            f"Reading {path}.",
            got=error.strerror or str(error),
            rule="a file that a training run wrote",
            next_step="check the name, or train again",
        ) from error


def read_json(path: Path) -> Any:
    """Return the value in the JSON file `path`.

    Raises:
        TrainingError: there is no such file, or it is no JSON.
    """
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise TrainingError(
            f"Reading {path}.",
            got=str(error),
            rule="a JSON file that a training run wrote",
            next_step="the file is damaged or is something else: train again",
        ) from error
