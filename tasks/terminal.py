"""What the tasks say, and how they run other programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from tasks import ROOT


def step(message: str) -> None:
    """Say what is being done now."""
    print(f"→ {message}", flush=True)


def stop(message: str) -> NoReturn:
    """End the task: the message says what is wrong and what to do."""
    print(f"\n{message}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def run(command: Sequence[str | os.PathLike[str]], *, env: dict[str, str] | None = None) -> None:
    """Run a program in the repository's root; a failure ends the task with its exit status."""
    status = subprocess.run(list(command), cwd=ROOT, env=env, check=False).returncode
    if status:
        shown = " ".join(os.fspath(word) for word in command)
        print(f"\n`{shown}` failed (exit status {status}).", file=sys.stderr, flush=True)
        raise SystemExit(status if status > 0 else 128 - status)
