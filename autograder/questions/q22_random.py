"""Question 22, last item: a random crop for each image, and a mirror image every other time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import integer

OWN_HELPER = ("convbook.data.augment",)
COPIES = 300  # of each image: by luck, a place is missed with a probability below 1e-20

# The top, left and flip of each of n images, given (rows, columns) of places and random numbers.
Choose = Callable[[np.random.Generator, int, int, int], tuple[Array, Array, Array]]


def _choose(
    rng: np.random.Generator, n: int, rows: int, columns: int
) -> tuple[Array, Array, Array]:
    return rng.integers(rows, size=n), rng.integers(columns, size=n), rng.random(n) < 0.5


def augment(images: Array, copies: int, size: int, seed: int) -> Array:
    """Return one right batch; what is compared are the facts that `measures.augmented` finds."""
    return _cut(images, copies, size, seed, _choose)


def _cut(images: Array, copies: int, size: int, seed: int, choose: Choose) -> Array:
    batch = np.repeat(images, copies, axis=0)
    n, _, height, width = batch.shape
    windows = np.lib.stride_tricks.sliding_window_view(batch, (size, size), axis=(2, 3))
    top, left, flip = choose(np.random.default_rng(seed), n, height - size + 1, width - size + 1)
    crops: Array = windows[np.arange(n), :, top, left]
    return np.where(flip[:, None, None, None], crops[..., ::-1], crops)


def _wrong(choose: Choose) -> Callable[..., Array]:
    return lambda images, copies, size, seed: _cut(images, copies, size, seed, choose)


def _once(rng: np.random.Generator, n: int, rows: int, columns: int) -> tuple[Array, Array, Array]:
    """Draw once for the whole batch, the mirror too: it is there or it is not."""
    top, left, _ = _choose(rng, 1, rows, columns)
    return top.repeat(n), left.repeat(n), np.zeros(n, dtype=bool)


def _upside_down(images: Array, copies: int, size: int, seed: int) -> Array:
    batch = augment(images, copies, size, seed)
    batch[::2] = batch[::2, :, ::-1]
    return batch


def _case(rng: np.random.Generator, rows: int, columns: int) -> Arguments:
    """Draw two images; a crop of 4 by 4 fits at `rows` by `columns` places."""
    size = 4
    shape = (2, 2, size + rows - 1, size + columns - 1)
    images = rng.integers(0, 256, size=shape, dtype=np.uint8)
    return {"images": images, "copies": COPIES, "size": size, "seed": integer(rng, 0, 10**6)}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    return [_case(rng, 3, 4), _case(rng, 4, 2), _case(rng, 2, 3)]


_PUBLIC = (np.arange(2 * 2 * 5 * 6) * 37 % 251).astype(np.uint8).reshape(2, 2, 5, 6)

AUGMENT = Item(
    id="q22.augment",
    signature="augment(images, size, rng)",
    points=2,
    public=(
        {"images": _PUBLIC, "copies": COPIES, "size": 4, "seed": 1},
        {"images": _PUBLIC[:, :, :, :5], "copies": COPIES, "size": 4, "seed": 2},
    ),
    hidden=_cases,
    reference=augment,
    adapter="augment",
    measure="augmented",
    misconceptions=(
        Misconception(
            "never-mirrored",
            "No image is mirrored.",
            "Half of the images shall be mirrored: which ones, you draw.",
            _wrong(lambda *a: (*_choose(*a)[:2], np.zeros(a[1], dtype=bool))),
        ),
        Misconception(
            "always-mirrored",
            "Every image is mirrored.",
            "Half of the images shall be mirrored: which ones, you draw.",
            _wrong(lambda *a: (*_choose(*a)[:2], np.ones(a[1], dtype=bool))),
        ),
        Misconception(
            "mirrored-too-rarely",
            "The images are not mirrored half of the time.",
            "With which probability is rng.random() below a number p?",
            _wrong(lambda *a: (*_choose(*a)[:2], a[0].random(a[1]) < 0.2)),
        ),
        Misconception(
            "drawn-once",
            "One place and one flip are drawn for the whole batch.",
            "How many places must be drawn for n images?",
            _wrong(_once),
        ),
        Misconception(
            "fixed-place",
            "All windows come from the same place.",
            "At how many places does a window of the size fit on each axis?",
            _wrong(lambda *a: (0 * _choose(*a)[0], 0 * _choose(*a)[1], _choose(*a)[2])),
        ),
        Misconception(
            "last-place-missed",
            "Some places never come up. The upper bound of rng.integers is not drawn itself.",
            "At how many places does a window of 4 fit on a side of 5?",
            _wrong(lambda rng, n, rows, columns: _choose(rng, n, rows - 1, max(columns - 1, 1))),
        ),
        Misconception(
            "upside-down",
            "Some outputs are no crops of their image, mirrored or not: they stand on their head.",
            "Which axis of (N, C, H, W) holds the columns?",
            _upside_down,
        ),
    ),
    forbidden=OWN_HELPER,
)
