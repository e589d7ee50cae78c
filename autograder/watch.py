"""The guardian's watch over one job: it ends it on command, or when it uses too much memory."""

from __future__ import annotations

import os
import select
import signal
from typing import Any

WATCH_SECONDS = 0.05  # between two looks at the memory of a job


def watch(child: int, report: int, processes: int, memory: int | None) -> dict[str, Any]:
    """Wait for `child`, and return how it ended.

    Args:
        child: the first process of the job.
        report: the socket on which "kill" comes, or its end.
        processes: a file descriptor of /proc.
        memory: bytes that all below `child` may use; None where the kernel sees to it.
    """
    handle = os.pidfd_open(child)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(report, select.POLLIN)
    reason = None
    while True:
        ready = [fd for fd, _ in poller.poll(WATCH_SECONDS * 1000 if memory else None)]
        if handle in ready:
            _, status = os.waitpid(child, 0)
            return {"code": os.waitstatus_to_exitcode(status), "killed": reason}
        if report in ready and reason is None:
            reason = "told"
            poller.unregister(report)
            os.kill(child, signal.SIGKILL)
        if memory and reason is None and used(processes, child, memory) > memory:
            reason = "memory"
            os.kill(child, signal.SIGKILL)


def used(processes: int, root: int, enough: int) -> int:
    """Return the bytes of memory of all processes below `root`, files aside.

    The first count is quick, and counts pages that processes share once for each of them. Only
    where it exceeds `enough` are shared pages divided among those that share them.
    """
    quick = {
        pid: _kib(processes, f"{pid}/status", ("RssAnon:", "RssShmem:"))
        for pid in _below(processes, root)
    }
    if sum(quick.values()) * 1024 <= enough:
        return sum(quick.values()) * 1024
    fair = ("Pss_Anon:", "Pss_Shmem:")
    return 1024 * sum(_kib(processes, f"{pid}/smaps_rollup", fair) or quick[pid] for pid in quick)


def _kib(processes: int, name: str, keys: tuple[str, ...]) -> int:
    lines = (line.split() for line in _read(processes, name).splitlines())
    return sum(int(line[1]) for line in lines if line and line[0] in keys)


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
