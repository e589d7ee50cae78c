"""Is a plain value the expected one, and if not, what is the first difference?"""

from __future__ import annotations

import math

import numpy as np

from convbook.check.plain import Plain, show
from convbook.texts import text


def difference(expected: Plain, got: Plain, tolerance: float) -> str | None:
    """Return the first difference in words, or None when `got` is right.

    Whole numbers must be equal and of type int. Other numbers may differ by `tolerance`, both
    absolute and relative to the expected value. A list may be given as a one-axis array and the
    other way round.
    """
    if isinstance(expected, np.ndarray):
        return _array_difference(expected, got, tolerance)
    if isinstance(expected, list):
        return _list_difference(expected, got, tolerance)
    if isinstance(expected, dict):
        return _dict_difference(expected, got, tolerance)
    if type(expected) is int:
        return _whole_difference(expected, got)
    if type(expected) is float:
        return _number_difference(expected, got, tolerance)
    if type(got) is type(expected) and got == expected:
        return None
    return text("check.other_value", expected=show(expected), got=show(got))


def _whole_difference(expected: int, got: Plain) -> str | None:
    if type(got) is int:
        return (
            None if got == expected else text("check.other_value", expected=expected, got=show(got))
        )
    if type(got) is float:
        return text("check.right_but_float" if got == expected else "check.float_for_int", got=got)
    return _kind_difference("check.kinds.int", got)


def _number_difference(expected: float, got: Plain, tolerance: float) -> str | None:
    if type(got) not in (int, float):
        return _kind_difference("check.kinds.float", got)
    try:
        number = float(got)
    except OverflowError:  # an int that no float can be near
        return text("check.other_value", expected=show(expected), got=show(got))
    if math.isnan(number):
        return None if math.isnan(expected) else text("check.nan", expected=show(expected))
    room = tolerance * (1 + abs(expected)) if math.isfinite(expected) else 0  # as `np.isclose` has
    if number == expected or abs(number - expected) <= room:
        return None
    return text("check.other_value", expected=show(expected), got=show(got))


def _list_difference(expected: list[Plain], got: Plain, tolerance: float) -> str | None:
    values = got.tolist() if isinstance(got, np.ndarray) else got
    if not isinstance(values, list):
        return _kind_difference("check.kinds.list", got)
    if len(values) != len(expected):
        return text("check.other_length", expected=len(expected), got=len(values))
    for place, (wanted, value) in enumerate(zip(expected, values, strict=True)):
        if (words := difference(wanted, value, tolerance)) is not None:
            return text("check.at_place", place=place, words=words)
    return None


def _dict_difference(expected: dict[str, Plain], got: Plain, tolerance: float) -> str | None:
    if not isinstance(got, dict):
        return _kind_difference("check.kinds.dict", got)
    if set(got) != set(expected):
        return text("check.other_keys", expected=sorted(expected), got=show(sorted(got)))
    for key, wanted in expected.items():
        if (words := difference(wanted, got[key], tolerance)) is not None:
            return text("check.at_key", name=key, words=words)
    return None


def _array_difference(expected: np.ndarray, got: Plain, tolerance: float) -> str | None:
    array = as_array(got)
    if array is None:
        return _kind_difference("check.kinds.array", got)
    if array.shape != expected.shape:
        return text("check.other_shape", expected=expected.shape, got=array.shape)
    close = _close(array, expected, tolerance)
    if close.all():
        return None
    first = tuple(int(index) for index in np.argwhere(~close)[0])
    if np.isnan(array[first]):
        return text("check.nan_at", place=first)
    return text(
        "check.other_numbers",
        wrong=int((~close).sum()),
        total=close.size,
        place=first,
        expected=show(expected[first].item()),
        got=show(array[first].item()),
    )


def _close(array: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """Return what `np.isclose` gives; where all is finite, in a third of its time."""
    if np.isfinite(expected).all():
        with np.errstate(over="ignore"):
            distance = np.abs(np.subtract(array, expected, dtype=np.float64))
        return np.asarray(distance <= tolerance + tolerance * np.abs(expected))
    return np.asarray(np.isclose(array, expected, rtol=tolerance, atol=tolerance, equal_nan=True))


def as_array(value: Plain) -> np.ndarray | None:
    """Return a value as an array of numbers, or None if it is none."""
    if isinstance(value, list):
        try:
            value = np.array(value)
        except ValueError:  # rows of different lengths
            return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    return None


def _kind_difference(wanted: str, got: Plain) -> str:
    return text("check.other_kind", expected=text(wanted), got=_kind(got))


def _kind(value: Plain) -> str:
    if value is None:
        return text("check.kinds.nothing")
    if isinstance(value, np.ndarray):
        return text("check.kinds.array_of", shape=value.shape)
    return text("check.kinds.one", kind=type(value).__name__, value=show(value))
