"""Contestants that stay loaded and work in turns, so that all see the same minutes of a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from benchmarks.grading.folder import ROOT


class Contestant:
    """A process that does a block of work each time it is told to.

    Args:
        module: of this package; it calls `answer`.
        arguments: of its command line.
        cores: how many it may use; all by default.
    """

    def __init__(self, module: str, *arguments: object, cores: int | None = None) -> None:
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.grading.{module}", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )

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

    def __enter__(self) -> Self:
        self.turn()  # alone: it loads what it needs, and this one does not count
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def answer(blocks: Iterable[float]) -> None:
    """Do a block for each line that is read, and print what it took."""
    lines = os.fdopen(os.dup(0))
    todo = iter(blocks)
    for _line in lines:
        print(next(todo), flush=True)
