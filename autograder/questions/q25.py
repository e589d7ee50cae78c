"""Question 25, bonus: an augmentation of the student's own, tested by what it must keep to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import integer
from convbook.check.measures import pictures, thrice

N = 400  # half of them equal: by luck, one change in ten leaves all of those alone once in 1e9
Change = Callable[[Array, np.random.Generator], Array]


def _runs(n: int, seed: int, change: Change) -> dict[str, Any]:
    """Return what the adapter tells of an augmentation."""
    images = pictures(n, seed)
    runs = thrice(lambda each: change(images, np.random.default_rng(each)), seed)
    return {**runs, "after": images}


def _cutout(images: Array, rng: np.random.Generator) -> Array:
    """Black out a square of 6 by 6 in each image."""
    return _blacked_out(images, rng.integers(11, size=(2, len(images), 1)))


def _blacked_out(images: Array, corner: Array) -> Array:
    """Return the images with 0 in a square that begins at (top, left), each (N, 1)."""
    steps = np.arange(images.shape[3])
    rows, columns = ((start <= steps) & (steps < start + 6) for start in corner)
    return np.where((rows[:, :, None] & columns[:, None, :])[:, None], np.uint8(0), images)


def _in_place(images: Array, rng: np.random.Generator) -> Array:
    images[:] = _cutout(images, rng)
    return images.copy()


def _one_for_all(images: Array, rng: np.random.Generator) -> Array:
    return _blacked_out(images, rng.integers(11, size=(2, 1, 1)))


def _one_for_some(images: Array, rng: np.random.Generator) -> Array:
    noise = rng.integers(1, 40, size=images.shape[1:], dtype=np.uint8)  # never twice the same
    some = rng.random((len(images), 1, 1, 1)) < 0.5
    return np.where(some, images + noise, images)


def _mirror(images: Array, rng: np.random.Generator) -> Array:
    flip = rng.random(len(images)) < 0.5
    return np.where(flip[:, None, None, None], images[..., ::-1], images)


def _dice(images: Array, _rng: np.random.Generator) -> Array:
    return _cutout(images, np.random.default_rng())


def _noise(images: Array, rng: np.random.Generator) -> Array:
    return images / 255 + rng.normal(scale=0.05, size=images.shape)


def _does(change: Change) -> Callable[..., dict[str, Any]]:
    return lambda n, seed: _runs(n, seed, change)


def own_augmentation(n: int, seed: int) -> dict[str, Any]:
    """Return the runs of one right answer; what is compared are the facts of `measures.changed`."""
    return _runs(n, seed, _cutout)


def _cases(rng: np.random.Generator) -> list[Arguments]:
    return [{"n": N, "seed": integer(rng, 0, 10**6)} for _ in range(3)]


OWN_AUGMENTATION = Item(
    id="q25.own_augmentation",
    signature="own_augmentation(images, rng)",
    points=2,
    public=({"n": N, "seed": 1}, {"n": N, "seed": 2}),
    hidden=_cases,
    reference=own_augmentation,
    adapter="own_augmentation",
    measure="changed",
    misconceptions=(
        Misconception(
            "nothing-changes",
            "The images come back as they were.",
            "Compare an image before and after.",
            _does(lambda images, _rng: images.copy()),
        ),
        Misconception(
            "mirror-only",
            "Mirroring was question 22. Another change is asked for.",
            "What else may happen to a picture without changing its label?",
            _does(_mirror),
        ),
        Misconception(
            "one-for-all",
            "One change is drawn for the whole batch, so all images change alike.",
            "How many numbers must be drawn for n images?",
            _does(_one_for_all),
        ),
        Misconception(
            "one-for-some",
            "One change is drawn for the whole batch. Some images get it and some do not, but all "
            "that change do so alike.",
            "How many numbers must be drawn for n images?",
            _does(_one_for_some),
        ),
        Misconception(
            "in-place",
            "The images that were given are changed themselves. In the next epoch they would be "
            "changed once more.",
            "Work on a copy of the images.",
            _does(_in_place),
        ),
        Misconception(
            "other-random-numbers",
            "The random numbers do not come from rng, so that no run can be repeated.",
            "Where is np.random or random used in your function?",
            _does(_dice),
        ),
        Misconception(
            "another-scale",
            "The values are no longer whole numbers from 0 to 255, as those of the images are.",
            "Which values does an image of type uint8 hold?",
            _does(_noise),
        ),
    ),
)

QUESTION = Question(
    id="q25",
    assignment="tp3_improvements",
    title="An augmentation of your own",
    items=(OWN_AUGMENTATION,),
    rubric=(
        Criterion(0.5, "Names what the network shall become insensitive to, for this data."),
        Criterion(0.5, "Says where it would go too far and how its strength would be chosen."),
    ),
    bonus=True,
)
