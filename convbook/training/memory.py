"""Memory that a training run frees is kept for its next update instead of given back.

A step allocates and frees tensors of several megabytes. The GNU C library gives such blocks back
to the operating system at once, which then hands out and clears new pages at each step: in the
practical's network that takes longer than the batch normalisation.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Numbers of the settings in glibc's <malloc.h>, in bytes but for the last, a count of blocks.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
KEPT = {M_TRIM_THRESHOLD: 2**31 - 1, M_MMAP_MAX: 0}
# What glibc itself comes to in a program that frees large blocks.
USUAL = {M_TRIM_THRESHOLD: 2**26, M_MMAP_THRESHOLD: 2**25, M_MMAP_MAX: 2**16}


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed memory inside, and give what is free back afterwards.

    Without the GNU C library nothing changes.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "malloc_trim"):
        yield
        return
    for setting, value in KEPT.items():
        library.mallopt(setting, value)
    try:
        yield
    finally:
        for setting, value in USUAL.items():
            library.mallopt(setting, value)
        library.malloc_trim(0)
