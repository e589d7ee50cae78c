"""Question 29: what dropout does to the numbers of a layer, for given draws."""

from __future__ import annotations

from functools import partial

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of, telling_apart
from autograder.questions.runs import RunItem


def drop(x: Array, kept: Array, p: float) -> Array:
    """Return x where `kept` is 1, made larger by 1 / (1 - p), and 0 elsewhere."""
    return np.asarray(x * kept / (1 - p))


def _scaled_by_p(x: Array, kept: Array, p: float) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(x * kept / p)


MISCONCEPTIONS = (
    Misconception(
        "not-scaled",
        "What is kept is not made larger. The next layer would get sums that are too small by the "
        "factor 1 - p.",
        "What is the mean of the output over many draws, and what was x?",
        lambda **a: a["x"] * a["kept"],
    ),
    Misconception(
        "scaled-by-p",
        "What is kept is divided by p, the probability of being dropped.",
        "With which probability is a number kept?",
        _scaled_by_p,
    ),
    Misconception(
        "made-smaller",
        "What is kept is multiplied by 1 - p. It must become larger, to stand in for what is gone.",
        "What is the mean of the output over many draws, and what was x?",
        lambda x, kept, p: x * kept * (1 - p),
    ),
    Misconception(
        "kept-dropped",
        "What should be kept is dropped, and the other way round.",
        "What does a 1 in kept mean?",
        lambda x, kept, p: drop(x, 1 - kept, p),
    ),
    Misconception(
        "scaled-by-count",
        "You divided by the share that this draw has kept. The probability is the same every time, "
        "and it is what the mean over all draws needs.",
        "Is the sum of the output the same for every draw?",
        lambda **a: a["x"] * a["kept"] / a["kept"].mean(),
    ),
    Misconception(
        "all-scaled",
        "The dropped numbers are not 0.",
        "What does a 0 in kept mean?",
        lambda **a: a["x"] / (1 - a["p"]),
    ),
)


def _case(rng: np.random.Generator, axes: int) -> Arguments:
    p = one_of(rng, (0.2, 0.25, 0.3, 0.6, 0.7, 0.75))
    shape = [integer(rng, 2, 3) for _ in range(axes)]
    shape[-1] += 3
    kept = (rng.random(shape) >= p).astype(np.int64)
    return {"x": rng.normal(scale=2, size=shape).round(2), "kept": kept, "p": p}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw arrays with one, two and four axes, and one of which nothing is dropped."""
    shows = telling_apart(drop, MISCONCEPTIONS)
    cases = [
        case for axes in (1, 2, 4) for case in covering(rng, partial(_case, axes=axes), [shows])
    ]
    x = _case(rng, 2)["x"]
    return [*cases, {"x": x, "kept": np.ones(x.shape, dtype=np.int64), "p": 0.0}]


_X = np.array([[1.0, -2.0, 3.0, 0.5], [4.0, 1.5, -1.0, 2.0]])
_KEPT = np.array([[1, 0, 0, 1], [0, 1, 1, 1]])

DROP = Item(
    id="q29.drop",
    signature="drop(x, kept, p)",
    points=1,
    public=(
        {"x": _X, "kept": _KEPT, "p": 0.5},
        {"x": _X, "kept": _KEPT, "p": 0.2},
        {"x": _X, "kept": np.ones((2, 4), dtype=np.int64), "p": 0.1},
    ),
    hidden=_cases,
    reference=drop,
    misconceptions=MISCONCEPTIONS,
    forbidden=("torch.*dropout*",),
)

QUESTION = Question(
    id="q29",
    assignment="tp3_improvements",
    title="Dropout",
    items=(DROP,),
    runs=(RunItem(id="q29.run", step="dropout", points=2),),
    rubric=(
        Criterion(0.5, "Final accuracies with and without dropout, from curves of one's own."),
        Criterion(
            0.5, "Training accuracy, measured while units are missing, falls; tells by how much."
        ),
        Criterion(0.5, "The gap closes and the test loss stops rising, or rises later."),
        Criterion(0.5, "Why there: fc4 has 86 % of the weights. Learning takes more epochs."),
    ),
)
