"""The processes that run student code, and the checker's, each behind the same walls.

`Sandbox("student")` starts a fork server inside bubblewrap, which sees the interpreter, convbook
and the folder `inside`, and nothing else of the machine. `spawn` gives one child a submission,
ready in some milliseconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.sandbox import bubblewrap, cgroup
from autograder.sandbox.inside.limits import CHECKER, DEFAULT, Limits
from convbook.errors import GradingError

STARTUP_SECONDS = 120.0
ROOM = 2**20  # bytes in a pipe to or from our own processes: who writes need not wait for who reads
LENT = 500  # times, then its limit on processor time would come near


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (128 + signal), and why it was killed, if it was."""

    code: int
    killed: str | None = None  # "told", "memory"

    def words(self) -> str:
        """Return it in words a student can read."""
        if self.killed == "memory":
            return "used more memory than is allowed"
        if self.code == 128 + signal.SIGXCPU:
            return "used more processor time than is allowed"
        if self.code > 128:
            with contextlib.suppress(ValueError):
                return f"was ended by the signal {signal.Signals(self.code - 128).name}"
        return f"ended by itself, with exit code {self.code}"


class Child:
    """One forked process: pipes to it, and the power to kill it with all that it started."""

    def __init__(
        self,
        control: socket.socket,
        pipes: tuple[int, int, int],
        group: cgroup.Group | None = None,
    ) -> None:
        self.requests, self.responses, self.output = pipes
        self.ended: Ended | None = None
        self.last: Callable[[], None] | None = None  # what is to be done after its end
        self._control, self._group = control, group

    def wait(self, seconds: float | None) -> Ended:
        """Return how the child ended; a server that does not answer is an error of ours."""
        if self.ended is None:
            self._control.settimeout(seconds)
            try:
                report = json.loads(self._control.recv(4096) or b'{"failed": "no report"}')
            except OSError as error:
                report = {"failed": str(error) or "no report in time"}
            if "failed" in report:
                raise GradingError(
                    "Running a process in the sandbox.",
                    got=report["failed"],
                    next_step="run `python -m autograder doctor` to see what this machine allows",
                )
            self.ended = Ended(report["code"], report["killed"])
        return self.ended

    def close(self) -> None:
        """Kill the child if it is alive, wait for its end, and close the pipes."""
        with contextlib.suppress(OSError):
            self._control.send(b"kill")
        try:
            self.wait(10.0)
        except GradingError:
            self.ended = Ended(128 + signal.SIGKILL, "told")
        for fd in (self.requests, self.responses, self.output):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._control.close()
        if self._group is not None:
            self._group.remove()
        if self.last is not None:
            self.last()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sandbox:
    """A fork server in its bubblewrap.

    Args:
        role: "student", "checker" or "measurer".
        unsafe: start it without bubblewrap, with the rights of the user. Never the default.
        nested: fork each child into namespaces of its own; None tries, and falls back to a server
            a submission where the machine refuses.
        hidden: folders of which nothing may be seen inside, besides this repository.
        grouped: use control groups where there are any; the fork server watches otherwise.
    """

    def __init__(
        self,
        role: str,
        *,
        unsafe: bool = False,
        nested: bool | None = None,
        hidden: Sequence[Path] = (),
        grouped: bool = True,
    ) -> None:
        self.role, self.unsafe, self.grouped = role, unsafe, grouped and not unsafe
        self.nested = not unsafe if nested is None else nested
        self.hidden = (bubblewrap.REPOSITORY, *hidden)
        self._lock = threading.Lock()
        self._jobs = random.randrange(2**32)  # another grader on this machine has other users
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._groups: cgroup.Groups | None = None
        self._free: list[tuple[Child, int]] = []  # to lend, and how often they were
        if not unsafe:
            bubblewrap.require_bubblewrap()

    @property
    def kind(self) -> str:
        """What protects the machine, as results state it."""
        return "none" if self.unsafe else "bubblewrap"

    @property
    def accounting(self) -> str:
        """Who holds the limits on memory and on processes."""
        where = cgroup.places() if self.grouped else []
        if where:
            return f"control groups (version {where[0].version})"
        return "the fork server's watch (no control groups here)"

    @property
    def single_use(self) -> bool:
        """True where each submission needs a server of its own."""
        return self.role == "student" and not self.nested and not self.unsafe

    def launch(self) -> None:
        """Start the server; it loads torch while the caller does something else."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = self._command(theirs.fileno())
        self._groups = cgroup.groups() if self.grouped else None
        self._server = subprocess.Popen(
            command,
            env=bubblewrap.environment(self.unsafe),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        ours.settimeout(STARTUP_SECONDS)
        self._control = ours

    def start(self) -> Self:
        """Wait until the server is ready, starting it first where nobody did."""
        if self._control is None:
            self.launch()
        control = _open(self._control)
        try:
            answer = control.recv(16)
        except OSError:
            answer = b""
        if answer != b"ready":
            words = self._last_words()
            self.stop()
            raise GradingError(
                f"Starting the {self.role} process in its sandbox.",
                got=words or "no answer",
                next_step="run `python -m autograder doctor` to see what this machine allows",
            )
        if self.nested and not self._nests():
            self.stop()
            self.nested = False
            if self.role != "student":
                return self.start()  # our code: one server for all is enough
        return self

    def _nests(self) -> bool:
        """Try one child: does this machine let it have namespaces of its own?"""
        with self._fork(DEFAULT) as child:
            os.close(child.requests)  # no requests: it ends by itself
            child.requests = -1
            try:
                return child.wait(30.0).code == 0
            except GradingError:
                return False

    def _last_words(self) -> str:
        server = self._server
        if server is None or server.stderr is None:
            return ""
        server.kill()
        return server.stderr.read().decode(errors="replace").strip()[-2000:]

    def _command(self, control: int) -> list[str]:
        arguments = [self.role, str(control), *(["--unshare"] if self.nested else [])]
        server = ["-s", "-m", "autograder.sandbox.inside.forkserver", *arguments]
        if self.unsafe:
            return [sys.executable, *server, "--same-user"]
        python = f"{bubblewrap.prefix()}/bin/{Path(sys.executable).name}"
        return [*bubblewrap.command(self.role, self.hidden), python, *server]

    def spawn(self, limits: Limits = DEFAULT, *, images: bool = False) -> Child:
        """Fork one child; it waits for requests.

        Where children get no namespaces of their own, each has a server of its own instead.

        Args:
            limits: of the child.
            images: let it have the stand-in's images drawn, which takes the server a second once.
        """
        if not self.single_use:
            return self._fork(limits, images)
        alone = Sandbox(self.role, nested=False, hidden=self.hidden, grouped=self.grouped)
        try:
            alone.start()
            child = alone._fork(limits, images)
        except BaseException:
            alone.stop()
            raise
        child.last = alone.stop
        return child

    @contextlib.contextmanager
    def lend(self) -> Iterator[Child]:
        """Lend a child that others had before, or a new one; one that failed is not lent again.

        For the checker's role: no child in which student code ran may be lent to another.
        """
        try:
            child, times = self._free.pop()
        except IndexError:
            child, times = self.spawn(), 0
        try:
            yield child
        except BaseException:
            child.close()
            raise
        if times < LENT:
            self._free.append((child, times + 1))
        else:
            child.close()

    def _fork(self, limits: Limits, images: bool = False) -> Child:
        if self.role != "student":
            limits = CHECKER
        group = self._groups.make(limits) if self._groups is not None else None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (take, requests), (responses, answer), (output, write) = os.pipe(), os.pipe(), os.pipe()
        if self.role != "student":
            with contextlib.suppress(OSError):  # this user has many large pipes already
                for pipe in (requests, responses):
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)
        child = Child(ours, (requests, responses, output), group)
        passed = [theirs.fileno(), take, answer, write]
        if group is not None:
            passed += [group.events(), *group.doors()]
        try:
            with self._lock:
                self._jobs += 1
                job = {"number": self._jobs, "limits": asdict(limits), "images": images}
                socket.send_fds(_open(self._control), [json.dumps(job).encode()], passed)
        except BaseException:
            theirs.close()
            child.close()
            raise
        finally:
            theirs.close()
            for fd in passed[1:]:
                os.close(fd)
        os.set_blocking(responses, False)
        os.set_blocking(output, False)
        return child

    def stop(self) -> None:
        """End the server, and with it whatever it forked."""
        while self._free:
            self._free.pop()[0].close()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            if not self.unsafe:  # the server's namespace ends with bubblewrap
                self._server.kill()
            self._server.wait(10)
            if self._server.stderr is not None:
                self._server.stderr.close()
            self._server = None
        if self._groups is not None:
            self._groups.close()
            self._groups = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


def _open(control: socket.socket | None) -> socket.socket:
    if control is None:
        raise GradingError("Starting a process in the sandbox.", got="a sandbox that was stopped")
    return control
