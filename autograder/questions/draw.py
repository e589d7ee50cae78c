"""Draw hidden cases that are random, yet sure to cover what they must."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from autograder.questions.definition import Arguments
from convbook.errors import GradingError

TRIES = 10_000


def covering(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], Arguments],
    conditions: Iterable[Callable[[Arguments], bool]],
) -> list[Arguments]:
    """Return one drawn case for each condition, in order, each fulfilling its own.

    Raises:
        GradingError: a condition that `draw` never fulfils.
    """
    return [_fulfilling(rng, draw, condition) for condition in conditions]


def _fulfilling(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], Arguments],
    condition: Callable[[Arguments], bool],
) -> Arguments:
    for _ in range(TRIES):
        arguments = draw(rng)
        if condition(arguments):
            return arguments
    raise GradingError(
        "Drawing a hidden case.",
        got=f"{TRIES} draws, none of which fulfils its condition",
        rule="every condition must be met by some draws",
        next_step="widen the draw, or correct the condition",
    )


def integer(rng: np.random.Generator, low: int, high: int) -> int:
    """Return a random int in low…high, both included."""
    return int(rng.integers(low, high + 1))


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], *, high: int = 5) -> np.ndarray:
    """Return an array of random whole numbers in -high…high, as floats: sums of them are exact."""
    return rng.integers(-high, high + 1, size=shape).astype(np.float64)
