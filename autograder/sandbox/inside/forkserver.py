"""A process that has torch and convbook loaded already, and forks one child a submission.

It runs inside bubblewrap and runs nothing that a student made. For each job it receives three
pipes, a control socket and the doors of the job's control groups:

    server ── init (pid 1 of new namespaces) ── the student's process, or the checker's

The server obeys the control socket ("kill", or its end), holds the limit on memory where no control
group does, and reports how the child ended. When `init` is killed, the kernel kills everything in
its namespaces: nothing outlives a job. Without `--unshare` (a machine that allows no nested
namespaces) the bubblewrap around the server is the only wall, and each submission gets a server of
its own. `--same-user` is for grading without a sandbox: another user could not even read the
packages where the environment lies in a closed folder.

    python -m autograder.sandbox.inside.forkserver ROLE CONTROL_FD [--unshare] [--same-user]
"""

from __future__ import annotations

import contextlib
import fcntl
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

from autograder.sandbox.inside import confinement, linux, memory
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.watch import TICK_MS, Counted, Memory, Watch, Watched, own, tell

ROLES = {
    "student": "autograder.sandbox.inside.student",
    "checker": "autograder.marking.checker",
    "measurer": "autograder.marking.measurer",
}
MOST_FDS = 8  # that come with a job


@dataclass(frozen=True)
class Job:
    """What is to run: the limits, for whom, and what came with it."""

    limits: Limits
    uid: int | None  # a user of its own, where the server may choose one
    report: int
    pipes: tuple[int, int, int]  # requests, responses, output
    events: int | None  # counts what its control group ended, where it has one
    doors: tuple[int, ...]  # writing "0" puts a process into the group

    def close(self) -> None:
        """Leave to the child what is for the child."""
        for fd in (*self.pipes, *self.doors):
            os.close(fd)


class Server:
    """Forks a child for each job, and watches over all of them."""

    def __init__(self, module: Any, control: socket.socket, *, unshare: bool, own_user: bool):
        self._module, self._control, self._unshare = module, control, unshare
        self._user, self._group = os.geteuid(), os.getegid()
        self._own_user = own_user and self._user == 0
        self._processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        self._running: list[Watch] = []
        self._drawn = False

    def serve(self) -> None:
        """Take jobs from the control socket until it closes; then no child is left."""
        while True:
            poller = select.poll()
            poller.register(self._control, select.POLLIN)
            for fd in (fd for watch in self._running for fd in watch.waits_for()):
                poller.register(fd, select.POLLIN)
            ready = {fd for fd, _ in poller.poll(TICK_MS if self._running else None)}
            self._running = [watch for watch in self._running if not watch.over(ready)]
            if self._control.fileno() in ready and not self._take():
                break
        for watch in self._running:
            watch.kill()

    def _take(self) -> bool:
        """Start one job; False where there will be none any more."""
        text, fds, _flags, _address = socket.recv_fds(self._control, 65536, MOST_FDS)
        if not text:
            return False
        body = json.loads(text)
        if body["images"] and not self._drawn:
            with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
                self._module.draw()  # what it says would be printed by every child
            self._drawn = True
        number = confinement.FIRST_UID + body["number"] % confinement.UIDS
        uid = number if self._own_user else None
        events = fds[4] if len(fds) > 4 else None
        pipes = (fds[1], fds[2], fds[3])
        job = Job(Limits(**body["limits"]), uid, fds[0], pipes, events, tuple(fds[5:]))
        try:
            namespaces = confinement.namespaces() if self._unshare else 0
            first = linux.fork_apart(namespaces)
        except OSError as error:  # no room for a process now, or no namespaces ever
            tell(job.report, {"failed": f"no process for it: {error}"})
            for fd in fds:
                os.close(fd)
            return True
        if first == 0:
            self._init(job)
        job.close()
        self._running.append(Watch(first, job.report, self._memory(job, first)))
        return True

    def _memory(self, job: Job, first: int) -> Memory:
        if job.events is not None:
            return Counted(job.events)
        ours = own(self._processes, os.getpid())
        return Watched(self._processes, first, job.limits.memory, ours)

    def _init(self, job: Job) -> NoReturn:
        """Fork the student's process and wait for it, as pid 1 of its namespace if there is one."""
        try:
            if self._unshare:
                confinement.furnish(job.limits, self._user, self._group)
            linux.set_dumpable(False)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            pid = linux.fork()
            if pid == 0:
                _run(self._module, job, hide_processes=self._unshare)
        except Exception as error:
            # Whatever goes wrong here is ours, and must reach the main process in words.
            tell(job.report, {"failed": f"{type(error).__name__}: {error}"})
            os._exit(125)
        try:
            os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            while True:
                ended, status = os.waitpid(-1, 0)
                if ended == pid:
                    code = os.waitstatus_to_exitcode(status)
                    os._exit(code if code >= 0 else 128 - code)
        finally:
            os._exit(125)


def _run(module: Any, job: Job, *, hide_processes: bool) -> NoReturn:
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
        confinement.confine(job.limits, job.uid, hide_processes=hide_processes)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        module.main(requests, responses, job.limits)
    except BaseException:
        with contextlib.suppress(Exception):
            traceback.print_exc()
        os._exit(124)
    os._exit(0)


def _only(requests: int, responses: int) -> tuple[int, int]:
    """Close every file descriptor but 0, 1, 2 and these two, which become 3 and 4."""
    free = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 5) for fd in (requests, responses)]
    low = [os.dup2(fd, 3 + k, inheritable=False) for k, fd in enumerate(free)]
    os.closerange(5, max(256, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    return low[0], low[1]


def main(arguments: list[str]) -> None:
    """Serve on the control socket whose file descriptor is given."""
    role, control = arguments[0], socket.socket(fileno=int(arguments[1]))
    unshare, own_user = "--unshare" in arguments, "--same-user" not in arguments
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process to handle
    control.send(b"ready")
    Server(module, control, unshare=unshare, own_user=own_user).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
