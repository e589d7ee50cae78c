"""What student code must not be able to do: each function tries it, and returns what it reached.

This file is sent into the sandbox as the source of a cell, and every function is called there with
the bait that `probes` laid outside. "" means that the wall held.
"""

from __future__ import annotations

import contextlib
import ctypes
import json  # noqa: F401 - for the line that follows inside
import mmap
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Bait = dict[str, Any]
AF_VSOCK = 40  # from a virtual machine to its host
PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS = 21, 39
CLONE_NEWUSER = 0x10000000


def network(bait: Bait) -> str:
    """Reach a port and a name of ours on this machine, or one on another."""
    reached = []
    for name, family, kind, address in (
        ("TCP", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", bait["port"])),
        ("UDP", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", bait["port"])),
        ("another machine", socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
        ("an abstract socket", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + bait["abstract"]),
        ("a socket in a folder", socket.AF_UNIX, socket.SOCK_STREAM, bait["socket"]),
    ):
        with contextlib.suppress(OSError), socket.socket(family, kind) as probe:
            probe.settimeout(1)
            probe.connect(address)
            reached.append(name)
    with contextlib.suppress(OSError), socket.socket(AF_VSOCK, socket.SOCK_STREAM):
        reached.append("sockets to the host of a virtual machine")
    return ", ".join(reached)


def files(bait: Bait) -> str:
    """See what lies in the course, the repository and the home folder, or who the users are."""
    return ", ".join([path for path in bait["paths"] if os.path.lexists(path)][:3])


def processes(_bait: Bait) -> str:
    """See processes that do not belong to the sandbox, or open files of the server."""
    inside = ("autograder.sandbox.inside.forkserver", "bwrap")
    seen = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if not any(word in line for word in inside):
                seen.append(line[:80])
    for fd in range(5, 256):  # 3 and 4 are the pipes from and to the grader
        with contextlib.suppress(OSError):
            os.fstat(fd)
            seen.append(f"open file {fd}")
    return ", ".join(seen[:3])


def privileges(_bait: Bait) -> str:
    """Become root, keep a privilege, or be able to gain one."""
    gained = []
    with contextlib.suppress(OSError):
        os.setuid(0)
        gained.append("root")
    with contextlib.suppress(OSError):
        os.chroot("/tmp")
        gained.append("chroot")
    if ctypes.CDLL(None).prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        gained.append("set-uid programs work")
    return ", ".join(gained)


def system_calls(_bait: Bait) -> str:
    """Make a system call that the filter refuses."""
    libc = ctypes.CDLL(None)
    made = [] if libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 else ["no filter"]
    if libc.unshare(CLONE_NEWUSER) == 0:
        made.append("a new namespace")
    with contextlib.suppress(OSError):
        os.close(os.memfd_create("x"))
        made.append("memory without a process")
    with contextlib.suppress(OSError):
        mmap.mmap(-1, 4096).close()
        made.append("shared memory")
    return ", ".join(made)


def writing(_bait: Bait) -> str:
    """Write outside of the temporary folders."""
    written = []
    for folder in (Path("/"), *Path("/").glob("*/"), *Path("/").glob("*/*/")):
        path = folder / "convbook-probe"
        if folder.parts[1:2] != ("tmp",) and folder != Path("/dev/shm"):
            with contextlib.suppress(OSError):
                path.touch()
                path.unlink()
                written.append(str(folder))
    return ", ".join(written[:3])


def environment(bait: Bait) -> str:
    """Read the environment of the grader."""
    return ", ".join(sorted(set(bait["variables"]) & set(os.environ))[:3])


def disk(bait: Bait) -> str:
    """Write more than is allowed, in each folder that takes it."""
    block, wanted = bytes(1 << 20), bait["limits"]["disk"] + (8 << 20)
    for folder in ("/tmp", "/dev/shm"):
        written, paths = 0, [Path(folder, f"probe{number}") for number in range(wanted >> 20)]
        with contextlib.suppress(OSError):
            for path in paths:
                written += path.write_bytes(block)
        for path in paths:
            path.unlink(missing_ok=True)
        if written >= wanted:
            return f"{written >> 20} MB in {folder}"
    return ""


def many_processes(bait: Bait) -> str:
    """Start more processes than are allowed."""
    wanted = bait["limits"]["processes"] + 8
    children: list[int] = []
    with contextlib.suppress(OSError):
        while len(children) < wanted:
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return f"{wanted} processes" if len(children) == wanted else ""


def open_files(bait: Bait) -> str:
    """Open more files than are allowed."""
    wanted = bait["limits"]["open_files"] + 8
    fds: list[int] = []
    with contextlib.suppress(OSError):
        while len(fds) < wanted:
            fds.append(os.open("/dev/null", os.O_RDONLY))
    for fd in fds:
        os.close(fd)
    return f"{wanted} files" if len(fds) == wanted else ""


def processor(bait: Bait) -> str:
    """Use the processor without end; only the limit is looked at, to lose no time."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    return "" if soft == bait["limits"]["cpu_seconds"] else "no limit"


def memory(bait: Bait) -> str:
    """Use more memory than is allowed; this ends the process where the limit holds."""
    quarter = bait["limits"]["memory"] // 4
    hoard = [b"x" * quarter for _ in range(16)]
    time.sleep(1)
    return f"{sum(map(len, hoard)) >> 20} MB"


def endless(_bait: Bait) -> str:
    """Go on after the time is over; this ends the process where the limit holds."""
    time.sleep(30)
    return "30 seconds"


def each(bait: Bait, tries: list[Callable[[Bait], str]]) -> list[str]:
    """Make these attempts, and return what each came to."""
    return [_tried(attempt, bait) for attempt in tries]


def _tried(attempt: Callable[[Bait], str], bait: Bait) -> str:
    try:
        return attempt(bait)
    except BaseException as error:
        return f"it could not be tried: {type(error).__name__}: {error}"
