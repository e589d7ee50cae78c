"""Draw hidden cases that are random, yet sure to cover what they must."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from autograder.questions.definition import Arguments, Misconception
from convbook.check.compare import difference
from convbook.check.plain import Plain
from convbook.errors import GradingError

TRIES = 10_000
Value = TypeVar("Value")


def covering(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], Arguments],
    conditions: Iterable[Callable[[Arguments], bool]],
) -> list[Arguments]:
    """Return one drawn case for each condition, in order, each fulfilling its own.

    Every draw is offered to all conditions that still lack a case, so that the rarest one alone
    decides how many draws it takes.

    Raises:
        GradingError: a condition that `draw` never fulfils.
    """
    lacking = list(enumerate(conditions))
    found: dict[int, Arguments] = {}
    for _ in range(TRIES):
        if not lacking:
            return [found[place] for place in sorted(found)]
        arguments = draw(rng)
        fulfilled = _first_fulfilled(arguments, lacking)
        if fulfilled is not None:
            place, _condition = lacking.pop(fulfilled)
            found[place] = arguments
    raise GradingError(
        "Drawing a hidden case.",
        got=f"{TRIES} draws, none of which fulfils its condition",
        rule="every condition must be met by some draws",
        next_step="widen the draw, or correct the condition",
    )


def _first_fulfilled(
    arguments: Arguments, lacking: list[tuple[int, Callable[[Arguments], bool]]]
) -> int | None:
    """Return where in `lacking` a condition holds; one that stands there twice is asked once."""
    refused = set()
    for index, (_place, condition) in enumerate(lacking):
        if condition in refused:
            continue
        if condition(arguments):
            return index
        refused.add(condition)
    return None


def telling_apart(
    reference: Callable[..., Plain], mistakes: Iterable[Misconception], *, by: float = 0.01
) -> Callable[[Arguments], bool]:
    """Return the condition that every mistake shows: no number within `by` stands for the right."""

    def tells_apart(arguments: Arguments) -> bool:
        right = reference(**arguments)
        return all(difference(right, known.wrong(**arguments), by) for known in mistakes)

    return tells_apart


def integer(rng: np.random.Generator, low: int, high: int) -> int:
    """Return a random int in low…high, both included."""
    return low + int(rng.random() * (high + 1 - low))  # five times as fast as rng.integers


def one_of(rng: np.random.Generator, values: Sequence[Value]) -> Value:
    """Return one of the values."""
    return values[integer(rng, 0, len(values) - 1)]


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], *, high: int = 5) -> np.ndarray:
    """Return an array of random whole numbers in -high…high, as floats: sums of them are exact."""
    return rng.integers(-high, high + 1, size=shape).astype(np.float64)
