"""Question 19: what normalisation does to images and to their statistics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart
from autograder.questions.runs import RunItem

Channels = list[float]
COUNTS = (2, 3, 4)  # of channels: colour images have three, others may have more or fewer


def normalise(images: Array, mean: Channels, std: Channels) -> Array:
    """Return (N, C, H, W) uint8 images on the scale 0…1, minus the mean, over the deviation."""
    return np.asarray((images / 255 - _each(mean)) / _each(std))


def _each(channels: Channels) -> Array:
    return np.array(channels)[:, None, None]


def _wrapped(images: Array, mean: Channels, std: Channels) -> Array:
    grey = (_each(mean) * 255).round().astype(np.uint8)
    return np.asarray((images - grey) / (_each(std) * 255))


def _drawn_channels(rng: np.random.Generator, count: int) -> tuple[Channels, Channels]:
    mean, std = rng.uniform(0.2, 0.8, size=count), rng.uniform(0.15, 0.4, size=count)
    return mean.round(3).tolist(), std.round(3).tolist()


def _images(rng: np.random.Generator, count: int) -> Arguments:
    shape = (integer(rng, 2, 3), count, integer(rng, 3, 5), integer(rng, 6, 8))
    mean, std = _drawn_channels(rng, count)
    images = rng.integers(0, 256, size=shape, dtype=np.uint8)
    return {"images": images, "mean": mean, "std": std}


def one_of_each_count(
    draw: Callable[..., Arguments], condition: Callable[[Arguments], bool]
) -> Callable[[np.random.Generator], list[Arguments]]:
    """Return what draws a case with each number of channels, which fulfils the condition."""
    return lambda rng: [
        case for count in COUNTS for case in covering(rng, partial(draw, count=count), [condition])
    ]


_IMAGE_MISTAKES = (
    Misconception(
        "not-scaled",
        "The images still go from 0 to 255, and the mean and the deviation are those of a scale "
        "from 0 to 1.",
        "What is the largest value of an image before you subtract?",
        lambda **a: normalise(a["images"] * 255.0, a["mean"], a["std"]),
    ),
    Misconception(
        "whole-division",
        "The pixels are divided without a fraction, so nearly all of them become 0.",
        "What do 100 / 255 and 100 // 255 give?",
        lambda **a: normalise(a["images"] // 255 * 255, a["mean"], a["std"]),
    ),
    Misconception(
        "wraps-around",
        "The subtraction is made in uint8, which has no negative numbers: 3 - 5 becomes 254.",
        "What is the dtype of the images when you subtract?",
        _wrapped,
    ),
    Misconception(
        "variance",
        "You divided by the square of the deviation.",
        "Which of variance and standard deviation has the unit of a pixel?",
        lambda **a: normalise(a["images"], a["mean"], [s * s for s in a["std"]]),
    ),
    Misconception(
        "divided-first",
        "You divided by the deviation before you subtracted the mean.",
        "What must become 0: a pixel that equals the mean, or one that equals mean · std?",
        lambda **a: a["images"] / 255 / _each(a["std"]) - _each(a["mean"]),
    ),
    Misconception(
        "not-divided",
        "The mean is subtracted, but nothing is divided by the deviation.",
        "How far from 0 shall a pixel be that lies one deviation above the mean?",
        lambda **a: normalise(a["images"], a["mean"], [1.0] * len(a["std"])),
    ),
    Misconception(
        "one-for-all",
        "All channels were treated with the mean and the deviation of the first one.",
        "Which axis of (N, C, H, W) must the three numbers lie on?",
        lambda **a: normalise(a["images"], a["mean"][:1], a["std"][:1]),
    ),
)

_PIXELS = (np.arange(2 * 3 * 3 * 4) * 53 % 256).astype(np.uint8).reshape(2, 3, 3, 4)
_SHEET = {"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]}

NORMALISE = Item(
    id="q19.normalise",
    signature="normalise(images, mean, std)",
    points=1,
    public=(
        {"images": _PIXELS, **_SHEET},
        {"images": _PIXELS[:1], "mean": [0.5, 0.25, 0.75], "std": [0.5, 0.25, 0.2]},
    ),
    hidden=one_of_each_count(_images, telling_apart(normalise, _IMAGE_MISTAKES)),
    reference=normalise,
    misconceptions=_IMAGE_MISTAKES,
)


def statistics_after(
    mean: Channels, std: Channels, used_mean: Channels, used_std: Channels
) -> list[Channels]:
    """Return the mean and the deviation of each channel after `used_…` normalised it."""
    pairs = list(zip(mean, std, used_mean, used_std, strict=True))
    return [[(m - um) / us for m, _, um, us in pairs], [s / us for _, s, _, us in pairs]]


def _statistics(rng: np.random.Generator, count: int) -> Arguments:
    (mean, std), (used_mean, used_std) = _drawn_channels(rng, count), _drawn_channels(rng, count)
    return {"mean": mean, "std": std, "used_mean": used_mean, "used_std": used_std}


def _with(a: Arguments, **changed: Channels) -> list[Channels]:
    return statistics_after(**(a | changed))


_AFTER_MISTAKES = (
    Misconception(
        "always-0-and-1",
        "Mean 0 and deviation 1 come out only when the channel's own statistics are used. Here "
        "others may be.",
        "What becomes of the value that equals the mean of the channel?",
        lambda mean, **_: [[0.0] * len(mean), [1.0] * len(mean)],
    ),
    Misconception(
        "mean-not-divided",
        "The new mean is not divided by the deviation, as the pixels are.",
        "Put the mean of the channel through the formula like any pixel.",
        lambda **a: [_with(a, used_std=[1.0] * len(a["std"]))[0], _with(a)[1]],
    ),
    Misconception(
        "deviation-shifted",
        "A mean was subtracted from the deviation. Moving all values does not change how far they "
        "spread.",
        "What is the deviation of 1, 2, 3, and that of 11, 12, 13?",
        lambda **a: [
            _with(a)[0],
            [
                (s - um) / us
                for s, um, us in zip(a["std"], a["used_mean"], a["used_std"], strict=True)
            ],
        ],
    ),
    Misconception(
        "variance",
        "The ratio of the variances is given. The deviation was asked for.",
        "By what is the deviation multiplied when all values are doubled?",
        lambda **a: [_with(a)[0], [ratio**2 for ratio in _with(a)[1]]],
    ),
    Misconception(
        "upside-down",
        "The two deviations are the wrong way round in the ratio.",
        "Does dividing by a large number make the spread larger or smaller?",
        lambda **a: [_with(a)[0], [1 / ratio for ratio in _with(a)[1]]],
    ),
    Misconception(
        "deviation-unchanged",
        "The deviation is given as it was. Dividing all values divides it too.",
        "What is the deviation of 2, 4, 6, and that of 1, 2, 3?",
        lambda **a: [_with(a)[0], a["std"]],
    ),
)

_CIFAR = {"mean": [0.491, 0.482, 0.447], "std": [0.247, 0.243, 0.262]}

STATISTICS_AFTER = Item(
    id="q19.statistics_after",
    signature="statistics_after(mean, std, used_mean, used_std)",
    points=1,
    public=(
        {**_CIFAR, "used_mean": _SHEET["mean"], "used_std": _SHEET["std"]},
        {"mean": [0.5] * 3, "std": [0.2] * 3, "used_mean": [0.5] * 3, "used_std": [0.2] * 3},
        {"mean": [0.5, 0.4, 0.3], "std": [0.2] * 3, "used_mean": [0.3] * 3, "used_std": [0.4] * 3},
    ),
    hidden=one_of_each_count(_statistics, telling_apart(statistics_after, _AFTER_MISTAKES)),
    reference=statistics_after,
    misconceptions=_AFTER_MISTAKES,
)

QUESTION = Question(
    id="q19",
    assignment="tp3_improvements",
    title="Normalised images",
    items=(NORMALISE, STATISTICS_AFTER),
    runs=(RunItem(id="q19.run", step="normalisation", points=2),),
    rubric=(
        Criterion(
            0.5, "Two curves of one's own, same settings: final accuracies with and without."
        ),
        Criterion(0.5, "Learning starts faster; says after how many epochs the same loss is met."),
        Criterion(
            0.5, "Why: inputs around 0 with one scale let one learning rate suit all weights."
        ),
        Criterion(0.5, "The gap between training and test does not shrink: no images are added."),
    ),
)
