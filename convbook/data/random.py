"""Random numbers that are the same on every machine and with every version of numpy.

Only the raw bits of PCG64 are used: numpy promises their stream for ever, whereas the methods of
`Generator` may change (NEP 19).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Stream:
    """A stream of random numbers named by whole numbers, such as a seed and an epoch."""

    def __init__(self, *names: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(names))

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Return float32 numbers from `low` to below `high`."""
        bits = self._raw(shape) >> np.uint64(40)  # 24 bits: all that a float32 holds exactly
        unit = bits.astype(np.float32) * np.float32(2**-24)  # from 0 to below 1
        return unit * np.float32(high - low) + np.float32(low)

    def integers(self, n: int, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Return whole numbers from 0 to n - 1 (n below 2**31; the bias is below n / 2**32)."""
        return ((self._raw(shape) >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(
            np.int64
        )

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        """Return the whole numbers from 0 to n - 1 in a random order."""
        return np.argsort(self._raw((n,)), kind="stable")

    def _raw(self, shape: tuple[int, ...]) -> npt.NDArray[np.uint64]:
        return self._bits.random_raw(int(np.prod(shape, dtype=np.int64))).reshape(shape)


def permutation(n: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Return the whole numbers from 0 to n - 1 in the order that `seed` names."""
    return Stream(seed).permutation(n)
