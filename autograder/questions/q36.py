"""Question 36: images held out for choosing, and what each part of the images is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import integer
from convbook.check.measures import LATER, thrice

# The positions of (training images, validation images), given labels, count and seed.
Split = Callable[[Array, int, int], list[Array]]


def _split(labels: Array, count: int, seed: int) -> list[Array]:
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    starts = np.searchsorted(labels[order], np.unique(labels))
    return _parts(labels, order[starts[:, None] + np.arange(count)].ravel())


def _parts(labels: Array, held_out: Array) -> list[Array]:
    left = np.ones(len(labels), dtype=bool)
    left[held_out] = False
    return [np.flatnonzero(left), held_out]


def _told(split: Split) -> Callable[..., dict[str, Any]]:
    """Return what the adapter tells of a way to split."""

    def told(labels: Array, count: int, seed: int) -> dict[str, Any]:
        later = [split(labels, count, each) for each in range(seed + 2, seed + 2 + LATER)]
        return {**thrice(lambda each: split(labels, count, each), seed), "later": later}

    return told


def validation_split(labels: Array, count: int, seed: int) -> dict[str, Any]:
    """Return the splits of a right answer; what is compared are the facts of `measures.split`."""
    return _told(_split)(labels, count, seed)


def _by_chance_alone(labels: Array, count: int, seed: int) -> list[Array]:
    n = count * len(np.unique(labels))
    return _parts(labels, np.random.default_rng(seed).permutation(len(labels))[:n])


def _so_many_in_all(labels: Array, count: int, seed: int) -> list[Array]:
    return _parts(labels, np.random.default_rng(seed).permutation(len(labels))[:count])


def _first_of_each(labels: Array, count: int, seed: int) -> list[Array]:
    del seed
    firsts = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return _parts(labels, np.concatenate(firsts))


def _still_trained_on(labels: Array, count: int, seed: int) -> list[Array]:
    return [np.arange(len(labels)), _split(labels, count, seed)[1]]


def _some_twice(labels: Array, count: int, seed: int) -> list[Array]:
    """Take one image of each class in place of another one."""
    held_out = _split(labels, count, seed)[1]
    held_out[1::count] = held_out[::count]
    return _parts(labels, held_out)


def _balanced_training(labels: Array, count: int, seed: int) -> list[Array]:
    """Train on as many images of each class too, and on no others."""
    train, held_out = _split(labels, count, seed)
    fewest = min(np.unique(labels[train], return_counts=True)[1])
    kept = [train[labels[train] == label][:fewest] for label in np.unique(labels)]
    return [np.concatenate(kept)[1:], held_out]


def _moved_on(labels: Array, count: int, seed: int) -> list[Array]:
    """Take neighbours of each class, from a place that the seed names."""
    blocks = [
        np.roll(np.flatnonzero(labels == label), -seed)[:count] for label in np.unique(labels)
    ]
    return _parts(labels, np.concatenate(blocks))


def _new_every_time(**a: Any) -> dict[str, Any]:
    told = validation_split(**a)
    return told | {"again": _split(a["labels"], a["count"], a["seed"] + 2)}


SPLIT_MISTAKES = (
    Misconception(
        "by-chance-alone",
        "The classes do not have the same number of validation images. By chance alone some get "
        "more than others, and they then count more in the choice.",
        "Which images of one class are there to choose from?",
        _told(_by_chance_alone),
    ),
    Misconception(
        "so-many-in-all",
        "There are fewer validation images than asked for: the number is meant for each class.",
        "How many validation images must there be for ten classes?",
        _told(_so_many_in_all),
    ),
    Misconception(
        "first-of-each-class",
        "The seed has no effect. Images that stand next to each other may be alike, so the ones "
        "that are held out must be drawn.",
        "Where in your function do you use the seed?",
        _told(_first_of_each),
    ),
    Misconception(
        "moved-on-by-the-seed",
        "Nothing is drawn: another seed moves the same pattern to another place. Images that stand "
        "next to each other may be alike, so each must have its own chance.",
        "What draws count of m images, each as likely as the others?",
        _told(_moved_on),
    ),
    Misconception(
        "still-trained-on",
        "Validation images are among the training images too. A network that has learned them by "
        "heart is right on them, and the choice falls on it.",
        "Which images are left for training?",
        _told(_still_trained_on),
    ),
    Misconception(
        "drawn-twice",
        "Some validation images are there twice, since they were drawn with replacement.",
        "Which argument of rng.choice says that no image may be drawn twice?",
        _told(_some_twice),
    ),
    Misconception(
        "images-lost",
        "Some images are in neither part.",
        "Every image that is not held out is for training.",
        _told(_balanced_training),
    ),
    Misconception(
        "new-every-time",
        "The same seed gives another split each time. Then every run of a search is measured on "
        "other images, and some were trained on what others are measured on.",
        "Which generator do you draw from, and who seeds it?",
        _new_every_time,
    ),
    Misconception(
        "swapped",
        "The two parts are swapped: the training images come first.",
        "Which of the two parts shall be the large one?",
        _told(lambda *a: _split(*a)[::-1]),
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw labels of eight to ten classes of any numbers, some with more images, in no order.

    So many are held out of each that drawing with replacement, or without a look at the classes,
    shows in all three cases but once in a billion.
    """
    sizes = rng.integers(20, 31, size=integer(rng, 8, 10))
    classes = rng.choice(40, size=len(sizes), replace=False)
    labels = rng.permutation(np.repeat(classes, sizes))
    return {"labels": labels, "count": integer(rng, 8, 12), "seed": integer(rng, 0, 10**6)}


_LABELS = np.arange(240) * 7 % 240 % 10

VALIDATION_SPLIT = Item(
    id="q36.validation_split",
    signature="validation_split(labels, count, seed)",
    points=2,
    public=(
        {"labels": _LABELS, "count": 8, "seed": 0},
        {"labels": 3 * np.sort(_LABELS)[:-11] + 1, "count": 10, "seed": 2},
    ),
    hidden=lambda rng: [_case(rng) for _ in range(3)],
    reference=validation_split,
    adapter="validation_split",
    measure="split",
    misconceptions=SPLIT_MISTAKES,
    forbidden=("convbook.data.splits",),
)

# For what each part of the images is there.
PURPOSES = {
    "weights": "train",
    "pixel statistics": "train",
    "running statistics": "train",
    "learning rate": "validation",
    "dropout": "validation",
    "layers": "validation",
    "augmentation": "validation",
    "epoch": "validation",
    "seed": "validation",
    "report": "test",
    "published": "test",
}
PUBLIC = ("weights", "dropout", "seed", "report")


def images_for(purpose: str) -> str:
    """Return which images serve a purpose."""
    return PURPOSES[purpose]


def _but(images: str, *purposes: str) -> Callable[[str], str]:
    """Return the right answers but for some purposes."""
    return lambda purpose: images if purpose in purposes else PURPOSES[purpose]


_CHOICES = [purpose for purpose, images in PURPOSES.items() if images == "validation"]

PURPOSE_MISTAKES = (
    Misconception(
        "choosing-on-the-test",
        "Choices are made on the test images. What is chosen for being good there looks better "
        "there than it is, and nothing is left to measure it with.",
        "Of which images may you see the result more than once?",
        _but("test", *_CHOICES),
    ),
    Misconception(
        "choosing-on-training-images",
        "Choices are made on the training images. There the network that learns most by heart "
        "wins.",
        "On which images shall the network be good?",
        _but("train", *_CHOICES),
    ),
    Misconception(
        "epoch-by-the-test",
        "The epoch is chosen on the test images. Stopping where the test is best is a choice, "
        "like any other.",
        "What does it mean for the test accuracy if you stop where it is highest?",
        _but("test", "epoch"),
    ),
    Misconception(
        "seed-by-the-test",
        "The best of several seeds is chosen on the test images. That is a search over seeds, "
        "with the luck of the test in it.",
        "Which images may be looked at once for each seed?",
        _but("test", "seed"),
    ),
    Misconception(
        "statistics-of-the-validation",
        "What the network learns or is set to by images comes from the training images alone: "
        "means and deviations too.",
        "May anything of the images that measure go into what is measured?",
        _but("validation", "pixel statistics", "running statistics"),
    ),
    Misconception(
        "reporting-the-validation",
        "The accuracy on validation images is reported. They were chosen on, so it is too high.",
        "Which images have had no part in any choice?",
        _but("validation", "report", "published"),
    ),
    Misconception(
        "all-validation",
        "The validation images serve for everything.",
        "Go through the list: what is learned, what is chosen, what is told to others?",
        lambda **_: "validation",
    ),
)

IMAGES_FOR = Item(
    id="q36.images_for",
    signature="images_for(purpose)",
    points=1,
    public=tuple({"purpose": purpose} for purpose in PUBLIC),
    hidden=lambda rng: [{"purpose": str(each)} for each in rng.permutation(list(PURPOSES))],
    reference=images_for,
    misconceptions=PURPOSE_MISTAKES,
)

QUESTION = Question(
    id="q36",
    assignment="tp4_search",
    title="Images to choose with",
    items=(VALIDATION_SPLIT, IMAGES_FOR),
    rubric=(
        Criterion(
            0.5, "What is chosen on the test is partly chosen for luck there: its accuracy is high."
        ),
        Criterion(0.5, "The last mini-batch: few images, so it says next to nothing of a network."),
        Criterion(0.5, "Says how to do better: split, one seed for all runs, the test once."),
    ),
)
