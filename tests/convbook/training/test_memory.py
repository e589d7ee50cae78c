import platform
import sys

import pytest

from convbook.training.memory import kept_memory

SCRIPT = """
import torch
from pathlib import Path
from convbook.training.memory import kept_memory

def resident():  # MiB
    line = Path("/proc/self/status").read_text().split("VmRSS:")[1]
    return int(line.split()[0]) / 1024

def faults():
    return int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[7])

def step():
    return torch.ones(2**22).sum()  # 16 MiB, freed at once

def count():
    before = faults()
    for _ in range(20):
        step()
    return faults() - before

at_first = resident()
with kept_memory():
    step()
    print(count())
    large = [torch.ones(2**22) for _ in range(16)]
    del large
    print(resident() - at_first)
print(resident() - at_first)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="a setting of glibc"
)
def test_freed_memory_is_used_again_and_given_back_at_the_end(python):
    done = python(SCRIPT)
    assert not done.stderr
    new_pages, inside, afterwards = map(float, done.stdout.split())
    assert new_pages < 5 * 4096  # of 20 x 4096: a step asks for 4096 where none are kept
    assert inside > 200  # MiB of the 256 that were used
    assert afterwards < 60


def test_what_is_raised_inside_comes_through():
    with pytest.raises(KeyError), kept_memory():
        raise KeyError


@pytest.mark.parametrize("machine", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch, machine):
    monkeypatch.setattr("sys.platform", machine)
    monkeypatch.setattr("ctypes.CDLL", lambda *_: pytest.fail("asked for the C library"))
    with kept_memory():
        pass
