"""A process that has torch and convbook loaded already, and forks one child a submission.

It runs inside bubblewrap and runs nothing that a student made. For each job it receives three pipes
and a control socket, and forks a *guardian*:

    server ── guardian ── init (pid 1 of new namespaces) ── the student's process

The guardian makes the namespaces and the temporary folder, holds the limit on memory, obeys the
control socket ("kill", or its end) and reports how the child ended. When `init` is killed, the
kernel kills everything in its namespace: nothing outlives a job. Without `--unshare` (a machine
that allows no nested namespaces) the bubblewrap around the server is the only wall, and each
submission gets a server of its own. `--same-user` is for grading without a sandbox: another user
could not even read the packages where the environment lies in a closed folder.

    python -m autograder.forkserver ROLE CONTROL_FD [--unshare] [--same-user]
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from autograder import linux
from autograder.limits import Limits

ROLES = {"student": "autograder.student", "checker": "autograder.checker"}
FIRST_UID, UIDS = 61184, 4096  # a range that Linux distributions leave to transient users
NAMESPACES = (
    linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
) | linux.CLONE_NEWNET
WATCH_SECONDS = 0.05  # between two looks at the memory of a job


@dataclass(frozen=True)
class Job:
    """What a guardian is told: a number (for the uid) and the limits."""

    number: int
    limits: Limits
    unshare: bool
    confine: bool  # limits and no privileges; off for the checker, which is ours
    own_user: bool  # a user of its own where the server is root's


def serve(role: str, control: socket.socket, *, unshare: bool, own_user: bool) -> None:
    """Fork a guardian for each job that arrives on `control`, until it closes."""
    module = import_module(ROLES[role])
    module.preload()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the guardians report by themselves
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process to handle
    control.send(b"ready")
    while True:
        text, fds, _flags, _address = socket.recv_fds(control, 65536, 4)
        if not text:
            return
        if os.fork() == 0:
            control.close()
            _guard(module, _job(json.loads(text), role, unshare, own_user), fds)
        for fd in fds:
            os.close(fd)


def _job(body: dict[str, Any], role: str, unshare: bool, own_user: bool) -> Job:
    confine = role == "student"
    limits = Limits(**body["limits"])
    return Job(body["number"], limits, unshare and confine, confine, own_user and confine)


def _guard(module: Any, job: Job, fds: list[int]) -> NoReturn:
    """Run one job, report its end and leave."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report = socket.socket(fileno=fds[0])
    ended: dict[str, Any]
    try:
        processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)  # the child will hide it
        if job.unshare:
            _enter_namespaces(job)
        child = os.fork()
        if child == 0:
            report.close()
            _first(module, job, fds[1:])
        for fd in fds[1:]:
            os.close(fd)
        ended = _watch(child, report, processes, job.limits.memory if job.confine else None)
    except Exception as error:
        # Whatever goes wrong here is ours, and must reach the main process in words.
        ended = {"failed": f"{type(error).__name__}: {error}"}
    with contextlib.suppress(OSError):
        report.send(json.dumps(ended).encode())
    os._exit(0)


def _enter_namespaces(job: Job) -> None:
    """Leave the server's namespaces; hide /proc; give the job its own temporary folders."""
    root = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    if root:
        linux.unshare(NAMESPACES)
    else:
        linux.unshare(NAMESPACES | linux.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    linux.mount_private()
    linux.mount_tmpfs("/tmp", options=f"size={job.limits.disk},nr_inodes=4096,mode=1777")
    linux.mount_tmpfs("/dev/shm", options=f"size={job.limits.disk},nr_inodes=256,mode=1777")


def _first(module: Any, job: Job, fds: list[int]) -> NoReturn:
    """Fork the student's process and wait for it, as pid 1 of its namespace where there is one."""
    try:
        if job.confine:
            linux.set_undumpable()
        pid = os.fork()
        if pid == 0:
            _run(module, job, fds)
        for fd in fds:
            os.close(fd)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        while True:
            ended, status = os.waitpid(-1, 0)
            if ended == pid:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    finally:
        os._exit(125)


def _run(module: Any, job: Job, fds: list[int]) -> NoReturn:
    """Give up every privilege, then hand over to the student's process (or the checker's)."""
    requests, responses, output = fds
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        requests, responses = _only(requests, responses)
        if job.confine:
            _confine(job)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        module.main(requests, responses, job.limits)
    except BaseException:
        with contextlib.suppress(Exception):
            traceback.print_exc()
        os._exit(124)
    os._exit(0)


def _only(requests: int, responses: int) -> tuple[int, int]:
    """Close every file descriptor but 0, 1, 2 and these two, which become 3 and 4."""
    low = [os.dup2(fd, 200 + k, inheritable=False) for k, fd in enumerate((requests, responses))]
    low = [os.dup2(fd, 3 + k, inheritable=False) for k, fd in enumerate(low)]
    os.closerange(5, max(256, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    return low[0], low[1]


def _confine(job: Job) -> None:
    limits = job.limits
    home = Path("/tmp/home")
    home.mkdir(exist_ok=True)
    with contextlib.suppress(OSError):  # the first to go when memory runs out
        Path("/proc/self/oom_score_adj").write_text("1000")
    uid = FIRST_UID + job.number % UIDS
    if job.own_user and os.geteuid() == 0:
        os.chown(home, uid, uid)
    os.chdir(home)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    if job.unshare:
        linux.mount_tmpfs("/proc", options="size=4k,nr_inodes=2,mode=555", read_only=True)
    for name, value in {
        "AS": mapped + limits.address_space,
        "NPROC": limits.processes,
        "CPU": limits.cpu_seconds,
        "NOFILE": limits.open_files,
        "FSIZE": limits.file_size,
        "CORE": 0,
    }.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    if job.own_user and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    linux.drop_capabilities()
    linux.set_no_new_privileges()
    linux.die_with_parent(signal.SIGKILL)


def _watch(child: int, report: socket.socket, processes: int, memory: int | None) -> dict[str, Any]:
    """Wait for the child; kill it on command, or when its processes use too much memory."""
    handle = os.pidfd_open(child)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(report, select.POLLIN)
    page, reason = resource.getpagesize(), None
    baseline = _private_pages(processes, child)
    while True:
        ready = [fd for fd, _ in poller.poll(WATCH_SECONDS * 1000 if memory else None)]
        if handle in ready:
            _, status = os.waitpid(child, 0)
            return {"code": os.waitstatus_to_exitcode(status), "killed": reason}
        if report.fileno() in ready and reason is None:
            reason = "told"
            poller.unregister(report)
            os.kill(child, signal.SIGKILL)
        if memory and reason is None and _tree_pages(processes, child, baseline) * page > memory:
            reason = "memory"
            os.kill(child, signal.SIGKILL)


def _read(processes: int, name: str) -> str:
    """Return a file of /proc, or nothing when its process has just ended."""
    try:
        fd = os.open(name, os.O_RDONLY, dir_fd=processes)
    except OSError:
        return ""
    try:
        return os.read(fd, 4096).decode()
    except OSError:
        return ""
    finally:
        os.close(fd)


def _private_pages(processes: int, pid: int) -> int:
    _total, resident, shared, *_ = (_read(processes, f"{pid}/statm") or "0 0 0").split()
    return int(resident) - int(shared)


def _tree_pages(processes: int, root: int, baseline: int) -> int:
    """Pages of private memory that the processes below `root` have beyond what was preloaded."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir(processes):
        if entry.isdigit():
            fields = _read(processes, f"{entry}/stat").rpartition(")")[2].split()
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    total, todo = 0, list(children.get(root, []))
    while todo:
        pid = todo.pop()
        total += max(0, _private_pages(processes, pid) - baseline)
        todo += children.get(pid, [])
    return total


def main(arguments: list[str]) -> None:
    """Serve on the control socket whose file descriptor is given."""
    role, fd = arguments[0], int(arguments[1])
    control = socket.socket(fileno=fd)
    serve(
        role,
        control,
        unshare="--unshare" in arguments,
        own_user="--same-user" not in arguments,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
