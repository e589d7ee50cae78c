"""Question 3, last item: how much a shift by one pixel changes what pooling gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.arrays import Array, moved, pool
from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer, whole_numbers

_REDUCE: dict[str, Callable[..., Array]] = {"max": np.max, "mean": np.mean}


def _pooled(image: Array, kind: str, k: int, s: int) -> Array:
    """Return the output of the function that `convbook.check.adapters.shift_change` makes."""
    return image if kind == "none" else pool(image, k, s, _REDUCE[kind])


def _pair(image: Array, kind: str, k: int, s: int) -> tuple[Array, Array]:
    """Return what pooling gives for an image, and for the image moved right by one."""
    return _pooled(image, kind, k, s), _pooled(_right(image), kind, k, s)


def _right(image: Array) -> Array:
    return moved(image, 0, 1)


def _relative(changes: Array, outputs: Array) -> float:
    return float(np.abs(changes).sum() / np.abs(outputs).sum())


def shift_change(image: Array, kind: str, k: int, s: int) -> float:
    """Return the sum of |changes| over the sum of |outputs|, for a shift right by one pixel."""
    before, after = _pair(image, kind, k, s)
    return _relative(after - before, before)


def _pooled_first(image: Array, kind: str, k: int, s: int) -> float:
    output = _pooled(image, kind, k, s)
    return _relative(_right(output) - output, output)


def _not_pooled(image: Array, kind: str, k: int, s: int) -> float:
    del kind
    return shift_change(image, "none", k, s)


def _absolute(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pair(image, kind, k, s)
    return float(np.abs(after - before).sum())


def _mean(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pair(image, kind, k, s)
    return float(np.abs(after - before).mean())


def _signed(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pair(image, kind, k, s)
    return float((after - before).sum() / np.abs(before).sum())


def _down(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pooled(image, kind, k, s), _pooled(moved(image, 1, 0), kind, k, s)
    return _relative(after - before, before)


def _left(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pooled(image, kind, k, s), _pooled(moved(image, 0, -1), kind, k, s)
    return _relative(after - before, before)


def _of_the_image(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pair(image, kind, k, s)
    return _relative(after - before, image)


def _plain_sum(image: Array, kind: str, k: int, s: int) -> float:
    before, after = _pair(image, kind, k, s)
    return float(np.abs(after - before).sum() / (before.sum() or 1))


MISCONCEPTIONS = (
    Misconception(
        "pooled-before-moving",
        "The image is pooled first and moved afterwards. Then pooling cannot help.",
        "Move the image, and pool what you get.",
        _pooled_first,
    ),
    Misconception(
        "not-pooled",
        "The function pool is not used: this is the change of the image itself.",
        "What must be compared is what pool makes of both images.",
        _not_pooled,
    ),
    Misconception(
        "absolute",
        "You did not divide: the number depends on how bright and how large the image is.",
        "By what would you divide to get 0.1 when a tenth of the output changed?",
        _absolute,
    ),
    Misconception(
        "mean-change",
        "You took the mean of the changes. It depends on how bright the image is.",
        "Compare the changes with the output, not with the number of cells.",
        _mean,
    ),
    Misconception(
        "signed",
        "The signs are kept, so what is lost here and gained there cancels out.",
        "How much changed when 5 became 3 and 3 became 5?",
        _signed,
    ),
    Misconception(
        "down",
        "The image was moved down. To the right means along the columns.",
        "In what order are the axes of an array of shape (C, H, W)?",
        _down,
    ),
    Misconception(
        "left",
        "The image was moved to the left.",
        "Where does the first column go when the image moves right by one?",
        _left,
    ),
    Misconception(
        "of-the-image",
        "You divided by the image. The change of the output is compared with the output.",
        "How many numbers are there in each of the two sums?",
        _of_the_image,
    ),
    Misconception(
        "plain-sum",
        "The sum below the line keeps the signs, so negative outputs make it too small.",
        "Both sums take sizes, without signs.",
        _plain_sum,
    ),
)


def _case(rng: np.random.Generator, kind: str) -> Arguments:
    k = integer(rng, 2, 3)
    shape = (integer(rng, 1, 3), integer(rng, 6, 9), integer(rng, 10, 13))
    image = whole_numbers(rng, shape, high=9)
    return {"image": image, "kind": kind, "k": k, "s": integer(rng, 2, k)}


def _tells_apart(a: Arguments) -> bool:
    """Whether every mistake that can differ gives another value than the right answer.

    The last ones show least often, and are asked first.
    """
    right = shift_change(**a)
    same_without_pooling = ("pooled-before-moving", "not-pooled", "of-the-image", "left")
    return all(
        abs(known.wrong(**a) - right) > 0.01
        for known in reversed(MISCONCEPTIONS)
        if a["kind"] != "none" or known.id not in same_without_pooling
    )


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw two images each for max, mean and no pooling."""
    return [
        case
        for kind in ("max", "mean", "none")
        for case in covering(rng, partial(_case, kind=kind), [_tells_apart] * 2)
    ]


_SQUARE = np.zeros((1, 8, 8))
_SQUARE[:, 2:5, 2:5] = 4
_SIGNS = np.arange(60, dtype=np.float64).reshape(2, 5, 6) ** 2 % 11 - 4

SHIFT_CHANGE = Item(
    id="q03.shift_change",
    signature="shift_change(image, pool)",
    points=2,
    public=(
        {"image": _SQUARE, "kind": "none", "k": 2, "s": 2},
        {"image": _SQUARE, "kind": "max", "k": 2, "s": 2},
        {"image": _SIGNS, "kind": "max", "k": 2, "s": 2},
        {"image": _SIGNS, "kind": "mean", "k": 3, "s": 2},
    ),
    hidden=_cases,
    reference=shift_change,
    adapter="shift_change",
    misconceptions=MISCONCEPTIONS,
)
