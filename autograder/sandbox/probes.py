"""Which walls stand on this machine: each is tried from inside, as a student would.

One table serves `doctor`, which shows it, and `grade`, which refuses where a wall is missing.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from autograder.sandbox import attempts, bubblewrap
from autograder.sandbox.inside.limits import MIB, Limits
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import AnswerError, Conversation
from convbook.errors import GradingError

LIMITS = Limits(cell_seconds=20, memory=128 * MIB, processes=16, open_files=64, disk=8 * MIB)
SHELLS = ("PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE")  # variables that any process makes itself


@dataclass(frozen=True)
class Probe:
    """One promise, and what tries to break it.

    `dies` is how its process must end, for the limits that end a process, with these `limits`.
    """

    name: str
    attempt: Callable[[attempts.Bait], str]
    dies: str = ""
    limits: Limits = LIMITS


PROBES = (
    Probe("no network of any kind", attempts.network),
    Probe("no files of the course, of the grader or of the machine", attempts.files),
    Probe("no view of other processes or their open files", attempts.processes),
    Probe("no privileges", attempts.privileges),
    Probe("no system calls that reach around the rest", attempts.system_calls),
    Probe("no writing outside of its folders", attempts.writing),
    Probe("a cleared environment", attempts.environment),
    Probe("a limit on disk", attempts.disk),
    Probe("a limit on processes", attempts.many_processes),
    Probe("a limit on open files", attempts.open_files),
    Probe("a limit on processor time", attempts.processor),
    Probe("a limit on memory", attempts.memory, "more memory"),
    Probe("a limit on time", attempts.endless, "ran longer", replace(LIMITS, cell_seconds=0.15)),
)


def reached(sandbox: Sandbox) -> dict[Probe, str]:
    """Try everything at once; return what each attempt reached, "" where its wall held."""
    quick = [probe for probe in PROBES if not probe.dies]
    deadly = [probe for probe in PROBES if probe.dies]
    with _bait(sandbox) as bait, ThreadPoolExecutor(len(deadly)) as pool:
        ends = {probe: pool.submit(_until_it_dies, sandbox, probe, bait) for probe in deadly}
        found = _one_after_the_other(sandbox, quick, bait)
        found |= {probe: end.result() for probe, end in ends.items()}
    return {probe: found[probe] for probe in PROBES}


def require(sandbox: Sandbox) -> None:
    """Refuse to grade where an attempt gets through.

    Raises:
        GradingError: names the walls that are missing.
    """
    refuse({probe: what for probe, what in reached(sandbox).items() if what})


def refuse(missing: dict[Probe, str]) -> None:
    """Raise a GradingError that names these, if there are any."""
    if missing:
        raise GradingError(
            "Trying the sandbox, before student code runs in it.",
            got="; ".join(f"{probe.name!r} does not hold: {missing[probe]}" for probe in missing),
            rule="student code runs behind all of its walls, or not at all",
            next_step="`python -m autograder doctor` shows all of them; grade on another machine, "
            "or in a virtual one that gives what is missing",
        )


def _one_after_the_other(
    sandbox: Sandbox, probes: list[Probe], bait: attempts.Bait
) -> dict[Probe, str]:
    names = ", ".join(probe.attempt.__name__ for probe in probes)
    printed, error = _run(sandbox, f"print(json.dumps(each(BAIT, [{names}])))", bait, LIMITS)
    try:
        answers = json.loads(printed)
    except ValueError:
        answers = [f"no answer: {(printed + error)[-300:]}"] * len(probes)
    return dict(zip(probes, answers, strict=True))


def _until_it_dies(sandbox: Sandbox, probe: Probe, bait: attempts.Bait) -> str:
    last = f"print({probe.attempt.__name__}(BAIT))"
    printed, error = _run(sandbox, last, bait, probe.limits)
    return "" if probe.dies in error else (printed + error).strip()[:300] or "it lived"


def _run(sandbox: Sandbox, last: str, bait: attempts.Bait, limits: Limits) -> tuple[str, str]:
    """Run the attempts with one more line in a child; return what it printed, and its error."""
    source = f"{inspect.getsource(attempts)}\nBAIT = {bait!r}\n{last}\n"
    with sandbox.spawn(limits) as child:
        until = time.monotonic() + limits.total_seconds
        talk = Conversation(child, limits, until, threading.Event())
        try:
            answer = talk.ask({"do": "cell", "source": source}, (), limits.cell_seconds)
        except AnswerError as failure:
            return talk.take_output()[0], failure.words
        return talk.take_output()[0], str(answer.body.get("error") or "")


@contextlib.contextmanager
def _bait(sandbox: Sandbox) -> Iterator[attempts.Bait]:
    """Lay out what must not be reached: ports, sockets, files, variables."""
    name = f"convbook-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="convbook-")))
        port = 0
        for family, kind, address in (
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"),
            (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
        ):
            listener = stack.enter_context(socket.socket(family, kind))
            listener.bind(address)
            listener.listen()
            port = port or listener.getsockname()[1]
        yield {
            "port": port,
            "abstract": name,
            "socket": str(folder / "socket"),
            "paths": [str(folder), *_paths(sandbox)],
            "variables": sorted({*os.environ} - {*bubblewrap.environment(False), *SHELLS}),
            "limits": asdict(LIMITS),
        }


def _paths(sandbox: Sandbox) -> list[str]:
    """Return files and folders that must be nowhere inside."""
    found = {"/etc/passwd", "/etc/shadow", "/run", "/var", "/sys", "/boot"}
    folders, home = [*sandbox.hidden], Path.home()
    if home != Path("/") and not home.is_relative_to("/usr"):
        folders.append(home)
    for folder in folders:
        with contextlib.suppress(OSError):
            found |= {str(path) for path in folder.iterdir()}
    # An interpreter in the home folder is seen where it is, with the folders above it.
    base = Path(sys.base_prefix)
    return sorted(path for path in found if not base.is_relative_to(path))[:500]
