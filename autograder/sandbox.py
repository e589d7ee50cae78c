"""Bubblewrap around the processes that run student code, and around the checker.

`Sandbox("student")` starts a fork server that sees the interpreter, convbook and the four modules
it runs, and nothing else of the machine: no network, no course folder, no home. `spawn` gives one
child a submission, ready in some milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import convbook
from autograder.limits import DEFAULT, Limits
from convbook.errors import GradingError

HERE = Path(__file__).parent
COURSE = "/course"  # where convbook and the modules below are inside the sandbox
# A virtual environment is seen there too: where it lies outside may be hidden inside (/tmp is).
ENVIRONMENT = f"{COURSE}/python"
STUDENT_MODULES = (
    *("__init__", "limits", "linux", "protocol", "forkserver"),
    *("student", "shell", "pictures"),
)
STARTUP_SECONDS = 120.0
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
ETC = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
DEVICES = ("null", "zero", "full", "random", "urandom")
CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "CHOWN", "KILL", "SETPCAP", "DAC_OVERRIDE")


def require_bubblewrap() -> str:
    """Return the path of bwrap, or say what to install."""
    path = shutil.which("bwrap")
    if path is None:
        raise GradingError(
            "Starting the sandbox in which student code runs.",
            got="no 'bwrap' on this machine",
            rule="student code runs inside bubblewrap, or not at all",
            next_step="install it (Debian, Ubuntu: apt-get install bubblewrap); to run student "
            "code with your own rights all the same, pass --unsafe-no-sandbox",
        )
    return path


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

    def __init__(self, control: socket.socket, requests: int, responses: int, output: int) -> None:
        self.requests, self.responses, self.output = requests, responses, output
        self.ended: Ended | None = None
        self.last: Callable[[], None] | None = None  # what is to be done after its end
        self._control = control

    def wait(self, seconds: float | None) -> Ended:
        """Return how the child ended; a guardian that does not answer is an error of ours."""
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
        if self.last is not None:
            self.last()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sandbox:
    """A fork server in its bubblewrap.

    Args:
        role: "student" or "checker".
        unsafe: start it without bubblewrap, with the rights of the user. Never the default.
        nested: fork each child into namespaces of its own; None tries, and falls back to a server
            a submission where the machine refuses.
    """

    def __init__(self, role: str, *, unsafe: bool = False, nested: bool | None = None) -> None:
        self.role, self.unsafe = role, unsafe
        self.nested = (role == "student" and not unsafe) if nested is None else nested
        self._lock = threading.Lock()
        self._jobs = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        if not unsafe:
            require_bubblewrap()

    @property
    def kind(self) -> str:
        """What protects the machine, as results state it."""
        return "none" if self.unsafe else "bubblewrap"

    @property
    def single_use(self) -> bool:
        """True where each submission needs a server of its own."""
        return self.role == "student" and not self.nested and not self.unsafe

    def launch(self) -> None:
        """Start the server; it loads torch while the caller does something else."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = self._command(theirs.fileno())
        self._server = subprocess.Popen(
            command,
            env=_environment(self.unsafe),
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
        if self.role == "student" and self.nested and not self._nests():
            self.stop()
            self.nested = False
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
        server = ["-s", "-m", "autograder.forkserver", *arguments]
        if self.unsafe:
            return [sys.executable, *server, "--same-user"]
        return [*bubblewrap(self.role), f"{_prefix()}/bin/{Path(sys.executable).name}", *server]

    def spawn(self, limits: Limits = DEFAULT) -> Child:
        """Fork one child; it waits for requests.

        Where children get no namespaces of their own, each has a server of its own instead.
        """
        if not self.single_use:
            return self._fork(limits)
        alone = Sandbox(self.role, nested=False)
        try:
            alone.start()
            child = alone._fork(limits)
        except BaseException:
            alone.stop()
            raise
        child.last = alone.stop
        return child

    def _fork(self, limits: Limits) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (take, requests), (responses, answer), (output, write) = os.pipe(), os.pipe(), os.pipe()
        passed = [theirs.fileno(), take, answer, write]
        try:
            with self._lock:
                self._jobs += 1
                job = {"number": self._jobs, "limits": asdict(limits)}
                socket.send_fds(_open(self._control), [json.dumps(job).encode()], passed)
        except BaseException:
            ours.close()
            for fd in (requests, responses, output):
                os.close(fd)
            raise
        finally:
            theirs.close()
            for fd in passed[1:]:
                os.close(fd)
        os.set_blocking(responses, False)
        os.set_blocking(output, False)
        return Child(ours, requests, responses, output)

    def stop(self) -> None:
        """End the server, and with it whatever it forked."""
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


def bubblewrap(role: str) -> list[str]:
    """Return the command line of bubblewrap for one role."""
    root = os.geteuid() == 0
    command = [require_bubblewrap(), "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    command += [] if root else ["--unshare-user"]
    command += ["--cap-drop", "ALL"]
    if root and role == "student":
        for capability in CAPABILITIES:
            command += ["--cap-add", f"CAP_{capability}"]
    size = ["--perms", "1777", "--size", str(DEFAULT.disk), "--tmpfs"]
    command += ["--proc", "/proc", *size, "/tmp"]
    command += ["--perms", "0755", "--dir", "/dev"]
    for device in DEVICES:
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += [*size, "/dev/shm"]
    made: set[str] = set()
    for source, target in _binds(role):
        for parent in reversed(Path(target).parents[:-1]):
            if str(parent) not in made:
                command += ["--perms", "0755", "--dir", str(parent)]
                made.add(str(parent))
        command += _bind(source, target)
        made.add(target)
    for name, value in _environment(False).items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", COURSE, "--remount-ro", "/", "--"]


def _bind(source: str, target: str) -> list[str]:
    if Path(source).is_symlink() and source in SYSTEM:
        return ["--symlink", str(Path(source).readlink()), target]
    return ["--ro-bind", source, target]


def _binds(role: str) -> Iterator[tuple[str, str]]:
    """Yield what is visible inside, as (path outside, path inside)."""
    for path in (*SYSTEM, *ETC):
        if Path(path).exists():
            yield path, path
    if _prefix() != sys.prefix:
        yield os.path.realpath(sys.prefix), _prefix()
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        yield os.path.realpath(sys.base_prefix), sys.base_prefix
    yield str(Path(convbook.__file__).parent), f"{COURSE}/convbook"
    if role == "checker":
        yield str(HERE), f"{COURSE}/autograder"
    else:
        for module in STUDENT_MODULES:
            yield str(HERE / f"{module}.py"), f"{COURSE}/autograder/{module}.py"


def _prefix() -> str:
    """Return the folder of the interpreter's environment as it is seen inside."""
    return sys.prefix if sys.prefix == sys.base_prefix else ENVIRONMENT


def _environment(unsafe: bool) -> dict[str, str]:
    """Return the whole environment of the processes inside."""
    path = f"{HERE.parent}" if unsafe else COURSE
    return {
        "PATH": f"{sys.prefix if unsafe else _prefix()}/bin:/usr/bin:/bin",
        "HOME": "/tmp/home",
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "0",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
