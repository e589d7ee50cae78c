"""Question 3: what spatial pooling computes, and what it is for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.arrays import Array, pool
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, whole_numbers
from autograder.questions.q03_shift import SHIFT_CHANGE

Reduce = Callable[..., Array]


def max_pool(image: Array, k: int, s: int) -> Array:
    """Return the largest value of every k by k window: (C, H, W) to (C, H', W')."""
    return pool(image, k, s, np.max)


def avg_pool(image: Array, k: int, s: int) -> Array:
    """Return the mean of every k by k window: (C, H, W) to (C, H', W')."""
    return pool(image, k, s, np.mean)


def _ceiling(reduce: Reduce, image: Array, k: int, s: int) -> Array:
    """Pool windows that stick out at the far border too, over the cells that they have."""
    # A window must at least start inside, which it may not when s > k.
    rows, columns = (
        min(math.ceil((side - k) / s) + 1, math.ceil(side / s)) for side in image.shape[1:]
    )
    output = np.empty((len(image), rows, columns))
    for i in range(rows):
        for j in range(columns):
            cells = image[:, i * s : i * s + k, j * s : j * s + k]
            output[:, i, j] = reduce(cells, axis=(1, 2))
    return output


def _image_case(rng: np.random.Generator, *, below: float | None = None) -> Arguments:
    """Draw an image of quarters, which have no rounding; all `below` a number, if one is given."""
    k = integer(rng, 2, 4)
    shape = (integer(rng, 2, 3), integer(rng, k + 3, 11), integer(rng, k + 3, 11))
    image = whole_numbers(rng, shape, high=36) / 4
    if below is not None:
        image = below - 0.25 - np.abs(image)
    return {"image": image, "k": k, "s": integer(rng, 1, 4)}


def _rectangular(a: Arguments) -> bool:
    return bool(a["image"].shape[1] != a["image"].shape[2])


def _left_over(a: Arguments) -> bool:
    """Whether windows at both far borders stick out when the size is rounded up."""
    return all((side - a["k"]) % a["s"] for side in a["image"].shape[1:])


def _image_cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw images that are not square: overlapping, touching and spaced windows, negatives."""
    return [
        *covering(
            rng,
            _image_case,
            (
                lambda a: a["s"] == a["k"] and _rectangular(a) and not _left_over(a),
                lambda a: a["s"] == 1 and _rectangular(a),
                lambda a: 1 < a["s"] < a["k"] and _rectangular(a) and _left_over(a),
                lambda a: a["s"] > a["k"] and _rectangular(a),
                lambda a: a["s"] == a["k"] and _left_over(a),
            ),
        ),
        *covering(rng, partial(_image_case, below=0), [_rectangular]),
        *covering(rng, partial(_image_case, below=-(10**6)), [_rectangular]),
    ]


_RAMP = np.array([[[1, 5, 2, 0], [3, 4, 7, 1], [8, 0, 6, 6], [2, 9, 3, 5]]], dtype=np.float64)
_COLD = np.array(
    [
        [[-3, -1, -4, -1, -5], [-9, -2, -6, -5, -3], [-5, -8, -9, -7, -9]],
        [[2, -7, 1, 8, 2], [8, -1, 8, 2, 8], [-4, 5, 9, 0, 4]],
    ],
    dtype=np.float64,
)
_PUBLIC_IMAGES: tuple[Arguments, ...] = (
    {"image": _RAMP, "k": 2, "s": 2},
    {"image": _RAMP, "k": 3, "s": 1},
    {"image": _COLD, "k": 2, "s": 2},
    {"image": _COLD, "k": 2, "s": 1},
    {"image": _COLD, "k": 1, "s": 2},
)


_WHOLE: Arguments = {"image": np.array([[[1, 2], [0, 0]]]), "k": 2, "s": 2}


def _pooling_item(
    reference: Callable[..., Array], reduce: Reduce, own: tuple[Misconception, ...]
) -> Item:
    """Return the item of one kind of pooling: what can go wrong with windows is the same."""
    return Item(
        id=f"q03.{reference.__name__}",
        signature=f"{reference.__name__}(image, k, s)",
        points=1,
        public=(*_PUBLIC_IMAGES, _WHOLE),
        hidden=_image_cases,
        reference=reference,
        misconceptions=(
            *own,
            Misconception(
                "ceiling",
                "Windows that stick out of the image were pooled too. Only whole windows count, "
                "as in question 1.",
                "What does your output_size say for this image, with no padding?",
                partial(_ceiling, reduce),
            ),
            Misconception(
                "stride-is-kernel",
                "The stride is ignored: the windows follow each other without overlap or gap.",
                "Where does the second window start when k is 3 and s is 1?",
                lambda **a: pool(a["image"], a["k"], a["k"], reduce),
            ),
            Misconception(
                "stride-is-one",
                "The stride is ignored: the window moves by one cell every time.",
                "Where does the second window start when s is 2?",
                lambda **a: pool(a["image"], a["k"], 1, reduce),
            ),
            Misconception(
                "channels-mixed",
                "The channels were pooled together. Each is pooled by itself.",
                "How many channels does the output have?",
                lambda **a: reduce(pool(a["image"], a["k"], a["s"], reduce), axis=0, keepdims=True),
            ),
        ),
        forbidden=("torch.*pool*",),
    )


def _farthest(image: Array, k: int, s: int) -> Array:
    largest, smallest = max_pool(image, k, s), -max_pool(-image, k, s)
    return np.where(largest >= -smallest, largest, smallest)


MAX_POOL = _pooling_item(
    max_pool,
    np.max,
    (
        Misconception(
            "mean",
            "You took the mean of each window. Max pooling keeps the largest value.",
            "Which number of the window stays, and which are forgotten?",
            avg_pool,
        ),
        Misconception(
            "starts-at-zero",
            "The search for the largest value starts at 0, so negative values are lost.",
            "What is the largest of -3 and -5?",
            lambda **a: np.maximum(max_pool(**a), 0),
        ),
        Misconception(
            "smallest",
            "You kept the smallest value of each window.",
            "Max is short for maximum.",
            lambda **a: pool(a["image"], a["k"], a["s"], np.min),
        ),
        Misconception(
            "largest-size",
            "You kept the value that is farthest from 0. Max pooling keeps the largest one.",
            "What is the largest of -9 and 1?",
            _farthest,
        ),
    ),
)

AVG_POOL = _pooling_item(
    avg_pool,
    np.mean,
    (
        Misconception(
            "maximum",
            "You took the largest value of each window. Average pooling takes the mean.",
            "All numbers of the window count alike.",
            max_pool,
        ),
        Misconception(
            "sum",
            "You added the window up without dividing.",
            "A window full of 1 must give 1.",
            lambda **a: pool(a["image"], a["k"], a["s"], np.sum),
        ),
        Misconception(
            "divided-by-side",
            "You divided by k. A window holds more numbers than that.",
            "A window full of 1 must give 1.",
            lambda **a: pool(a["image"], a["k"], a["s"], np.sum) / a["k"],
        ),
    ),
)

QUESTION = Question(
    id="q03",
    assignment="tp1_layers",
    title="What pooling is for",
    items=(MAX_POOL, AVG_POOL, SHIFT_CHANGE),
    rubric=(
        Criterion(0.75, "Fewer rows and columns: less to compute, and fewer weights later on."),
        Criterion(0.75, "A small shift changes the output little; uses the measured numbers."),
        Criterion(0.5, "Later layers see a larger part of the image through the same kernel."),
    ),
)
