"""What a fork server does to its memory, so that its children copy little of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A process whose memory is full of gaps, on every second page one, and a child of it that
# allocates as many objects as would go into a part of them; it prints how many pages that took.
GAPS = """
import gc, os, resource
from autograder.sandbox.inside import memory

held = [bytes(SIZE) for _ in range(50_000)]
for k in range(0, 50_000, 8000 // SIZE):
    held[k] = None
gc.collect()
gc.freeze()
memory.fill_gaps()
if os.fork() == 0:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    taken = [bytes(SIZE) for _ in range(1000)]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    raise SystemExit
os.wait()
"""
BESIDE = 200  # pages, for the interpreter's own work


@pytest.mark.parametrize("size", [150, 1000])  # of Python's own memory, of the C library's
def test_what_a_child_allocates_lies_together(size: int) -> None:
    command = [sys.executable, "-c", GAPS.replace("SIZE", str(size))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1000 * size / 4096 + BESIDE
