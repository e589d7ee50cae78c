"""Question 22, last item: a random crop for each image, and a mirror image every other time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import integer
from convbook.check.measures import thrice

OWN_HELPER = ("convbook.data.augment",)
COPIES = 1000  # of each image: by luck, a place is missed with a probability below 1e-70

# The top, left and flip of each of n images, given (rows, columns) of places and random numbers.
Choose = Callable[[np.random.Generator, int, int, int], tuple[Array, Array, Array]]


def _choose(
    rng: np.random.Generator, n: int, rows: int, columns: int
) -> tuple[Array, Array, Array]:
    return rng.integers(rows, size=n), rng.integers(columns, size=n), rng.random(n) < 0.5


def _drawing(choose: Choose) -> Callable[..., dict[str, Array]]:
    """Return what the adapter tells of windows that are so chosen."""
    return lambda images, copies, size, seed: thrice(
        lambda each: _cut(images, copies, size, each, choose), seed
    )


def _cut(images: Array, copies: int, size: int, seed: int, choose: Choose) -> Array:
    batch = np.repeat(images, copies, axis=0)
    n, _, height, width = batch.shape
    windows = np.lib.stride_tricks.sliding_window_view(batch, (size, size), axis=(2, 3))
    top, left, flip = choose(np.random.default_rng(seed), n, height - size + 1, width - size + 1)
    crops: Array = windows[np.arange(n), :, top, left]
    return np.where(flip[:, None, None, None], crops[..., ::-1], crops)


def augment(**arguments: Any) -> dict[str, Array]:
    """Return the batches of a right answer; what is compared are facts of `measures.augmented`."""
    return _drawing(_choose)(**arguments)


def _once(rng: np.random.Generator, n: int, rows: int, columns: int) -> tuple[Array, Array, Array]:
    """Draw once for the whole batch, the mirror too: it is there or it is not."""
    top, left, _ = _choose(rng, 1, rows, columns)
    return top.repeat(n), left.repeat(n), np.zeros(n, dtype=bool)


def _rounded(rng: np.random.Generator, n: int, rows: int, columns: int) -> Any:
    top, left = (np.rint(rng.random(n) * (places - 1)).astype(int) for places in (rows, columns))
    return top, left, rng.random(n) < 0.5


def _every_other(rng: np.random.Generator, n: int, rows: int, columns: int) -> Any:
    return (*_choose(rng, n, rows, columns)[:2], np.arange(n) % 2 == 1)


def _upside_down(**arguments: Any) -> dict[str, Array]:
    batches = augment(**arguments)
    for batch in batches.values():
        batch[::2] = batch[::2, :, ::-1]
    return batches


def _always_the_same(**arguments: Any) -> dict[str, Array]:
    batches = augment(**arguments)
    return dict.fromkeys(batches, batches["first"])


def _dice(**arguments: Any) -> dict[str, Array]:
    batches = augment(**arguments)
    return batches | {"again": augment(**arguments | {"seed": arguments["seed"] + 2})["first"]}


def _case(rng: np.random.Generator, rows: int, columns: int) -> Arguments:
    """Draw two images; a crop of 3 by 3 fits at `rows` by `columns` places."""
    size = 3
    shape = (2, 2, size + rows - 1, size + columns - 1)
    images = rng.integers(0, 256, size=shape, dtype=np.uint8)
    return {"images": images, "copies": COPIES, "size": size, "seed": integer(rng, 0, 10**6)}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw three cases; the images of the last have values from 0 to 1, exact in any precision."""
    *bytes_, last = _case(rng, 3, 4), _case(rng, 4, 2), _case(rng, 3, 2)
    return [*bytes_, last | {"images": last["images"] / 256}]


_PUBLIC = (np.arange(2 * 2 * 5 * 6) * 37 % 251).astype(np.uint8).reshape(2, 2, 5, 6)

AUGMENT = Item(
    id="q22.augment",
    signature="augment(images, size, rng)",
    points=2,
    public=(
        {"images": _PUBLIC, "copies": COPIES, "size": 3, "seed": 1},
        {"images": _PUBLIC[:, :, :4, :5], "copies": COPIES, "size": 3, "seed": 2},
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
            _drawing(lambda *a: (*_choose(*a)[:2], np.zeros(a[1], dtype=bool))),
        ),
        Misconception(
            "always-mirrored",
            "Every image is mirrored.",
            "Half of the images shall be mirrored: which ones, you draw.",
            _drawing(lambda *a: (*_choose(*a)[:2], np.ones(a[1], dtype=bool))),
        ),
        Misconception(
            "mirrored-too-rarely",
            "The images are not mirrored half of the time.",
            "With which probability is rng.random() below a number p?",
            _drawing(lambda *a: (*_choose(*a)[:2], a[0].random(a[1]) < 0.2)),
        ),
        Misconception(
            "drawn-once",
            "One place and one flip are drawn for the whole batch.",
            "How many places must be drawn for n images?",
            _drawing(_once),
        ),
        Misconception(
            "fixed-place",
            "All windows come from the same place.",
            "At how many places does a window of the size fit on each axis?",
            _drawing(lambda *a: (0 * _choose(*a)[0], 0 * _choose(*a)[1], _choose(*a)[2])),
        ),
        Misconception(
            "last-place-missed",
            "Some places never come up. The upper bound of rng.integers is not drawn itself.",
            "At how many places does a window of 4 fit on a side of 5?",
            _drawing(lambda rng, n, rows, columns: _choose(rng, n, rows - 1, max(columns - 1, 1))),
        ),
        Misconception(
            "uneven-places",
            "Some places come up more often than others. Rounding does that, for instance: only "
            "half as many numbers are rounded to the places at the border.",
            "Which method of rng draws whole numbers, each as likely as the others?",
            _drawing(_rounded),
        ),
        Misconception(
            "by-a-rule",
            "Where the windows stand, or which images are mirrored, follows a rule: it is the same "
            "whatever the random numbers are.",
            "How many places and how many flips must be drawn for n images?",
            _drawing(_every_other),
        ),
        Misconception(
            "always-the-same",
            "Every call makes the same crops: the network sees the same pixels in each epoch.",
            "Does your function make a generator of its own, with a fixed seed?",
            _always_the_same,
        ),
        Misconception(
            "other-random-numbers",
            "The random numbers do not come from rng, so that no run can be repeated.",
            "Where is np.random or random used in your function?",
            _dice,
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
