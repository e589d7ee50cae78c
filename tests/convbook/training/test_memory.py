import platform
import sys

import pytest

from convbook.training.memory import kept_memory

SCRIPT = """
import torch
from pathlib import Path
from convbook.training.memory import kept_memory

def faults():  # pages asked for so far
    return int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[7])

def resident():  # MiB
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

def steps(n):
    for _ in range(n):
        torch.ones(12 * 2**20)  # 48 MiB, freed at once; glibc by itself never keeps that much

at_first = resident()
with kept_memory():
    steps(2)
    before = faults()
    steps(20)
    print(faults() - before, resident() - at_first)
print(resident() - at_first)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="a setting of glibc"
)
def test_freed_memory_is_used_again_and_given_back_at_the_end(python):
    done = python(SCRIPT)
    assert not done.stderr
    asked_for, inside, afterwards = map(float, done.stdout.split())
    assert asked_for < 20 * 12288 / 4  # pages; steps that keep nothing ask for 12288 each
    assert inside > 40
    assert afterwards < 10


def test_what_is_raised_inside_comes_through():
    with pytest.raises(KeyError), kept_memory():
        raise KeyError


@pytest.mark.parametrize("machine", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch, machine):
    monkeypatch.setattr("sys.platform", machine)
    monkeypatch.setattr("ctypes.CDLL", lambda *_: pytest.fail("asked for the C library"))
    with kept_memory():
        pass
