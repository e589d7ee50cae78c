"""Question 22: random crops and mirror images for training, the middle for the test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart
from autograder.questions.q22_random import AUGMENT, OWN_HELPER
from autograder.questions.runs import RunItem


def crop_and_flip(image: Array, top: int, left: int, flip: bool, size: int) -> Array:
    """Return the window of (C, H, W) at (top, left), mirrored left to right if `flip`."""
    window = image[:, top : top + size, left : left + size]
    return window[:, :, ::-1] if flip else window


def _distinct_image(rng: np.random.Generator) -> Array:
    """Draw an image without two equal numbers, wider than high."""
    rows = integer(rng, 6, 8)
    shape = (2, rows, rows + integer(rng, 1, 3))
    return rng.permutation(256)[: int(np.prod(shape))].reshape(shape).astype(np.uint8)


def _window(rng: np.random.Generator) -> Arguments:
    image, size = _distinct_image(rng), integer(rng, 3, 4)
    _, rows, columns = image.shape
    return {
        "image": image,
        "top": integer(rng, 0, rows - size),
        "left": integer(rng, 0, columns - size),
        "flip": bool(rng.random() < 0.5),
        "size": size,
    }


def _mirrored_first(image: Array, top: int, left: int, flip: bool, size: int) -> Array:
    image = image[:, :, ::-1] if flip else image
    return crop_and_flip(image, top, left, False, size)


_CROP_MISTAKES = (
    Misconception(
        "upside-down",
        "The image is mirrored top to bottom. A horizontal flip exchanges left and right.",
        "Which axis of (C, H, W) holds the columns?",
        lambda **a: crop_and_flip(**a | {"flip": False})[:, :: -1 if a["flip"] else 1],
    ),
    Misconception(
        "mirrored-first",
        "The image is mirrored before the window is cut out, so another window is taken.",
        "Cut first, then mirror what you have cut.",
        _mirrored_first,
    ),
    Misconception(
        "never-flipped",
        "The argument flip has no effect.",
        "What shall the function do when flip is True?",
        lambda **a: crop_and_flip(**a | {"flip": False}),
    ),
    Misconception(
        "always-flipped",
        "The window is mirrored whatever flip says.",
        "What shall the function do when flip is False?",
        lambda **a: crop_and_flip(**a | {"flip": True}),
    ),
    Misconception(
        "axes-swapped",
        "The rows and the columns of the place are swapped.",
        "In what order are the axes of an array of shape (C, H, W)?",
        lambda **a: crop_and_flip(**a | {"top": a["left"], "left": a["top"]}),
    ),
    Misconception(
        "channels-reversed",
        "The order of the channels is reversed, which makes red blue.",
        "Which axis of (C, H, W) holds the columns?",
        lambda **a: crop_and_flip(**a | {"flip": False})[:: -1 if a["flip"] else 1],
    ),
)

_WHEN_FLIPPED = ("upside-down", "mirrored-first", "never-flipped", "channels-reversed")


def _windows(rng: np.random.Generator) -> list[Arguments]:
    """Draw two windows that are mirrored and two that are not; each mistake shows in some.

    The last image has values from 0 to 1.
    """
    flipped = telling_apart(
        crop_and_flip, [known for known in _CROP_MISTAKES if known.id != "always-flipped"]
    )
    straight = telling_apart(
        crop_and_flip, [known for known in _CROP_MISTAKES if known.id not in _WHEN_FLIPPED]
    )
    conditions = (
        lambda a: a["flip"] and flipped(a),
        lambda a: not a["flip"] and straight(a),
    )
    return _last_as_floats(covering(rng, _window, conditions * 2))


def _last_as_floats(cases: list[Arguments]) -> list[Arguments]:
    return [*cases[:-1], cases[-1] | {"image": cases[-1]["image"] / 256}]


_NUMBERED = np.arange(2 * 5 * 6, dtype=np.uint8).reshape(2, 5, 6)

CROP_AND_FLIP = Item(
    id="q22.crop_and_flip",
    signature="crop_and_flip(image, top, left, flip, size)",
    points=1,
    public=(
        {"image": _NUMBERED, "top": 1, "left": 2, "flip": False, "size": 3},
        {"image": _NUMBERED, "top": 0, "left": 1, "flip": True, "size": 3},
        {"image": _NUMBERED, "top": 2, "left": 3, "flip": True, "size": 2},
    ),
    hidden=_windows,
    reference=crop_and_flip,
    misconceptions=_CROP_MISTAKES,
    forbidden=OWN_HELPER,
)


def centre_crop(image: Array, size: int) -> Array:
    """Return the middle of (C, H, W); where a side is left over it goes to the far border."""
    return _at(image, size, lambda room: room // 2)


def _at(image: Array, size: int, place: Callable[[int], int]) -> Array:
    top, left = (place(side - size) for side in image.shape[1:])
    return image[:, top : top + size, left : left + size]


_CENTRE_MISTAKES = (
    Misconception(
        "corner",
        "The window stands in the upper left corner.",
        "How much room is left on both sides together, and how much on each?",
        lambda **a: _at(**a, place=lambda _room: 0),
    ),
    Misconception(
        "far-corner",
        "The window stands in the lower right corner: all the room is on one side.",
        "How much room is left on both sides together, and how much on each?",
        lambda **a: _at(**a, place=lambda room: room),
    ),
    Misconception(
        "rounded-up",
        "When the room is odd, the window stands one pixel too far down and to the right.",
        "Half of 5, rounded down, is 2.",
        lambda **a: _at(**a, place=lambda room: (room + 1) // 2),
    ),
    Misconception(
        "one-axis",
        "Only the rows are in the middle.",
        "What of the columns?",
        lambda image, size: image[:, (image.shape[1] - size) // 2 :, :size][:, :size],
    ),
    Misconception(
        "every-other-pixel",
        "Pixels are left out all over the image. A crop takes neighbouring pixels.",
        "Does an object look smaller in your crop?",
        lambda image, size: image[:, ::2, ::2][:, :size, :size],
    ),
)


def _centre(rng: np.random.Generator) -> Arguments:
    image = _distinct_image(rng)
    return {"image": image, "size": integer(rng, 2, 3)}


def _as_high_as_the_image(rng: np.random.Generator) -> Arguments:
    """Draw an image without room above and below, or to the left and right."""
    image = _distinct_image(rng)
    return {"image": image.swapaxes(1, 2) if rng.random() < 0.5 else image, "size": image.shape[1]}


def _centres(rng: np.random.Generator) -> list[Arguments]:
    """Draw images whose room is odd on both axes, on one and on none; and without any on one."""
    even = telling_apart(
        centre_crop, [known for known in _CENTRE_MISTAKES if known.id != "rounded-up"]
    )
    odd = telling_apart(centre_crop, _CENTRE_MISTAKES)

    def left_over(a: Arguments) -> int:
        return sum((side - a["size"]) % 2 for side in a["image"].shape[1:])

    conditions = (
        lambda a: left_over(a) == 2 and odd(a),
        lambda a: left_over(a) == 1 and odd(a),
        lambda a: left_over(a) == 0 and even(a),
    )
    return [
        _as_high_as_the_image(rng),
        *_last_as_floats(covering(rng, _centre, conditions)),
    ]


CENTRE_CROP = Item(
    id="q22.centre_crop",
    signature="centre_crop(image, size)",
    points=1,
    public=(
        {"image": _NUMBERED[:, :, :5], "size": 3},
        {"image": _NUMBERED, "size": 3},
        {"image": _NUMBERED, "size": 2},
        {"image": _NUMBERED, "size": 5},
    ),
    hidden=_centres,
    reference=centre_crop,
    misconceptions=_CENTRE_MISTAKES,
    forbidden=OWN_HELPER,
)

QUESTION = Question(
    id="q22",
    assignment="tp3_improvements",
    title="Crops and mirror images",
    items=(CROP_AND_FLIP, CENTRE_CROP, AUGMENT),
    runs=(RunItem(id="q22.run", step="augmentation", points=2),),
    rubric=(
        Criterion(0.5, "Final accuracies with and without, from curves of one's own."),
        Criterion(
            0.5,
            "Training accuracy falls or rises later: a smaller gap. Test accuracy rises, though "
            "perhaps not within a few epochs.",
        ),
        Criterion(0.5, "Why: the network hardly ever sees the same pixels twice."),
        Criterion(0.5, "The test uses one fixed crop, so that the measure is the same every time."),
    ),
)
