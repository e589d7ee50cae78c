"""Contestants that stay loaded and work in turns, so that all see the same minutes of a machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator

from benchmarks.grading.folder import ROOT


class Contestant:
    """A process that does a block of work each time it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self) -> None:
        """Let it do a block."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """Wait for the end of the block; the seconds a submission."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a contestant ended: nothing was measured")
        return float(line)

    def turn(self) -> float:
        """Do a block; the seconds a submission."""
        self.begin()
        return self.seconds()


@contextlib.contextmanager
def contestant(module: str, *arguments: object, cores: int | None = None) -> Iterator[Contestant]:
    """Start a module of this package that calls `answer`, and let it load what it needs.

    Args:
        module: its name.
        arguments: of its command line.
        cores: how many it may use; all by default.
    """
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.grading.{module}", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    ) as process:
        found = Contestant(process)
        found.turn()  # this one does not count
        yield found


def answer(blocks: Iterable[float]) -> None:
    """Do a block for each line that is read, and print what it took."""
    lines = os.fdopen(os.dup(0))
    todo = iter(blocks)
    for _line in lines:
        print(next(todo), flush=True)
