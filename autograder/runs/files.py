"""Take in the files of runs that lie beside a notebook: a few names, ordinary files, small.

Whatever else lies there is not looked at. What is wrong with one run's files is said of that run;
the rest of the submission does not suffer.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
FOLDER = "runs"
#: What is read of a run, and how large it may be. A weight of the practical takes 2 bytes.
FILES = {"record.json": MIB, "weights.safetensors": 6 * MIB}
ALL = 32 * MIB  # bytes of all runs of a submission


@dataclass(frozen=True)
class RunFile:
    """A file of a run as it was handed in: its bytes in base64, or why there are none.

    Text, so that it crosses to the workers of a cluster as JSON does.
    """

    run: str
    name: str
    content: str = ""
    trouble: str = ""

    @property
    def data(self) -> bytes:
        """The bytes of the file; empty where there are none."""
        return base64.b64decode(self.content)

    @property
    def path(self) -> str:
        """Where it lies, beside the notebook."""
        return f"{FOLDER}/{self.run}/{self.name}"


def take(folder: Path, runs: Iterable[str]) -> tuple[RunFile, ...]:
    """Read the files of these runs from a student's folder; a missing one is left out."""
    found: list[RunFile] = []
    room = ALL
    for run in runs:
        for name, limit in FILES.items():
            try:
                data = _read(folder, (FOLDER, run, name), min(limit, room))
            except FileNotFoundError:
                continue
            except ValueError as trouble:
                found.append(RunFile(run, name, trouble=str(trouble)))
            except OSError as error:
                words = f"it cannot be read: {error.strerror or 'no reason given'}"
                found.append(RunFile(run, name, trouble=words))
            else:
                room -= len(data)
                found.append(RunFile(run, name, base64.b64encode(data).decode()))
    return tuple(found)


def _read(folder: Path, parts: tuple[str, ...], limit: int) -> bytes:
    """Read a file below a folder without following a link on the way, or waiting for a pipe."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            flags |= 0 if part is parts[-1] else os.O_DIRECTORY
            below = os.open(part, flags, dir_fd=at)
            os.close(at)
            at = below
        found = os.fstat(at)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not an ordinary file")
        if found.st_size > limit:
            raise ValueError(f"it has {found.st_size / MIB:.1f} MiB, more than is allowed")
        with os.fdopen(os.dup(at), "rb") as file:
            return file.read(limit)
    finally:
        os.close(at)


def digest(notebook: str, files: Iterable[RunFile]) -> str:
    """Return the hash of a submission: that of its notebook, and of its runs where it has any."""
    found = hashlib.sha256(notebook.encode())
    lines = [f"{file.path} {_hash(file)}" for file in files]
    if not lines:
        return notebook
    found.update("\n".join(lines).encode())
    return found.hexdigest()


def _hash(file: RunFile) -> str:
    return file.trouble or hashlib.sha256(file.data).hexdigest()
