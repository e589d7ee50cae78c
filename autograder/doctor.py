"""`python -m autograder doctor`: try, from inside the sandbox, what student code must not do."""

from __future__ import annotations

import argparse
import os
import time

from autograder.sandbox import probes
from autograder.sandbox.sandbox import Sandbox


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command: none."""
    del parser


def run(_args: argparse.Namespace) -> int:
    """Try every wall and show it.

    Raises:
        GradingError: one does not hold.
    """
    start = time.monotonic()
    with Sandbox("student") as sandbox:
        user = "root" if os.geteuid() == 0 else "an ordinary user"
        how = "a namespace a submission" if sandbox.nested else "a server a submission (slower)"
        print(f"bubblewrap, as {user}, {how}; ready in {time.monotonic() - start:.1f} s")
        print(f"memory and processes: {sandbox.accounting}")
        start = time.monotonic()
        reached = probes.reached(sandbox)
    for probe, what in reached.items():
        print(f"  ✗ {probe.name}: {what}" if what else f"  ✓ {probe.name}")
    probes.refuse({probe: what for probe, what in reached.items() if what})
    print(f"All hold (tried in {time.monotonic() - start:.1f} s). This machine can grade.")
    return 0
