"""The guardian's watch over one job: it ends it on command, or when it uses too much memory."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from typing import Any, Protocol

WATCH_SECONDS = 0.05  # between two looks at the memory of a job
LOOKS = 2  # that must agree: a page that processes leave while one looks is counted more than once


class Memory(Protocol):
    """The limit on the memory of a job."""

    def exceeded(self) -> bool:
        """Tell whether the job has used more than is allowed."""


@dataclass(frozen=True)
class Counted:
    """The limit of a control group, which the kernel holds, and the file that counts its kills."""

    events: int

    def exceeded(self) -> bool:
        """Tell whether the kernel has ended a process of the job."""
        words = os.pread(self.events, 4096, 0).split()
        return b"oom_kill" in words and int(words[words.index(b"oom_kill") + 1]) > 0


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

    def _share(self, pids: list[int]) -> int:
        """Return the bytes of these processes, those of shared pages divided."""
        fair = ("Pss_Anon:", "Pss_Shmem:")
        count = {pid: _sum(self.processes, f"{pid}/smaps_rollup", fair) for pid in pids}
        # Those that have just ended count nothing; the first process does not let itself be read.
        return sum(count[pid] or own(self.processes, pid) for pid in pids)


def own(processes: int, pid: int) -> int:
    """Return the bytes of memory of a process, files aside, with what it shares."""
    return _sum(processes, f"{pid}/status", ("RssAnon:", "RssShmem:"))


def watch(child: int, report: int, memory: Memory) -> dict[str, Any]:
    """Wait for `child`, the first process of a job; return how it ended, and why it was ended.

    It is ended when "kill" comes on the socket `report`, or its end, or with too much memory used.
    """
    handle = os.pidfd_open(child)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(report, select.POLLIN)
    reason = None
    while True:
        ready = [fd for fd, _ in poller.poll(WATCH_SECONDS * 1000)]
        if report in ready and reason is None:
            reason = "told"
            poller.unregister(report)
        if reason is None and memory.exceeded():
            reason = "memory"
        if handle in ready:
            _, status = os.waitpid(child, 0)
            return {"code": os.waitstatus_to_exitcode(status), "killed": reason}
        if reason is not None:
            os.kill(child, signal.SIGKILL)


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
