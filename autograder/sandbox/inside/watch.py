"""The server's watch over a job: it ends it on command, or when it uses too much memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from dataclasses import dataclass
from typing import Any, Protocol

TICK_MS = 50  # between two looks at the memory of a job
LOOKS = 2  # that must agree: a page that processes leave while one looks is counted more than once


class Memory(Protocol):
    """The limit on the memory of a job."""

    def exceeded(self) -> bool:
        """Tell whether the job has used more than is allowed."""

    def close(self) -> None:
        """Look no more."""


@dataclass(frozen=True)
class Counted:
    """The limit of a control group, which the kernel holds, and the file that counts its kills."""

    events: int

    def exceeded(self) -> bool:
        """Tell whether the kernel has ended a process of the job."""
        words = os.pread(self.events, 4096, 0).split()
        return b"oom_kill" in words and int(words[words.index(b"oom_kill") + 1]) > 0

    def close(self) -> None:
        """Close the file."""
        os.close(self.events)


@dataclass(frozen=True)
class Watched:
    """A limit that nobody holds but this process: `limit` bytes for all processes below `root`."""

    processes: int  # a file descriptor of /proc
    root: int
    limit: int
    preloaded: int  # bytes that all share with the server, and that may be counted as theirs

    def exceeded(self) -> bool:
        """Tell whether all of them use more, files aside.

        The first count is quick, and counts pages that processes share once for each of them. Only
        where it exceeds the limit are shared pages divided among those that share them.
        """
        pids = _below(self.processes, self.root)
        quick = {pid: own(self.processes, pid) for pid in pids}
        if sum(quick.values()) <= self.limit:
            return False
        return all(self._share(pids) > self.limit + self.preloaded for _ in range(LOOKS))

    def close(self) -> None:
        """Do nothing: /proc stays open for the next job."""

    def _share(self, pids: list[int]) -> int:
        """Return the bytes of these processes, those of shared pages divided."""
        fair = ("Pss_Anon:", "Pss_Shmem:")
        count = {pid: _sum(self.processes, f"{pid}/smaps_rollup", fair) for pid in pids}
        # Those that have just ended count nothing; the first process does not let itself be read.
        return sum(count[pid] or own(self.processes, pid) for pid in pids)


def own(processes: int, pid: int) -> int:
    """Return the bytes of memory of a process, files aside, with what it shares."""
    return _sum(processes, f"{pid}/status", ("RssAnon:", "RssShmem:"))


class Watch:
    """One job that runs: its first process, and the socket on which its end is reported."""

    def __init__(self, first: int, report: int, memory: Memory) -> None:
        self._first, self._report, self._memory = first, report, memory
        self._handle = os.pidfd_open(first)
        self._reason: str | None = None

    def waits_for(self) -> list[int]:
        """Return the file descriptors that have something to read when something is to be done."""
        return [self._handle] if self._reason is not None else [self._handle, self._report]

    def over(self, ready: set[int]) -> bool:
        """Tell whether the job has ended, after reporting how; end it where it must be ended.

        Args:
            ready: the file descriptors that have something to read.
        """
        if self._report in ready and self._reason is None:
            self._reason = "told"
        if self._reason is None and self._memory.exceeded():
            self._reason = "memory"
        if self._handle in ready:
            _, status = os.waitpid(self._first, 0)
            code = os.waitstatus_to_exitcode(status)
            tell(self._report, {"code": code, "killed": self._reason})
            for fd in (self._handle, self._report):
                os.close(fd)
            self._memory.close()
            return True
        if self._reason is not None:
            self.kill()
        return False

    def kill(self) -> None:
        """End the first process, and with it all of its namespace."""
        os.kill(self._first, signal.SIGKILL)


def tell(report: int, ended: dict[str, Any]) -> None:
    """Send the main process how a job ended."""
    with contextlib.suppress(OSError):
        os.write(report, json.dumps(ended).encode())


def _sum(processes: int, name: str, keys: tuple[str, ...]) -> int:
    lines = (line.split() for line in _read(processes, name).splitlines())
    return 1024 * sum(int(line[1]) for line in lines if line and line[0] in keys)


def _below(processes: int, root: int) -> list[int]:
    """Return the processes below `root`: what loses its parent falls to `root`, never out."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir(processes):
        if entry.isdigit():
            fields = _read(processes, f"{entry}/stat").rpartition(")")[2].split()
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _read(processes: int, name: str) -> str:
    """Return a file of /proc, or nothing when its process has just ended."""
    try:
        fd = os.open(name, os.O_RDONLY, dir_fd=processes)
    except OSError:
        return ""
    try:
        return os.read(fd, 4096).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
