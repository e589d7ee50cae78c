"""Control groups: the kernel's limits on all processes of a submission together.

A group counts memory of every kind (shared, in files under /tmp, in pipes) and processes, and
divides the processor fairly among submissions. Making groups takes root, or a part of the tree that
was handed to the user (`systemd-run --user --scope`); without them the fork server watches instead.

In version 1 each controller has a tree of its own, in version 2 there is one tree. Groups are made
below the group of this process (1) or beside it (2, where only leaves hold processes), so that
whatever limits this process limits them too.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.sandbox.inside.limits import Limits

PROC = Path("/proc/self")
NEEDED = ("memory", "pids")
NICE_TO_HAVE = "cpu"  # its default is an equal share for each group
REMOVE_SECONDS = 5.0

# Waits for the end of its input, which comes when the grader ends, however it ends; then removes
# what the grader could not.
_JANITOR = """
cat > /dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    left=
    for top in "$@"; do
        rmdir "$top"/job-* "$top" 2> /dev/null
        [ -d "$top" ] && left=1
    done
    [ "$left" ] || exit 0
    sleep 0.1
done
"""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """A folder in which groups can be made, and the controllers that it has."""

    version: int
    folder: Path
    controllers: frozenset[str]


def places() -> list[Place]:
    """Return where groups that limit memory and processes can be made; empty where nowhere."""
    found = _version_2() or _version_1()
    return found if all(os.access(place.folder, os.W_OK) for place in found) else []


def _version_1() -> list[Place]:
    found: dict[str, Place] = {}
    for controllers, folder in _own_groups():
        wanted = controllers & {*NEEDED, NICE_TO_HAVE}
        if wanted and (wanted & {*NEEDED} or os.access(folder, os.W_OK)):
            found |= {name: Place(1, folder, wanted) for name in wanted}
    complete = all(name in found for name in NEEDED)
    return list(dict.fromkeys(found.values())) if complete else []


def _version_2() -> list[Place]:
    for controllers, folder in _own_groups():
        if controllers:
            continue  # a tree of version 1
        for place in (folder, folder.parent):
            with contextlib.suppress(OSError):
                ready = (place / "cgroup.subtree_control").read_text().split()
                if all(name in ready for name in NEEDED):
                    wanted = frozenset(ready) & {*NEEDED, NICE_TO_HAVE}
                    return [Place(2, place, wanted)]
    return []


def _own_groups() -> Iterator[tuple[frozenset[str], Path]]:
    """Yield the groups of this process: their controllers (none: version 2), and their folder."""
    mounts: list[tuple[str, frozenset[str], str, str]] = []
    for line in (PROC / "mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _source, options = right.split(" ")
        if kind in ("cgroup", "cgroup2"):
            root, target = left.split(" ")[3:5]
            mounts.append((kind, frozenset(options.split(",")), root, target))
    for line in (PROC / "cgroup").read_text().splitlines():
        _number, names, path = line.split(":", 2)
        controllers = frozenset(names.split(",")) - {""}
        for kind, listed, root, target in mounts:
            same = controllers <= listed if controllers else kind == "cgroup2"
            if same and PurePosixPath(path).is_relative_to(root):
                yield controllers, Path(target) / PurePosixPath(path).relative_to(root)
                break


class Groups:
    """The groups of one sandbox: a folder at each place, in which each job gets its own."""

    def __init__(self, where: list[Place]) -> None:
        name = f"convbook-{os.getpid()}-{next(_numbers)}"
        self._tops = {place.folder / name: place for place in where}
        self._jobs = itertools.count(1)
        self._janitor = subprocess.Popen(
            ["/bin/sh", "-c", _JANITOR, "sh", *map(str, self._tops)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            for top, place in self._tops.items():
                top.mkdir()
                if place.version == 2:
                    enable = " ".join(f"+{controller}" for controller in place.controllers)
                    (top / "cgroup.subtree_control").write_text(enable)
        except OSError:
            self.close()
            raise

    def make(self, limits: Limits) -> Group:
        """Return a new group with these limits, for one job."""
        name = f"job-{next(self._jobs)}"
        return Group({top / name: place for top, place in self._tops.items()}, limits)

    def close(self) -> None:
        """Remove all that was made; the janitor does, and is waited for."""
        if self._janitor.stdin is not None:
            self._janitor.stdin.close()
        self._janitor.wait()


def groups() -> Groups | None:
    """Return groups for a sandbox, or None where this machine gives none."""
    where = places()
    try:
        return Groups(where) if where else None
    except OSError:
        return None


class Group:
    """The control group of one job."""

    def __init__(self, folders: dict[Path, Place], limits: Limits) -> None:
        self._folders = folders
        for folder, place in folders.items():
            folder.mkdir()
            for name, value in _settings(place, limits):
                # Swap has its file only where the kernel counts it.
                if "sw" not in name or (folder / name).exists():
                    (folder / name).write_text(str(value))

    def events(self) -> int:
        """Open the file that counts the processes ended for want of memory ("oom_kill N")."""
        names = {1: "memory.oom_control", 2: "memory.events"}
        memory = (each for each in self._folders.items() if "memory" in each[1].controllers)
        folder, place = next(memory)
        return os.open(folder / names[place.version], os.O_RDONLY | os.O_CLOEXEC)

    def doors(self) -> list[int]:
        """Open what a process must write "0" to, to enter.

        Version 1 moves a thread by itself at once; whole processes wait for the kernel (13 ms).
        """
        names = {1: "tasks", 2: "cgroup.procs"}
        return [
            os.open(folder / names[place.version], os.O_WRONLY | os.O_CLOEXEC)
            for folder, place in self._folders.items()
        ]

    def remove(self) -> None:
        """Remove it, once its processes have ended."""
        deadline = time.monotonic() + REMOVE_SECONDS
        for folder in self._folders:
            while folder.is_dir():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        return  # the janitor tries again at the end
                    time.sleep(0.01)


def _settings(place: Place, limits: Limits) -> Iterator[tuple[str, int]]:
    if "memory" in place.controllers and place.version == 1:
        yield "memory.limit_in_bytes", limits.memory
        yield "memory.memsw.limit_in_bytes", limits.memory
    if "memory" in place.controllers and place.version == 2:
        yield "memory.max", limits.memory
        yield "memory.swap.max", 0
        yield "memory.oom.group", 1
    if "pids" in place.controllers:
        yield "pids.max", limits.processes
