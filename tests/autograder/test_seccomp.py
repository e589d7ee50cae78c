"""The filter of system calls: what it refuses, on both kinds of processor, and what still works."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.inside import seccomp

ROOT = Path(__file__).parents[2]
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ALLOW, ENOSYS, EPERM, EAFNOSUPPORT, KILL = "allow", 38, 1, 97, "kill"


def verdict(machine: str, call: str | int, *arguments: int, audit: int | None = None) -> str | int:
    """What the kernel would do: a small interpreter of the instructions that the filter uses."""
    own, column = seccomp.MACHINES[machine]
    tables = seccomp.REFUSED | seccomp.ARGUMENTS
    number = tables[call][column] if isinstance(call, str) else call
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, own if audit is None else audit, 0, *padded)
    code = seccomp.program(machine)
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, value = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif operation == 0x54:
            accumulator &= value
        elif operation in (0x15, 0x35):
            true = accumulator == value if operation == 0x15 else accumulator >= value
            at += if_true if true else if_false
        else:
            assert operation == 0x06
            if value == 0x80000000:
                return KILL
            return ALLOW if value == 0x7FFF0000 else value & 0xFFFF


CASES = [
    *((name, (), ENOSYS) for name in seccomp.REFUSED),
    ("clone", (0x003D0F00,), ALLOW),  # a thread
    ("clone", (17,), ALLOW),  # fork
    *(("clone", (flag | 17,), EPERM) for flag in (1 << 17, 1 << 25, 1 << 28, 1 << 29, 1 << 30)),
    ("mmap", (0, 4096, 3, 0x22), ALLOW),  # private memory
    ("mmap", (0, 4096, 3, 0x01), ALLOW),  # a file
    ("mmap", (0, 4096, 3, 0x21), EPERM),  # shared memory of no file
    ("socket", (1, 1), ALLOW),
    *(("socket", (family, 1), EAFNOSUPPORT) for family in (0, 2, 10, 16, 17, 38, 40)),
    ("socketpair", (1, 1), ALLOW),
    ("socketpair", (30, 1), EAFNOSUPPORT),
    (0, (), ALLOW),
    (1000, (), ALLOW),
]


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_what_is_refused(machine: str) -> None:
    for call, arguments, expected in CASES:
        assert (call, arguments, verdict(machine, call, *arguments)) == (call, arguments, expected)


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_calls_of_another_machine_end_the_process(machine: str) -> None:
    assert verdict(machine, 1, audit=0x40000003) == KILL  # 32-bit x86, whose numbers are others


def test_the_other_calls_of_x86_are_refused() -> None:
    assert verdict("x86_64", 0x40000000 + 41, 2, 1) == ENOSYS


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_numbers_are_those_of_the_kernel(machine: str) -> None:
    path = HEADERS[machine]
    if not path.exists():
        pytest.skip("no headers of the kernel here")
    text = path.read_text(encoding="utf-8")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    column = seccomp.MACHINES[machine][1]
    newer = {"memfd_secret"}  # in no header older than Linux 5.14
    for name, numbers in (seccomp.REFUSED | seccomp.ARGUMENTS).items():
        if name in found or name not in newer:
            assert (name, found[name]) == (name, str(numbers[column]))


def filtered(script: str) -> str:
    """What a Python process prints that put the filter on itself."""
    start = (
        "from autograder.sandbox.inside import linux, seccomp\n"
        "linux.set_no_new_privileges()\nseccomp.install()"
    )
    command = [sys.executable, "-c", f"{start}\n{script}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a filter of Linux")
def test_the_kernel_takes_the_filter() -> None:
    script = """
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
column = seccomp.MACHINES[platform.machine()][1]
for name, numbers in seccomp.REFUSED.items():
    result = libc.syscall(numbers[column], -1, -1, -1, -1, -1)
    if (result, ctypes.get_errno()) != (-1, errno.ENOSYS):
        print(name, result)
print("all refused")
"""
    assert filtered(script) == "all refused\n"


def test_what_notebooks_need_works_behind_the_filter() -> None:
    script = """
import asyncio, subprocess, sys, threading
from concurrent.futures import ProcessPoolExecutor
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
print(subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True).stdout)
async def main(): await asyncio.sleep(0); print("loop")
asyncio.run(main())
with ProcessPoolExecutor(1) as pool: print(list(pool.map(abs, [-1])))
"""
    assert filtered(script) == "thread\nb'child\\n'\nloop\n[1]\n"
