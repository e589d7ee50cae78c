"""Question 35: configurations drawn by chance, and how many of them are enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of, telling_apart
from convbook.check.measures import AGAIN, DRAWS

Bounds = list[float]
Told = dict[str, dict[str, Any]]
# The generator, both bounds, how many values
Draw = Callable[[np.random.Generator, float, float, int], Any]


def _even(rng: np.random.Generator, low: float, high: float, n: int) -> Any:
    return rng.uniform(low, high, size=n)


def _even_in_the_logarithm(rng: np.random.Generator, low: float, high: float, n: int) -> Any:
    return np.exp(rng.uniform(math.log(low), math.log(high), size=n))


def _powers_of_2(rng: np.random.Generator, low: float, high: float, n: int) -> Any:
    return 2 ** rng.integers(int(math.log2(low)), int(math.log2(high)) + 1, size=n)


RIGHT: dict[str, Draw] = {
    "lr": _even_in_the_logarithm,
    "batch_size": _powers_of_2,
    "dropout": _even,
}


def draw_configuration(lr: Bounds, batch_size: Bounds, dropout: Bounds, seed: int) -> Told:
    """Return many configurations; what is compared are the facts of `measures.configurations`."""
    return _told(RIGHT, {"lr": lr, "batch_size": batch_size, "dropout": dropout}, seed)


def _told(ways: dict[str, Draw], bounds: dict[str, Bounds], seed: int) -> Told:
    """Return what `convbook.check.adapters.draw_configuration` tells of these ways to draw."""
    rng = np.random.default_rng(seed)
    return _twice({name: ways[name](rng, low, high, DRAWS) for name, (low, high) in bounds.items()})


def _twice(columns: dict[str, Any]) -> Told:
    return {
        "first": columns,
        "again": {name: column[:AGAIN] for name, column in columns.items()},
    }


def _drawing(**other: Draw) -> Callable[..., Told]:
    """Return the mistake of drawing some settings in other ways."""
    return lambda seed, **bounds: _told({**RIGHT, **other}, bounds, seed)


def _one_number_for_all(**a: Any) -> Told:
    """Take one random number of each run as the place in two ranges."""
    place = np.random.default_rng(a["seed"]).random(DRAWS)
    (low, high), (least, most) = np.log(a["lr"]), a["dropout"]
    return _twice(
        {
            **draw_configuration(**a)["first"],
            "lr": np.exp(low + (high - low) * place),
            "dropout": least + (most - least) * place,
        }
    )


def _own_generator(**a: Any) -> Told:
    other = draw_configuration(**a | {"seed": a["seed"] + 1})
    return draw_configuration(**a) | {"again": other["again"]}


def _always_the_same(**a: Any) -> Told:
    columns = draw_configuration(**a)["first"]
    return _twice({name: np.full_like(column, column[0]) for name, column in columns.items()})


DRAW_MISTAKES = (
    Misconception(
        "lr-even",
        "The learning rates are spread evenly over their range. Nine in ten of them then lie in "
        "its largest power of ten, and the small ones are hardly tried.",
        "Draw the exponent evenly, not the number.",
        _drawing(lr=_even),
    ),
    Misconception(
        "lr-of-a-grid",
        "Only a few learning rates come up. Then many runs try the same one again, as in a grid.",
        "Can every number between the bounds come out?",
        _drawing(lr=lambda rng, low, high, n: rng.choice(np.geomspace(low, high, 4), n)),
    ),
    Misconception(
        "two-logarithms",
        "Some learning rates lie outside the bounds. The exponent was drawn with one logarithm "
        "and used with the base of another.",
        "Which function undoes np.log, and which one np.log10?",
        _drawing(
            lr=lambda rng, low, high, n: np.exp(rng.uniform(math.log10(low), math.log10(high), n))
        ),
    ),
    Misconception(
        "largest-batch-missed",
        "The largest batch size never comes up. The upper bound of rng.integers is not drawn "
        "itself.",
        "How many powers of two are there from 16 to 256, both counted?",
        _drawing(batch_size=lambda rng, low, high, n: _powers_of_2(rng, low, high / 2, n)),
    ),
    Misconception(
        "any-batch-size",
        "Some batch sizes are no powers of two.",
        "What must be drawn so that 2 to the power of it is the batch size?",
        _drawing(
            batch_size=lambda rng, low, high, n: rng.integers(int(low), int(high) + 1, size=n)
        ),
    ),
    Misconception(
        "batch-rounded",
        "Some batch sizes come up more often than others: more numbers are rounded to them.",
        "How likely shall each power of two be?",
        _drawing(
            batch_size=lambda rng, low, high, n: (
                2 ** np.rint(np.log2(rng.uniform(low, high, n))).astype(int)
            )
        ),
    ),
    Misconception(
        "batch-size-a-float",
        "The batch size is no whole number of type int: nobody can cut batches of 32.0 images.",
        "What gives 2 ** 5, and what 2.0 ** 5?",
        _drawing(batch_size=lambda *a: _powers_of_2(*a).astype(float)),
    ),
    Misconception(
        "one-number-for-all",
        "One random number decides on several settings. A large learning rate then always meets "
        "a large dropout, and most of the space is never tried.",
        "How many random numbers does a configuration of three settings need?",
        _one_number_for_all,
    ),
    Misconception(
        "other-random-numbers",
        "The random numbers do not come from rng, so that no search can be repeated.",
        "Where is np.random or random used in your function?",
        _own_generator,
    ),
    Misconception(
        "always-the-same",
        "Every call gives the same configuration: a search of one run.",
        "Does your function make a generator of its own, with a fixed seed?",
        _always_the_same,
    ),
)


def _space(rng: np.random.Generator) -> Arguments:
    smallest, powers = integer(rng, 3, 5), integer(rng, 3, 5)
    return {
        "lr": [one_of(rng, (1e-4, 3e-4, 1e-3)), one_of(rng, (0.1, 0.3, 1.0))],
        "batch_size": [2**smallest, 2 ** (smallest + powers)],
        "dropout": [one_of(rng, (0.0, 0.05)), one_of(rng, (0.6, 0.7, 0.8))],
        "seed": integer(rng, 0, 10**6),
    }


DRAW_CONFIGURATION = Item(
    id="q35.draw_configuration",
    signature="draw_configuration(lr, batch_size, dropout, rng)",
    points=2,
    public=(
        {"lr": [0.001, 0.3], "batch_size": [16, 256], "dropout": [0.0, 0.8], "seed": 1},
        {"lr": [0.0001, 1.0], "batch_size": [32, 512], "dropout": [0.1, 0.9], "seed": 2},
    ),
    hidden=lambda rng: [_space(rng) for _ in range(3)],
    reference=draw_configuration,
    adapter="draw_configuration",
    measure="configurations",
    misconceptions=DRAW_MISTAKES,
)


def runs_needed(share: float, sure: float) -> int:
    """Return the smallest n with 1 - (1 - share)^n at least `sure`."""
    return math.ceil(_exactly(share, sure))


def _exactly(share: float, sure: float) -> float:
    return math.log(1 - sure) / math.log(1 - share)


RUNS_MISTAKES = (
    Misconception(
        "added-up",
        "The probabilities of the runs are added up. Two runs may both be among the best, and are "
        "counted twice then.",
        "How likely is it that none of n runs is among the best?",
        lambda share, sure: math.ceil(sure / share),
    ),
    Misconception(
        "one-in-so-many",
        "This is how often one must draw on average. In more than a third of the cases that is "
        "not enough.",
        "Where does your answer use how sure one wants to be?",
        lambda share, sure: math.ceil(1 / share),  # noqa: ARG005
    ),
    Misconception(
        "rounded-down",
        "One run is missing: with this number, one is not quite as sure as was asked for.",
        "Put your number into 1 - (1 - share)^n, and the next one too.",
        lambda share, sure: math.floor(_exactly(share, sure)),
    ),
    Misconception(
        "sure-to-fail",
        "This many runs miss with the probability that was to be that of a hit.",
        "Of which probability is the logarithm taken: of a hit, or of none?",
        lambda share, sure: math.ceil(math.log(sure) / math.log(1 - share)),
    ),
    Misconception(
        "upside-down",
        "The two logarithms are the wrong way round.",
        "Does one need more runs or fewer for a smaller share?",
        lambda share, sure: math.ceil(1 / _exactly(share, sure)),
    ),
    Misconception(
        "all-of-them",
        "This is the number of runs that are all among the best. One of them is enough.",
        "How likely is it that none of n runs is among the best?",
        lambda share, sure: math.ceil(math.log(1 - sure) / math.log(share)),
    ),
)


def _wish(rng: np.random.Generator) -> Arguments:
    return {
        "share": round(float(rng.uniform(0.02, 0.3)), 3),
        "sure": round(float(rng.uniform(0.6, 0.99)), 2),
    }


def _easily_fulfilled(rng: np.random.Generator) -> Arguments:
    """Draw a wish that one run fulfils."""
    share = integer(rng, 40, 60) / 100
    return {"share": share, "sure": round(share - integer(rng, 10, 30) / 100, 2)}


def _clear(a: Arguments) -> bool:
    """Whether every mistake shows, and neither rounding nor >= for > decides."""
    rest = _exactly(**a) % 1
    return 0.02 < rest < 0.98 and telling_apart(runs_needed, RUNS_MISTAKES)(a)


def _below_half(a: Arguments) -> bool:
    """Whether rounding to the nearest would round down."""
    return _clear(a) and _exactly(**a) % 1 < 0.4


RUNS_NEEDED = Item(
    id="q35.runs_needed",
    signature="runs_needed(share, sure)",
    points=1,
    public=(
        {"share": 0.05, "sure": 0.95},
        {"share": 0.2, "sure": 0.7},
        {"share": 0.5, "sure": 0.75},
    ),
    hidden=lambda rng: [
        *covering(rng, _wish, [_below_half, _below_half, _clear, _clear]),
        _easily_fulfilled(rng),
    ],
    reference=runs_needed,
    misconceptions=RUNS_MISTAKES,
)

QUESTION = Question(
    id="q35",
    assignment="tp4_search",
    title="Where to search",
    items=(DRAW_CONFIGURATION, RUNS_NEEDED),
    rubric=(
        Criterion(0.5, "The grid needs 125 runs and tries 5 learning rates; 125 draws try 125."),
        Criterion(
            0.5,
            "Usually one or two settings matter most, and nobody knows which: a grid wastes its "
            "runs on the others.",
        ),
        Criterion(
            0.5, "A learning rate acts by its factor, so its order of magnitude is drawn evenly."
        ),
    ),
)
