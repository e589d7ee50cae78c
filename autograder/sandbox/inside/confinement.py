"""What a forked child gives up before it runs anything of a student: sight, rights and room."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from pathlib import Path

from autograder.sandbox.inside import linux, seccomp
from autograder.sandbox.inside.limits import Limits

FIRST_UID, UIDS = 61184, 4096  # a range that Linux distributions leave to transient users
NAMESPACES = (
    linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
) | linux.CLONE_NEWNET
CPU_GRACE = 2  # seconds between the signal that names the limit and the one that none survives


def namespaces() -> int:
    """Return the namespaces of a child's own, one of users among them where this is not root."""
    return NAMESPACES if os.geteuid() == 0 else NAMESPACES | linux.CLONE_NEWUSER


def furnish(limits: Limits, uid: int, gid: int) -> None:
    """Keep user and group in namespaces that are new, and get temporary folders of one's own.

    Raises:
        OSError: this machine allows no such thing inside of bubblewrap's namespaces.
    """
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    linux.mount_private()
    linux.mount_tmpfs("/tmp", options=f"size={limits.disk},nr_inodes=4096,mode=1777")
    linux.mount_tmpfs("/dev/shm", options=f"size={limits.disk},nr_inodes=256,mode=1777")


def confine(limits: Limits, uid: int | None, *, hide_processes: bool) -> None:
    """Take limits, the user `uid` (None: stay the same) and no privilege, for good.

    Raises:
        OSError: this machine lacks one of the walls; nothing may run here.
    """
    home = Path("/tmp/home")
    home.mkdir(exist_ok=True)
    with contextlib.suppress(OSError):  # the first to go when memory runs out
        Path("/proc/self/oom_score_adj").write_text("1000")
    if uid is not None:
        os.chown(home, uid, uid)
    os.chdir(home)
    _limit(limits)
    if hide_processes:
        linux.mount_tmpfs("/proc", options="size=4k,nr_inodes=2,mode=555", read_only=True)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    linux.drop_capabilities()
    linux.set_no_new_privileges()
    linux.set_dumpable(True)  # the server reads how much memory it uses
    linux.die_with_parent(signal.SIGKILL)
    seccomp.install()


def _limit(limits: Limits) -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    # A core file of one byte is none, also where the kernel hands cores to a program of the host.
    for name, soft, hard in (
        ("CORE", 1, 1),
        ("AS", mapped + limits.address_space, mapped + limits.address_space),
        ("NPROC", limits.processes, limits.processes),
        ("CPU", limits.cpu_seconds, limits.cpu_seconds + CPU_GRACE),
        ("NOFILE", limits.open_files, limits.open_files),
        ("FSIZE", limits.file_size, limits.file_size),
        ("MEMLOCK", 0, 0),
    ):
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (soft, hard))
