"""`python -m autograder doctor`: try, from inside the sandbox, what student code must not do."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from dataclasses import dataclass

from autograder import session
from autograder.limits import MIB, Limits
from autograder.sandbox import Sandbox
from autograder.session import Cell
from convbook.errors import GradingError

LIMITS = Limits(
    cell_seconds=10,
    total_seconds=60,
    memory=256 * MIB,
    disk=16 * MIB,
    restarts=1,
)


@dataclass(frozen=True)
class Probe:
    """One promise: what must hold, and code that prints "held" when it does.

    `dies` is how its process must end, for the limits that end a process.
    """

    name: str
    source: str
    dies: str = ""
    matters: bool = True


PROBES = (
    Probe(
        "no network",
        """
import socket
def reach(family, address):
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)
            return True
    except OSError:
        return False
addresses = [(socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("127.0.0.1", 53)),
             (socket.AF_INET6, ("::1", 53))]
print("reached" if any(reach(*address) for address in addresses) else "held")
""",
    ),
    Probe(
        "no course files",
        """
import os
names = {name for root, _, names in os.walk("/course") for name in names}
homes = os.path.exists("/home") and os.listdir("/home")
print("seen" if homes or "register.py" in names or os.path.exists("/proc/1/root") else "held")
""",
    ),
    Probe(
        "no view of other processes",
        """
import os
print("seen" if any(name.isdigit() for name in os.listdir("/proc")) else "held")
""",
        matters=False,
    ),
    Probe(
        "no privileges",
        """
import os
try:
    os.setuid(0)
    print("root")
except OSError:
    print("held" if os.getuid() and os.geteuid() else "root")
""",
    ),
    Probe(
        "no writing outside its folder",
        """
import os
def writes(path):
    try:
        with open(path + "/probe", "w"):
            return True
    except OSError:
        return False
places = ["/", "/usr", "/dev", "/course", os.path.dirname(os.__file__)]
print([place for place in places if writes(place)] or "held")
""",
    ),
    Probe(
        "a cleared environment",
        "import os; print('seen' if 'CONVBOOK_DOCTOR' in os.environ else 'held')",
    ),
    Probe(
        "a limit on disk",
        """
try:
    with open("probe", "wb") as file:
        file.write(bytes(64 * 2**20))
    print("wrote 64 MB")
except OSError:
    print("held")
""",
    ),
    Probe(
        "a limit on processes",
        """
import os, signal, time
children = []
try:
    for _ in range(500):
        pid = os.fork()
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        children.append(pid)
    print("forked 500 times")
except OSError:
    print("held")
for pid in children:
    os.kill(pid, signal.SIGKILL)
""",
    ),
    Probe("a limit on memory", "hoard = b'x' * (1024 * 2**20)\nwhile True: pass", dies="memory"),
    Probe("a limit on time", "while True: pass", dies="ran longer"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command: none."""
    del parser


def run(_args: argparse.Namespace) -> int:
    """Try every protection; 1 when one that matters does not hold."""
    os.environ["CONVBOOK_DOCTOR"] = "must not be seen"
    start = time.monotonic()
    try:
        with Sandbox("student") as sandbox:
            user = "root" if os.geteuid() == 0 else "an ordinary user"
            how = "a namespace a submission" if sandbox.nested else "a server a submission (slower)"
            print(f"bubblewrap, as {user}, {how}; ready in {time.monotonic() - start:.1f} s")
            broken = [probe for probe in PROBES if not _holds(sandbox, probe)]
    finally:
        del os.environ["CONVBOOK_DOCTOR"]
    missing = [probe.name for probe in broken if probe.matters]
    if missing:
        raise GradingError(
            "Trying the sandbox.",
            got=f"these do not hold: {', '.join(missing)}",
            rule="student code is graded behind all of them",
            next_step="do not grade on this machine; use another, or a virtual machine",
        )
    print("This machine can grade.")
    return 0


def _holds(sandbox: Sandbox, probe: Probe) -> bool:
    ran = session.run(sandbox, [Cell("probe", probe.source)], [], LIMITS, threading.Event())
    cell = ran.cells[0]
    held = probe.dies in cell.error if probe.dies else cell.output.strip() == "held"
    found = "" if held else f": {(cell.output + cell.error).strip()[:200]}"
    sign = "✓" if held else "✗" if probe.matters else "-"
    print(f"  {sign} {probe.name}{found}", file=sys.stdout, flush=True)
    return held
