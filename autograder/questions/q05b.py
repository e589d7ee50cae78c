"""Question 5 of the sheet's other edition: the filter that makes a convolution one unit."""

from __future__ import annotations

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, whole_numbers
from autograder.questions.traps import tells_apart


def filter_of_unit(weights: Array, x: int, y: int, z: int) -> Array:
    """Return the filter (z, x, y) with the weights of a unit, which go pixel by pixel."""
    return weights.reshape(x, y, z).transpose(2, 0, 1)


MISCONCEPTIONS = (
    Misconception(
        "channel-by-channel",
        "The weights are read channel by channel. Here all channels of the first pixel come first.",
        "To which pixel and which channel does the second weight belong?",
        lambda weights, x, y, z: weights.reshape(z, x, y),
    ),
    Misconception(
        "channels-last",
        "The weights are at the right pixels, but the channels are the last axis. A filter of "
        "torch has them first.",
        "Of what shape is the filter to be?",
        lambda weights, x, y, z: weights.reshape(x, y, z),
    ),
    Misconception(
        "column-by-column",
        "The pixels are read column by column. Here they go row by row, as one reads.",
        "To which row and which column does the second pixel belong?",
        lambda weights, x, y, z: weights.reshape(y, x, z).transpose(2, 1, 0),
    ),
    Misconception(
        "sides-swapped",
        "Rows and columns of the filter are swapped.",
        "How many rows has the image, and how many the filter?",
        lambda weights, x, y, z: weights.reshape(x, y, z).transpose(2, 1, 0),
    ),
    Misconception(
        "mirrored",
        "The filter is mirrored. The convolution of a network multiplies what lies on each other.",
        "Which pixel lies under the filter's first row and first column?",
        lambda weights, x, y, z: filter_of_unit(weights, x, y, z)[:, ::-1, ::-1],
    ),
    Misconception(
        "one-by-one",
        "The filter is 1 by 1, so it sees one pixel at a time. The unit sees the whole image.",
        "How many pixels does the unit see?",
        lambda weights, x, y, z: weights.reshape(x * y * z, 1, 1),
    ),
    Misconception(
        "axis-lost",
        "The axis of the channels is lost where there is one channel only.",
        "Of what shape is the filter to be, if z is 1?",
        lambda weights, x, y, z: np.squeeze(filter_of_unit(weights, x, y, z)),
    ),
    Misconception(
        "one-for-all-channels",
        "The weights of a pixel's channels are added up. A filter has one weight for each channel.",
        "How many weights has the unit, and how many the filter?",
        lambda weights, x, y, z: filter_of_unit(weights, x, y, z).sum(axis=0),
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a unit for an image whose rows, columns and channels all differ in number."""
    x, y, z = (int(side) for side in rng.choice(np.arange(2, 8), size=3, replace=False))
    return {"weights": whole_numbers(rng, (x * y * z,), high=200) / 4, "x": x, "y": y, "z": z}


def _grey(rng: np.random.Generator) -> Arguments:
    """Draw a unit for an image of one channel."""
    a = _case(rng)
    return a | {"weights": a["weights"][: a["x"] * a["y"]], "z": 1}


def _public_case(x: int, y: int, z: int) -> Arguments:
    return {"weights": np.arange(1, x * y * z + 1, dtype=np.float64), "x": x, "y": y, "z": z}


_tells = tells_apart(filter_of_unit, MISCONCEPTIONS, "axis-lost")

FILTER_OF_UNIT = Item(
    id="q05b.filter_of_unit",
    signature="filter_of_unit(weights, x, y, z)",
    points=2,
    public=(_public_case(2, 2, 1), _public_case(2, 3, 1), _public_case(3, 2, 4)),
    hidden=lambda rng: [
        *covering(rng, _case, [_tells, lambda a: a["x"] > a["y"] > a["z"] and _tells(a), _tells]),
        _grey(rng),
    ],
    reference=filter_of_unit,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q05b",
    assignment="tp1_layers",
    title="A filter that acts as a fully-connected unit",
    items=(FILTER_OF_UNIT,),
    rubric=(
        Criterion(
            0.5,
            "As large as the image, without padding: it fits at one place, whatever the stride.",
        ),
        Criterion(
            0.5, "On a larger image it fits at several places, and is the same unit on each window."
        ),
    ),
    bonus=True,
)
