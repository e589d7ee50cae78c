"""What student code must not reach on this machine, and what it must leave behind: nothing.

Canaries lie where student code must not read: each has a text of its own, so that a test can tell
which one came out. Listeners count who reaches them. A picture of processes, mounts and folders
before and after shows what was left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARK = "canary-7d1f"  # in everything that student code must not read
SHARED = ("/tmp", "/var/tmp", "/dev/shm")
GROUP = f"convbook-{os.getpid()}-"  # in the name of every control group that we make
_PR_SET_CHILD_SUBREAPER = 36


def canary(kind: str) -> str:
    """Return the text that lies hidden in one kind of place."""
    return f"{MARK}-{kind}"


class Listeners:
    """Servers of this machine on TCP, UDP and unix sockets; who connects is counted, and told."""

    def __init__(self, folder: Path) -> None:
        path, name = folder / "listener", f"listener-{secrets.token_hex(8)}"
        self.reached: list[str] = []
        self._sockets = {
            "tcp": self._open(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": self._open(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": self._open(socket.AF_UNIX, socket.SOCK_STREAM, str(path)),
            "abstract": self._open(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"),
        }
        self.values = {
            "TCP": str(self._sockets["tcp"].getsockname()[1]),
            "UDP": str(self._sockets["udp"].getsockname()[1]),
            "UNIX": str(path),
            "ABSTRACT": name,
        }
        for kind, server in self._sockets.items():
            threading.Thread(target=self._serve, args=(kind, server), daemon=True).start()

    @staticmethod
    def _open(family: int, kind: int, address: Any) -> socket.socket:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        return server

    def _serve(self, kind: str, server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                if kind == "udp":
                    server.recvfrom(1000)
                else:
                    with server.accept()[0] as connection:
                        connection.sendall(canary("network").encode())
                self.reached.append(kind)

    def close(self) -> None:
        for server in self._sockets.values():
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()


def picture(known: Collection[int] = ()) -> dict[str, dict[Any, str]]:
    """Return the processes below this one, mounts, control groups, and files in shared folders.

    Processes that are `known`, and whatever they start, are somebody else's.
    """
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    groups = [root for root, _, _ in os.walk("/sys/fs/cgroup") if GROUP in root]
    files = [path for folder in SHARED for path in Path(folder).glob("*leftover*")]
    return {
        "processes": processes_below(os.getpid(), known),
        "mounts": {line.split()[4]: line for line in mounts},
        "groups": {group: group for group in groups},
        "files": {path: str(path) for path in files},
    }


def processes_below(root: int, known: Collection[int] = ()) -> dict[int, str]:
    """Return the living processes that a process has started, however deep, with their command."""
    children: dict[int, dict[int, str]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            head, _, rest = (entry / "stat").read_text(encoding="utf-8").rpartition(")")
            state, parent, *_ = rest.split()
            if pid not in known and state != "Z":
                children.setdefault(int(parent), {})[pid] = head.partition("(")[2]
    below: dict[int, str] = {}
    todo = [root]
    while todo:
        found = children.get(todo.pop(), {})
        below |= found
        todo += found
    return below


@dataclass
class Watch:
    """What happened on the machine while something ran."""

    reached: list[str] = field(default_factory=list)
    survived: bool = False  # the bystander, a process that is not the student's business
    left: list[str] = field(default_factory=list)


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[tuple[dict[str, str], Watch]]:
    """Watch this machine; yield the values that answers may ask for, and what will be seen."""
    watch, listeners = Watch(), Listeners(folder)
    code = "import sys; sys.stdin.read()"
    bystander = subprocess.Popen(
        [sys.executable, "-c", code, canary("process")], stdin=subprocess.PIPE
    )
    before = picture()
    _adopt_orphans(True)
    try:
        yield {**listeners.values, "PID": str(bystander.pid)}, watch
        watch.reached = list(listeners.reached)
        watch.survived = bystander.poll() is None
        watch.left = _left(before)
    finally:
        _adopt_orphans(False)
        listeners.close()
        bystander.communicate()


def _left(before: dict[str, dict[Any, str]]) -> list[str]:
    """Return what was not there before, once what was killed has had the time to die."""
    until = time.monotonic() + 10
    while True:
        after = picture(before["processes"])
        left = [
            f"{kind}: {words}"
            for kind, found in after.items()
            for key, words in found.items()
            if key not in before[kind]
        ]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.1)


def _adopt_orphans(yes: bool) -> None:
    """Be the parent of whatever outlives its own: nothing leaves the tree below us unseen."""
    libc: Callable[..., int] = ctypes.CDLL(None).prctl
    libc(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)
