"""Question 13: what a training loop sees: how many batches, and of which shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.runs import RunItem
from autograder.questions.traps import each_shows, tells_apart
from convbook.check.plain import Plain


def updates_per_epoch(images: int, batch_size: int, drop_last: bool) -> int:
    """Return how many batches there are: the last one may be smaller, or dropped then."""
    return images // batch_size if drop_last else -(-images // batch_size)


_UPDATE_MISTAKES = (
    Misconception(
        "last-batch-lost",
        "The last batch is lost: unless drop_last is True, the images that are left make one.",
        "How many batches of 4 hold 10 images?",
        lambda images, batch_size, **_: images // batch_size,
    ),
    Misconception(
        "never-dropped",
        "The last batch is always counted. With drop_last=True, only whole batches are used.",
        "How many whole batches of 4 are there in 10 images?",
        lambda images, batch_size, **_: -(-images // batch_size),
    ),
    Misconception(
        "one-too-many",
        "There is one batch too many when the batch size divides the number of images.",
        "How many batches of 4 hold 8 images?",
        lambda images, batch_size, drop_last: images // batch_size + (not drop_last),
    ),
    Misconception(
        "not-whole",
        "You divided without rounding. An epoch has a whole number of updates.",
        "How many batches of 4 hold 10 images?",
        lambda images, batch_size, **_: images / batch_size,
    ),
    Misconception(
        "one-an-image",
        "You counted the images. The weights change once a batch.",
        "Where in the loop stands optimiser.step()?",
        lambda images, **_: images,
    ),
    Misconception(
        "batch-size",
        "This is how many images a batch has. How many batches are there?",
        "By what do you divide the number of images?",
        lambda batch_size, **_: batch_size,
    ),
)


def _epoch(rng: np.random.Generator) -> Arguments:
    batch_size = integer(rng, 2, 60)
    images = integer(rng, 1, 2000)
    if rng.random() < 0.3 and images >= batch_size:
        images -= images % batch_size
    return {"images": images, "batch_size": batch_size, "drop_last": bool(rng.integers(2))}


def _left_over(a: Arguments) -> int:
    return int(a["images"] % a["batch_size"])


UPDATES_PER_EPOCH = Item(
    id="q13.updates_per_epoch",
    signature="updates_per_epoch(images, batch_size, drop_last)",
    points=1,
    public=(
        {"images": 60_000, "batch_size": 128, "drop_last": False},
        {"images": 60_000, "batch_size": 128, "drop_last": True},
        {"images": 50_000, "batch_size": 100, "drop_last": False},
        {"images": 10, "batch_size": 16, "drop_last": False},
    ),
    hidden=lambda rng: covering(
        rng,
        _epoch,
        (
            *each_shows(updates_per_epoch, _UPDATE_MISTAKES),
            lambda a: not a["drop_last"] and _left_over(a) == 1,
            lambda a: a["drop_last"] and a["images"] > a["batch_size"] and _left_over(a) > 0,
            lambda a: a["drop_last"] and a["images"] < a["batch_size"],
            lambda a: a["drop_last"] and _left_over(a) == 0,
        ),
    ),
    reference=updates_per_epoch,
    misconceptions=_UPDATE_MISTAKES,
)

Sides = list[int]


def last_shapes(images: int, batch_size: int, image_shape: Sides, classes: int) -> Plain:
    """Return the shapes in the last batch of an epoch: images, logits, labels, loss."""
    return _shapes(images % batch_size or batch_size, image_shape, classes)


def _shapes(n: int, image_shape: Sides, classes: int) -> list[Sides]:
    return [[n, *image_shape], [n, classes], [n], []]


def _changed(change: Callable[[list[Sides]], list[Sides]]) -> Callable[..., Plain]:
    """Return the right shapes after a change."""
    return lambda **a: change(last_shapes(**a))


_SHAPE_MISTAKES = (
    Misconception(
        "full-batch",
        "The last batch is taken to be full. It holds the images that are left.",
        "Which images are left of 10 after two batches of 4?",
        lambda images, batch_size, image_shape, classes: _shapes(
            min(images, batch_size), image_shape, classes
        ),
    ),
    Misconception(
        "empty-batch",
        "When nothing is left over, the last batch is a full one and not an empty one.",
        "How large is the last batch of 8 images, four at a time?",
        lambda images, batch_size, image_shape, classes: _shapes(
            images % batch_size, image_shape, classes
        ),
    ),
    Misconception(
        "one-hot",
        "A label is taken to be a row of zeros with a 1. cross_entropy takes its number.",
        "What is y[0] in the loop above: one number, or many?",
        _changed(lambda shapes: [shapes[0], shapes[1], shapes[1], []]),
    ),
    Misconception(
        "labels-in-a-column",
        "The labels are given a second axis. They are a plain row of numbers.",
        "Of what shape is torch.tensor([3, 1, 4])?",
        _changed(lambda shapes: [shapes[0], shapes[1], [*shapes[2], 1], []]),
    ),
    Misconception(
        "loss-per-image",
        "The loss is given a value for each image. It is one number: the mean over the batch.",
        "On what can you call backward() without arguments?",
        _changed(lambda shapes: [*shapes[:3], shapes[2]]),
    ),
    Misconception(
        "one-decision",
        "The network is taken to give a class. It gives a score for each of the classes.",
        "From which numbers does the loss compute the probability of the right class?",
        _changed(lambda shapes: [shapes[0], shapes[2], shapes[2], []]),
    ),
    Misconception(
        "no-batch-axis",
        "The first axis is missing: the network sees all images of a batch at once.",
        "What does x.shape[0] tell?",
        _changed(lambda shapes: [shapes[0][1:], shapes[1][1:], [], []]),
    ),
)


def _batch(rng: np.random.Generator) -> Arguments:
    batch_size = integer(rng, 3, 40)
    rest = integer(rng, 0, batch_size - 1)
    return {
        "images": batch_size * integer(rng, 1, 30) + (rest if rng.random() < 0.7 else 0),
        "batch_size": batch_size,
        "image_shape": [integer(rng, 1, 4), integer(rng, 8, 40), integer(rng, 8, 40)],
        "classes": integer(rng, 2, 100),
    }


def _single(rng: np.random.Generator) -> Arguments:
    """Draw a last batch of one image, of two classes: no axis may be lost."""
    a = _batch(rng)
    return a | {"images": a["batch_size"] * integer(rng, 1, 30) + 1, "classes": 2}


LAST_SHAPES = Item(
    id="q13.last_shapes",
    signature="last_shapes(images, batch_size, image_shape, classes)",
    points=2,
    public=(
        {"images": 60_000, "batch_size": 128, "image_shape": [1, 28, 28], "classes": 10},
        {"images": 50_000, "batch_size": 128, "image_shape": [3, 32, 32], "classes": 10},
        {"images": 50_000, "batch_size": 100, "image_shape": [3, 32, 32], "classes": 100},
    ),
    hidden=lambda rng: [
        *covering(
            rng,
            _batch,
            (
                *[tells_apart(last_shapes, _SHAPE_MISTAKES, "empty-batch")] * 3,
                *[lambda a: _left_over(a) == 0] * 2,
            ),
        ),
        _single(rng),
    ],
    reference=last_shapes,
    adapter="with_tuples",
    misconceptions=_SHAPE_MISTAKES,
)

QUESTION = Question(
    id="q13",
    assignment="tp2_from_scratch",
    title="The training code",
    items=(UPDATES_PER_EPOCH, LAST_SHAPES),
    runs=(RunItem(id="q13.run", step="lenet5", points=1),),
    rubric=(
        Criterion(
            0.5,
            "Names the four steps of an update in order: forward and loss, gradients to zero, "
            "backward, step; and what each of them changes.",
        ),
        Criterion(
            0.5,
            "469 updates an epoch for 60,000 images in batches of 128, the last of 96; "
            "the loss is the batch's mean, so it is noisy from one update to the next.",
        ),
    ),
)
