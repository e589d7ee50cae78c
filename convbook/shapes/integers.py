"""Reading sizes: whole numbers, and (height, width) pairs of them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from convbook.errors import ShapeError

#: One number for both axes, or one for each: (height, width).
Size = int | Sequence[int]
Pair = tuple[int, int]


def whole(value: Any, name: str, *, at_least: int = 1) -> int:
    """Return `value` as an int, if it is a whole number that a layer can have.

    Args:
        value: a Python or NumPy integer; bools and floats are refused, 3.0 too.
        name: what the number is, for the message.
        at_least: the smallest number allowed.

    Raises:
        ShapeError: `value` is no integer, or too small.
    """
    rule = f"{name} is a whole number, at least {at_least}"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise ShapeError(
            f"Reading {name}.",
            got=f"{value!r} of type {type(value).__name__}",
            rule=rule,
            next_step="give an int; divide with // where a size is computed",
        )
    if number < at_least:
        raise ShapeError(
            f"Reading {name}.",
            got=str(number),
            rule=rule,
            next_step="check the sign, and the sizes it was computed from",
        )
    return number


def pair(value: object, name: str, *, at_least: int = 1) -> Pair:
    """Return `value` as (height, width): an int stands for both axes.

    Raises:
        ShapeError: a number is no integer or too small, or there are not two of them.
    """
    if not isinstance(value, list | tuple):
        number = whole(value, name, at_least=at_least)
        return number, number
    if len(value) != 2:
        raise ShapeError(
            f"Reading {name}.",
            got=repr(value),
            rule=f"{name} is one whole number, or two: (height, width)",
            next_step="give an int or a pair",
        )
    height, width = (
        whole(part, f"{name} along {axis}", at_least=at_least)
        for part, axis in zip(value, ("H", "W"), strict=True)
    )
    return height, width


def short(sizes: Pair) -> int | Pair:
    """Return one int when both axes agree, the pair (height, width) when they differ."""
    return sizes[0] if sizes[0] == sizes[1] else sizes
