"""Question 20: statistics belong to the training set alone."""

from __future__ import annotations

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import integer, telling_apart
from autograder.questions.q19 import one_of_each_count

OWN_HELPER = ("convbook.data.statistics.channel_statistics",)


def channel_statistics(images: Array) -> list[list[float]]:
    """Return mean and standard deviation of each channel over all pixels, on the scale 0…1."""
    axes = (0, 2, 3)
    return [(images / 255).mean(axis=axes).tolist(), (images / 255).std(axis=axes).tolist()]


def _images(rng: np.random.Generator, channels: int) -> Array:
    """Draw images that differ in brightness and contrast, one from the other."""
    shape = (integer(rng, 3, 5), channels, integer(rng, 2, 3), integer(rng, 3, 4))
    each = (*shape[:2], 1, 1)
    middle, spread = rng.uniform(60, 190, size=each), rng.uniform(20, 60, size=each)
    values = middle + spread * rng.uniform(-1, 1, size=shape)
    return values.round().astype(np.uint8)


def _of_each_image(images: Array) -> list[list[float]]:
    each = (images / 255).std(axis=(2, 3)).mean(axis=0)
    return [channel_statistics(images)[0], each.tolist()]


def _together(images: Array) -> list[list[float]]:
    pixels = images / 255
    return [[float(each)] * images.shape[1] for each in (pixels.mean(), pixels.std())]


def _one_less(images: Array) -> list[list[float]]:
    spread = (images / 255).std(axis=(0, 2, 3), ddof=1)
    return [channel_statistics(images)[0], spread.tolist()]


def _not_scaled(images: Array) -> list[list[float]]:
    return [[255 * value for value in row] for row in channel_statistics(images)]


def _mean_image(images: Array) -> list[Array]:
    return [(images / 255).mean(axis=0), (images / 255).std(axis=0)]


_STATISTICS_MISTAKES = (
    Misconception(
        "of-each-image",
        "This is the mean of every image's own deviation. It misses how much the images differ "
        "from each other, and comes out too small.",
        "How many pixels does one deviation look at?",
        _of_each_image,
    ),
    Misconception(
        "mean-image",
        "The mean was taken over the images alone, so one number is left for every place.",
        "Which of the four axes must be gone at the end?",
        _mean_image,
    ),
    Misconception(
        "together",
        "All channels were put together. Red, green and blue have each a mean of their own.",
        "Which of the four axes must be left at the end?",
        _together,
    ),
    Misconception(
        "not-scaled",
        "The numbers are on the scale from 0 to 255. Pixels from 0 to 1 are asked for.",
        "What is the largest value that a mean can have?",
        _not_scaled,
    ),
    Misconception(
        "variance",
        "You gave the variance. Its square root, the standard deviation, is asked for.",
        "Which of the two has the unit of a pixel?",
        lambda **a: [
            channel_statistics(**a)[0],
            [value**2 for value in channel_statistics(**a)[1]],
        ],
    ),
    Misconception(
        "one-less",
        "The sum of squares is divided by one less than the number of pixels. That is what "
        "torch.std does unless it is told otherwise.",
        "Which divisor does the text of the question name?",
        _one_less,
    ),
)

_FEW = (np.arange(2 * 3 * 2 * 3) * 71 % 256).astype(np.uint8).reshape(2, 3, 2, 3)
_DARK_AND_BRIGHT = np.concatenate([_FEW // 4, 200 + _FEW // 8]).astype(np.uint8)


def _statistics_case(rng: np.random.Generator, count: int) -> Arguments:
    return {"images": _images(rng, count)}


CHANNEL_STATISTICS = Item(
    id="q20.channel_statistics",
    signature="channel_statistics(images)",
    points=1,
    public=({"images": _FEW}, {"images": _DARK_AND_BRIGHT}),
    hidden=one_of_each_count(
        _statistics_case, telling_apart(channel_statistics, _STATISTICS_MISTAKES, by=0.001)
    ),
    reference=channel_statistics,
    misconceptions=_STATISTICS_MISTAKES,
    forbidden=OWN_HELPER,
)


def normalise_both(train: Array, test: Array) -> list[Array]:
    """Return both sets normalised with the statistics of the training set."""
    return [_normalised(train, train), _normalised(test, train)]


def _normalised(images: Array, known: Array, *, spread: Array | None = None) -> Array:
    """Return images minus the mean of `known`, over the deviation of `known` or of `spread`."""
    mean = channel_statistics(known)[0]
    std = channel_statistics(known if spread is None else spread)[1]
    return np.asarray((images / 255 - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1)))


def _leak(train: Array, test: Array) -> list[Array]:
    both = np.concatenate([train, test])
    return [_normalised(train, both), _normalised(test, both)]


_BOTH_MISTAKES = (
    Misconception(
        "leak",
        "The statistics are those of both sets together, so the test pixels have leaked into what "
        "the network is trained on.",
        "Which images may be looked at before the test?",
        _leak,
    ),
    Misconception(
        "each-its-own",
        "Each set is normalised with its own statistics. So the same picture would look different "
        "in training and in the test.",
        "How would you normalise when a single picture comes in later?",
        lambda train, test: [_normalised(train, train), _normalised(test, test)],
    ),
    Misconception(
        "by-the-test",
        "The statistics of the test set are used for both.",
        "Which images may be looked at before the test?",
        lambda train, test: [_normalised(train, test), _normalised(test, test)],
    ),
    Misconception(
        "own-deviation",
        "The test set has the mean of the training set subtracted, but is divided by its own "
        "deviation.",
        "Both numbers must come from the same images.",
        lambda train, test: [
            _normalised(train, train),
            _normalised(test, train, spread=test),
        ],
    ),
    Misconception(
        "test-not-normalised",
        "The test set is only brought to the scale from 0 to 1. The network has learned from "
        "normalised images and expects such.",
        "What must hold for a picture that is in both sets?",
        lambda train, test: [_normalised(train, train), test / 255],
    ),
)


def _both(rng: np.random.Generator, count: int) -> Arguments:
    train = _images(rng, count)
    shape = (integer(rng, 2, 3), *train.shape[1:])
    test = rng.integers(integer(rng, 0, 40), integer(rng, 90, 200), size=shape)
    return {"train": train, "test": test.astype(np.uint8)}


NORMALISE_BOTH = Item(
    id="q20.normalise_both",
    signature="normalise_both(train, test)",
    points=1,
    public=(
        {"train": _DARK_AND_BRIGHT, "test": _FEW},
        {"train": _FEW, "test": 255 - _DARK_AND_BRIGHT[:3]},
    ),
    hidden=one_of_each_count(_both, telling_apart(normalise_both, _BOTH_MISTAKES)),
    reference=normalise_both,
    misconceptions=_BOTH_MISTAKES,
    forbidden=OWN_HELPER,
)

QUESTION = Question(
    id="q20",
    assignment="tp3_improvements",
    title="Statistics of the training set only",
    items=(CHANNEL_STATISTICS, NORMALISE_BOTH),
    rubric=(
        Criterion(0.5, "The test stands for images that nobody has seen yet; none may be used."),
        Criterion(0.5, "Train and test must be transformed alike, or a picture changes its look."),
        Criterion(0.5, "What a leak does: the measured accuracy is no longer an honest estimate."),
    ),
)
