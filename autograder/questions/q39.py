"""Question 39: how much of the best accuracy is luck, and how the last measurement is told."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart

# Seven standard deviations of the mean of 1,000 simulated searches, or more: see `_few`.
TOLERANCE = 0.002
ROUNDS = 10_000  # of a simulation that takes the best of all its rounds
Answer = list[float]


def expected_best(accuracy: float, images: int, runs: int, seed: int = 0) -> float:
    """Return the mean of the best measured accuracy of `runs` networks, all equally good.

    Each is right with probability `accuracy` on each of its `images`, by chance. Exact: the sum
    over k of the probability that the best has more than k right answers. `seed` has no effect.
    """
    del seed
    return float((1 - _at_most(accuracy, images) ** runs).sum() / images)


def _at_most(accuracy: float, images: int) -> np.ndarray:
    """Return the probabilities of at most 0, 1, …, images - 1 right answers."""
    logs = np.cumsum(np.log(np.arange(1, images + 1)))  # of the factorials of 1 to images
    factorials = np.concatenate([[0.0], logs])
    k = np.arange(images)
    choices = factorials[-1] - factorials[k] - factorials[images - k]
    terms = choices + k * math.log(accuracy) + (images - k) * math.log(1 - accuracy)
    return np.asarray(np.cumsum(np.exp(terms)).clip(0, 1))


def _error(accuracy: float, images: int) -> float:
    return math.sqrt(accuracy * (1 - accuracy) / images)


def _worst(accuracy: float, images: int, runs: int, seed: int) -> float:
    return 1 - expected_best(1 - accuracy, images, runs, seed)


def _luck_times(factor: Callable[[int], float]) -> Callable[..., float]:
    """Return the accuracy and the luck of the best, multiplied by a factor of the images."""

    def wrong(accuracy: float, images: int, runs: int, seed: int) -> float:
        return accuracy + factor(images) * (expected_best(accuracy, images, runs, seed) - accuracy)

    return wrong


BEST_MISTAKES = (
    Misconception(
        "no-luck",
        "The best of several measurements is taken to be as good as the network is. One "
        "measurement is, on average; the best of them is the luckiest.",
        "Of ten dice, how large is the largest number on average?",
        lambda accuracy, **_: accuracy,
    ),
    Misconception(
        "one-error-above",
        "One standard error is added, whatever the number of runs. The more one tries, the "
        "luckier is the best of them.",
        "Where in your function do you use runs?",
        lambda accuracy, images, **_: accuracy + _error(accuracy, images),
    ),
    Misconception(
        "two-errors-above",
        "Two standard errors are added, whatever the number of runs. With few runs that is too "
        "much, with many it is too little.",
        "Where in your function do you use runs?",
        lambda accuracy, images, **_: accuracy + 2 * _error(accuracy, images),
    ),
    Misconception(
        "errors-add-up",
        "The luck grows in proportion to the number of runs. It grows ever more slowly: most of "
        "the runs that are added are not the best.",
        "What would come out for a thousand runs?",
        lambda accuracy, images, runs, **_: accuracy + runs * _error(accuracy, images),
    ),
    Misconception(
        "best-of-all-searches",
        "This is the best run of all searches together. What is asked for is the mean, over many "
        "searches, of the best run of each.",
        "Over which axis do you take the maximum, and over which one the mean?",
        lambda accuracy, images, runs, seed: expected_best(accuracy, images, ROUNDS * runs, seed),
    ),
    Misconception(
        "worst",
        "This is the worst run of a search.",
        "Which of the runs does a search choose?",
        _worst,
    ),
    Misconception(
        "luck-of-one-image",
        "The luck is that of one image. Over many images, good and bad luck nearly cancel out.",
        "How many images is each accuracy measured on?",
        _luck_times(math.sqrt),
    ),
    Misconception(
        "right-answers",
        "You gave the number of right answers. The accuracy is a share of the images.",
        "What is the accuracy of a network that is always right?",
        lambda accuracy, images, runs, seed: images * expected_best(accuracy, images, runs, seed),
    ),
)


def _search(rng: np.random.Generator) -> Arguments:
    return {
        "accuracy": round(float(rng.uniform(0.55, 0.85)), 2),
        "images": 50 * integer(rng, 8, 20),
        "runs": integer(rng, 10, 60),
        "seed": integer(rng, 0, 10**6),
    }


def _few(rng: np.random.Generator, runs: int, errors: float) -> Arguments:
    """Draw a search of few runs, on so many images that simulations are close, other runs not.

    Args:
        rng: the random numbers.
        runs: of the search.
        errors: how many standard errors the tolerance of the answer shall be.
    """
    a = _search(rng)
    allowed = TOLERANCE * (1 + a["accuracy"])
    return a | {"runs": runs, "images": round((errors * _error(a["accuracy"], 1) / allowed) ** 2)}


def _searches(rng: np.random.Generator) -> list[Arguments]:
    """Draw searches with few and with many runs: no number of standard errors suits both."""

    def shown(*but: str) -> Callable[[Arguments], bool]:
        mistakes = [known for known in BEST_MISTAKES if known.id not in but]
        return telling_apart(expected_best, mistakes, by=0.005)

    many = {"runs": integer(rng, 45, 60)}
    return [
        *covering(rng, lambda r: _few(r, integer(r, 3, 5), 0.17), [shown("one-error-above")]),
        _few(rng, 2, 0.185),
        *covering(rng, lambda r: _search(r) | many, [shown("two-errors-above")]),
        *covering(rng, _search, [shown("two-errors-above")]),
    ]


EXPECTED_BEST = Item(
    id="q39.expected_best",
    signature="expected_best(accuracy, images, runs, rng)",
    points=2,
    public=(
        {"accuracy": 0.7, "images": 500, "runs": 20, "seed": 1},
        {"accuracy": 0.8, "images": 1000, "runs": 50, "seed": 2},
    ),
    hidden=_searches,
    reference=expected_best,
    adapter="seeded",
    tolerance=TOLERANCE,
    misconceptions=BEST_MISTAKES,
)


def report(right: int, images: int) -> Answer:
    """Return the accuracy and both ends of its 95 % interval."""
    accuracy = right / images
    return _around(accuracy, 1.96 * _error(accuracy, images))


def _around(accuracy: float, half: float) -> Answer:
    return [accuracy, accuracy - half, accuracy + half]


def _reported(half: Callable[[float, int], float]) -> Callable[..., Answer]:
    """Return the report with another half of the interval."""
    return lambda right, images: _around(right / images, half(right / images, images))


REPORT_MISTAKES = (
    Misconception(
        "one-standard-error",
        "The interval is one standard error to each side. The truth lies outside of that one time "
        "in three.",
        "By which number must the standard error be multiplied?",
        _reported(_error),
    ),
    Misconception(
        "two-standard-errors",
        "The standard error is multiplied by 2. That is close, and here the number is given.",
        "By which number must the standard error be multiplied?",
        _reported(lambda p, n: 2 * _error(p, n)),
    ),
    Misconception(
        "one-image-fewer",
        "One image is subtracted under the root. That is for other formulas; this one divides by "
        "the number of all images.",
        "What stands under the root in the formula?",
        _reported(lambda p, n: 1.96 * _error(p, n - 1)),
    ),
    Misconception(
        "one-image",
        "This is how much the answers to single images vary. Their mean varies much less.",
        "How does the interval change when there are four times as many images?",
        _reported(lambda p, _n: 1.96 * math.sqrt(p * (1 - p))),
    ),
    Misconception(
        "missing-root",
        "The variance was taken for the standard error.",
        "How does the interval change when there are four times as many images?",
        _reported(lambda p, n: 1.96 * p * (1 - p) / n),
    ),
    Misconception(
        "divided-outside-the-root",
        "The root is divided by the number of images, in place of its root.",
        "What stands under the root in the formula?",
        _reported(lambda p, n: 1.96 * math.sqrt(p * (1 - p)) / n),
    ),
    Misconception(
        "without-the-errors",
        "Under the root, the accuracy is not multiplied by the share of wrong answers.",
        "How uncertain is an accuracy of 100 % by your formula?",
        _reported(lambda p, n: 1.96 * math.sqrt(p / n)),
    ),
    Misconception(
        "counts",
        "The right answers are counted. The accuracy is a share of the images.",
        "What is the accuracy of a network that is always right?",
        lambda right, images: [value * images for value in report(right, images)],
    ),
    Misconception(
        "width-only",
        "The half of the interval is given in place of its ends.",
        "Between which two accuracies does the truth lie, most of the time?",
        lambda right, images: [
            right / images,
            *[1.96 * _error(right / images, images)] * 2,
        ],
    ),
)


def _measurement(rng: np.random.Generator) -> Arguments:
    images = 500 * integer(rng, 2, 20)
    return {"right": int(images * rng.uniform(0.3, 0.95)), "images": images}


def _small_measurement(rng: np.random.Generator) -> Arguments:
    """Draw a measurement on so few images that small mistakes show, its interval within 0…1."""
    images = integer(rng, 20, 40)
    return {"right": int(images * rng.uniform(0.35, 0.7)), "images": images}


def _measurements(rng: np.random.Generator) -> list[Arguments]:
    small = ("two-standard-errors", "one-image-fewer")
    large = [known for known in REPORT_MISTAKES if known.id not in small]
    return [
        *covering(rng, _measurement, [telling_apart(report, large, by=0.001)] * 2),
        *covering(rng, _small_measurement, [telling_apart(report, REPORT_MISTAKES, by=0.001)]),
    ]


REPORT = Item(
    id="q39.report",
    signature="report(right, images)",
    points=1,
    public=(
        {"right": 8431, "images": 10_000},
        {"right": 600, "images": 1000},
        {"right": 18, "images": 30},
    ),
    hidden=_measurements,
    reference=report,
    misconceptions=REPORT_MISTAKES,
)

QUESTION = Question(
    id="q39",
    assignment="tp4_search",
    title="How much of it is luck",
    items=(EXPECTED_BEST, REPORT),
    rubric=(
        Criterion(0.5, "Both accuracies of one's own search, that of the test with its interval."),
        Criterion(0.5, "Compares their difference with the luck that expected_best gives."),
        Criterion(0.5, "If the test does not please: no second search on it, it has been used up."),
    ),
)
