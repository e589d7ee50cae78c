"""Question 24: how far a picture may move before a given classifier loses it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart

Move = Callable[[Array, int], Array]


def shifted(images: Array, columns: int) -> Array:
    """Return (N, C, H, W) moved to the right; zeros come in at the left."""
    moved = np.zeros_like(images)
    width = images.shape[3]
    if columns < width:
        moved[..., columns:] = images[..., : width - columns]
    return moved


def accuracy_under_shift(
    weight: Array, bias: Array, images: Array, labels: Array, shifts: list[int]
) -> list[float]:
    """Return the share of images that are still recognised, for each shift."""
    return _shares(weight, bias, images, labels, shifts, shifted)


def _shares(
    weight: Array, bias: Array, images: Array, labels: Array, shifts: list[int], move: Move
) -> list[float]:
    return [
        float((_classes(weight, bias, move(images, columns)) == labels).mean())
        for columns in shifts
    ]


def _classes(weight: Array, bias: Array, images: Array) -> Array:
    """Return what the classifier of `convbook.check.adapters.accuracy_under_shift` says."""
    classes: Array = (images.reshape(len(images), -1) @ weight.T + bias).argmax(axis=1)
    return classes


def _added_up(
    weight: Array, bias: Array, images: Array, labels: Array, shifts: list[int]
) -> list[float]:
    sums = [sum(shifts[: place + 1]) for place in range(len(shifts))]
    return accuracy_under_shift(weight, bias, images, labels, sums)


def _agreement(
    weight: Array, bias: Array, images: Array, labels: Array, shifts: list[int]
) -> list[float]:
    del labels
    before = _classes(weight, bias, images)
    return accuracy_under_shift(weight, bias, images, before, shifts)


def _left(images: Array, columns: int) -> Array:
    return shifted(images[..., ::-1], columns)[..., ::-1]


def _down(images: Array, rows: int) -> Array:
    return shifted(images.swapaxes(2, 3), rows).swapaxes(2, 3)


def _moving(move: Move) -> Callable[..., list[float]]:
    return lambda **a: _shares(**a, move=move)


MISCONCEPTIONS = (
    Misconception(
        "goes-round",
        "What leaves on the right comes back on the left. Zeros shall come in there.",
        "What does np.roll do with the last column?",
        _moving(lambda images, columns: np.roll(images, columns, axis=3)),
    ),
    Misconception(
        "adds-up",
        "The shifts add up: each one moves what the one before has moved.",
        "Is the image that was given still the same after the first shift?",
        _added_up,
    ),
    Misconception(
        "left",
        "The images move to the left.",
        "Which column of the image stands in column 2 after a shift by 2?",
        _moving(_left),
    ),
    Misconception(
        "down",
        "The images move down. To the right means along the columns.",
        "In what order are the axes of an array of shape (N, C, H, W)?",
        _moving(_down),
    ),
    Misconception(
        "not-moved",
        "The classifier sees the images as they are.",
        "Which images go into classify?",
        _moving(lambda images, _columns: images),
    ),
    Misconception(
        "errors",
        "You counted what is wrong. The accuracy is the share that is right.",
        "What is the accuracy of a classifier that is always right?",
        lambda **a: [1 - share for share in accuracy_under_shift(**a)],
    ),
    Misconception(
        "counted",
        "You gave the number of images. The accuracy is a share of them.",
        "What is the accuracy of a classifier that is always right?",
        lambda **a: [share * len(a["labels"]) for share in accuracy_under_shift(**a)],
    ),
    Misconception(
        "agreement",
        "You compared with what the classifier said before the shift. It may have been wrong then.",
        "What are the labels for?",
        _agreement,
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a classifier that is right on most images, and shifts that are in no order."""
    classes, shape = integer(rng, 4, 5), (3, integer(rng, 2, 3), integer(rng, 6, 8))
    size = int(np.prod(shape))
    patterns = rng.normal(size=(classes, size))
    labels = rng.integers(classes, size=40)
    images = patterns[labels] + rng.normal(scale=3, size=(40, size))
    near, middle, far = sorted(rng.choice(np.arange(1, shape[2]), 3, replace=False).tolist())
    return {
        "weight": patterns.round(3),
        "bias": rng.normal(size=classes).round(3),
        "images": images.round(3).reshape(-1, *shape),
        # One label in ten is wrong, so that even without a shift not all is right.
        "labels": np.where(rng.random(40) < 0.1, (labels + 1) % classes, labels),
        "shifts": [middle, 0, far, near],
    }


_BARS = np.zeros((6, 1, 3, 5))
for _place in range(6):
    _BARS[_place, :, :, _place % 3] = 1 + _place
_COLUMN = {
    "weight": (np.arange(3)[:, None] == np.arange(15) % 5).astype(np.float64),
    "bias": np.array([0.2, 0.1, 0.0]),
    "images": _BARS,
}

ACCURACY_UNDER_SHIFT = Item(
    id="q24.accuracy_under_shift",
    signature="accuracy_under_shift(classify, images, labels, shifts)",
    points=2,
    public=(
        {**_COLUMN, "labels": np.arange(6) % 3, "shifts": [0, 1, 2, 4]},
        {**_COLUMN, "labels": np.array([0, 1, 2, 0, 1, 0]), "shifts": [0, 3]},
    ),
    hidden=lambda rng: covering(
        rng, _case, [telling_apart(accuracy_under_shift, MISCONCEPTIONS)] * 3
    ),
    reference=accuracy_under_shift,
    adapter="accuracy_under_shift",
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q24",
    assignment="tp3_improvements",
    title="The limits of augmentation",
    items=(ACCURACY_UNDER_SHIFT,),
    rubric=(
        Criterion(0.5, "Too strong: the label is no longer right, or what tells it has left."),
        Criterion(0.5, "The images become unlike those of the test; capacity is spent on them."),
        Criterion(0.5, "It adds variants of what is there, and no new objects."),
        Criterion(0.5, "How to find the limit: measure, on images that were not trained on."),
    ),
)
