"""The fork server's own count of memory, where no control group counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from autograder.sandbox.inside import watch
from autograder.sandbox.inside.limits import MIB

EACH = 32 * MIB
PARENT = f"""
import os, time
for _ in range(4):
    if os.fork() == 0:
        held = b"x" * {EACH}
        os.write(1, b"ready\\n")
        time.sleep(60)
time.sleep(60)
"""


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose four children hold 32 MiB each."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        for _ in range(4):
            assert parent.stdout.readline() == b"ready\n"
        yield parent
        os.killpg(parent.pid, 9)


def below(parent: subprocess.Popen[bytes], limit: int) -> watch.Watched:
    processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    return watch.Watched(processes, parent.pid, limit, preloaded=0)


def test_what_all_of_them_hold_counts(family: subprocess.Popen[bytes]) -> None:
    assert below(family, 3 * EACH).exceeded()
    assert not below(family, 8 * EACH).exceeded()


def test_processes_that_end_while_they_are_counted_count_nothing(
    family: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_all_end(processes: int, pid: int) -> int:
        seen.append(own(processes, pid))
        if sum(seen) > 4 * EACH:
            os.killpg(family.pid, 9)
            assert family.stdout is not None
            family.stdout.read()  # to its end: the last of them has given its memory back
        return seen[-1]

    seen: list[int] = []
    own = watch.own
    monkeypatch.setattr(watch, "own", and_all_end)
    assert not below(family, 3 * EACH).exceeded()
    assert sum(seen) > 4 * EACH
