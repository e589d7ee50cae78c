"""A process that has torch and convbook loaded already, and forks one child a submission.

It runs inside bubblewrap and runs nothing that a student made. For each job it receives three
pipes, a control socket and the doors of the job's control groups, and forks a *guardian*:

    server ── guardian ── init (pid 1 of new namespaces) ── the student's process, or the checker's

The guardian makes the namespaces and the temporary folder, obeys the control socket ("kill", or its
end), holds the limit on memory where no control group does, and reports how the child ended. When
`init` is killed, the kernel kills everything in its namespace: nothing outlives a job. Without
`--unshare` (a machine that allows no nested namespaces) the bubblewrap around the server is the
only wall, and each submission gets a server of its own. `--same-user` is for grading without a
sandbox: another user could not even read the packages where the environment lies in a closed
folder.

    python -m autograder.sandbox.inside.forkserver ROLE CONTROL_FD [--unshare] [--same-user]
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from autograder.sandbox.inside import confinement, linux, memory
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.watch import Counted, Memory, Watched, own, watch

ROLES = {
    "student": "autograder.sandbox.inside.student",
    "checker": "autograder.marking.checker",
    "measurer": "autograder.marking.measurer",
}
MOST_FDS = 8  # that come with a job


@dataclass(frozen=True)
class Job:
    """What a guardian is told: the limits, where they hold, and for whom."""

    limits: Limits
    uid: int | None  # a user of its own, where the server may choose one
    unshare: bool
    report: int
    pipes: tuple[int, int, int]  # requests, responses, output
    events: int | None  # counts what its control group ended, where it has one
    doors: tuple[int, ...]  # writing "0" puts a process into the group


def serve(role: str, control: socket.socket, *, unshare: bool, own_user: bool) -> None:
    """Fork a guardian for each job that arrives on `control`, until it closes."""
    module = import_module(ROLES[role])
    gc.disable()  # nearly all that is loaded stays: looking for what does not took 0.4 s
    module.preload()
    gc.collect()
    memory.fill_gaps()
    gc.freeze()
    gc.enable()
    memory.collapse()
    if not unshare:  # the student's process may be of the same user, and sees this one
        linux.set_dumpable(False)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the guardians report by themselves
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process to handle
    control.send(b"ready")
    drawn = False
    while True:
        text, fds, _flags, _address = socket.recv_fds(control, 65536, MOST_FDS)
        if not text:
            return
        body = json.loads(text)
        if body["images"] and not drawn:
            with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
                module.draw()  # what it says would be printed by every child
            drawn = True
        number = confinement.FIRST_UID + body["number"] % confinement.UIDS
        uid = number if own_user and os.geteuid() == 0 else None
        limits, pipes = Limits(**body["limits"]), (fds[1], fds[2], fds[3])
        events = fds[4] if len(fds) > 4 else None
        job = Job(limits, uid, unshare, fds[0], pipes, events, tuple(fds[5:]))
        try:
            guardian = linux.fork() == 0
        except OSError as error:  # no room for a process now; the next job may find some
            _tell(job, {"failed": f"no process for it: {error}"})
            guardian = False
        if guardian:
            control.close()
            _guard(module, job)
        for fd in fds:
            os.close(fd)


def _tell(job: Job, ended: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(job.report, json.dumps(ended).encode())


def _guard(module: Any, job: Job) -> NoReturn:
    """Run one job, report its end and leave."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)  # the child will hide it
        if job.unshare:
            confinement.enter_namespaces(job.limits)
        child = linux.fork()
        if child == 0:
            _first(module, job)
        for fd in (*job.pipes, *job.doors):
            os.close(fd)
        if job.events is not None:
            used: Memory = Counted(job.events)
        else:
            used = Watched(processes, child, job.limits.memory, own(processes, os.getpid()))
        _tell(job, watch(child, job.report, used))
    except Exception as error:
        # Whatever goes wrong here is ours, and must reach the main process in words.
        _tell(job, {"failed": f"{type(error).__name__}: {error}"})
    os._exit(0)


def _first(module: Any, job: Job) -> NoReturn:
    """Fork the student's process and wait for it, as pid 1 of its namespace where there is one."""
    try:
        linux.set_dumpable(False)
        pid = os.fork()
        if pid == 0:
            _run(module, job)
        for fd in (job.report, *job.pipes, *job.doors):
            os.close(fd)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        while True:
            ended, status = os.waitpid(-1, 0)
            if ended == pid:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    finally:
        os._exit(125)


def _run(module: Any, job: Job) -> NoReturn:
    """Give up every privilege, then hand over to the student's process (or the checker's)."""
    requests, responses, output = job.pipes
    try:
        os.setsid()
        for door in job.doors:
            os.write(door, b"0")
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        requests, responses = _only(requests, responses)
        confinement.confine(job.limits, job.uid, hide_processes=job.unshare)
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


def main(arguments: list[str]) -> None:
    """Serve on the control socket whose file descriptor is given."""
    serve(
        arguments[0],
        socket.socket(fileno=int(arguments[1])),
        unshare="--unshare" in arguments,
        own_user="--same-user" not in arguments,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
