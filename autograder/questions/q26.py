"""Question 26: how rough a curve is."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsFloat

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart
from autograder.questions.runs import RunItem


def roughness(curve: list[float]) -> float:
    """Return the mean size of the second differences of the last half of a curve."""
    return float(np.abs(_bends(_last_half(curve))).mean())


def _last_half(curve: list[float]) -> Array:
    return np.array(curve[len(curve) // 2 :])


def _bends(values: Array) -> Array:
    return np.diff(values, n=2)


def _of(describe: Callable[[Array], SupportsFloat]) -> Callable[..., float]:
    """Return the function that describes the last half with another number."""
    return lambda curve: float(describe(_last_half(curve)))


MISCONCEPTIONS = (
    Misconception(
        "whole-curve",
        "The whole curve is measured. At its beginning it bends because the network learns.",
        "From which value on does the last half go?",
        lambda curve: float(np.abs(_bends(np.array(curve))).mean()),
    ),
    Misconception(
        "first-half",
        "The first half is measured. The last one is asked for.",
        "Which part of a list does curve[: n // 2] give?",
        lambda curve: float(np.abs(_bends(np.array(curve[: len(curve) // 2]))).mean()),
    ),
    Misconception(
        "first-differences",
        "These are the steps from one value to the next. A steep straight line has large steps, "
        "and it is not rough.",
        "What shall come out for 1, 2, 3, 4, 5, 6?",
        _of(lambda values: np.abs(np.diff(values)).mean()),
    ),
    Misconception(
        "signed",
        "The signs are kept, so that a bend up and a bend down cancel out.",
        "What shall come out for a zigzag?",
        _of(lambda values: _bends(values).mean()),
    ),
    Misconception(
        "sum",
        "The bends are added up, so that a longer curve seems rougher.",
        "How many bends do n values have?",
        _of(lambda values: np.abs(_bends(values)).sum()),
    ),
    Misconception(
        "squared",
        "The bends are squared.",
        "What shall come out for a zigzag between 0 and 0.1?",
        _of(lambda values: (_bends(values) ** 2).mean()),
    ),
    Misconception(
        "deviation",
        "This is the standard deviation. A steep straight line has a large one, and it is not "
        "rough.",
        "What shall come out for 1, 2, 3, 4, 5, 6?",
        _of(lambda values: values.std()),
    ),
    Misconception(
        "divided-by-length",
        "The sum is divided by the number of values. There are two bends less than values.",
        "How many bends do three values have?",
        _of(lambda values: np.abs(_bends(values)).sum() / len(values)),
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    n = integer(rng, 9, 20)
    falling = 4 / (1 + np.arange(n)) + np.cumsum(rng.normal(scale=0.3, size=n))
    return {"curve": falling.round(3).tolist()}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    shows = telling_apart(roughness, MISCONCEPTIONS)
    even, odd = (lambda a, rest=rest: len(a["curve"]) % 2 == rest and shows(a) for rest in (0, 1))
    return covering(rng, _case, [even, odd, even, odd])


ROUGHNESS = Item(
    id="q26.roughness",
    signature="roughness(curve)",
    points=1,
    public=(
        {"curve": [2.0, 1.5, 1.25, 1.0, 1.5, 1.0, 1.25, 1.0]},
        {"curve": [2.3, 1.9, 1.6, 1.4, 1.3, 1.2, 1.1, 1.0, 0.9]},
        {"curve": [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]},
    ),
    hidden=_cases,
    reference=roughness,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q26",
    assignment="tp3_improvements",
    title="Momentum, a schedule, and smooth curves",
    items=(ROUGHNESS,),
    runs=(RunItem(id="q26.run", step="schedule", points=2),),
    rubric=(
        Criterion(
            0.5,
            "Final accuracies of both runs, and the roughness of both curves (of the batches' "
            "losses after fewer than 6 epochs).",
        ),
        Criterion(
            0.5, "Momentum at the old learning rate, without a schedule: learning collapses."
        ),
        Criterion(
            0.5,
            "With the schedule the curve becomes smooth as the steps become small, which a few "
            "epochs do not reach.",
        ),
        Criterion(
            0.5,
            "The accuracy beside question 22's, as the runs have it: little gained after many "
            "epochs, much lost after a few. One run each cannot prove a small difference.",
        ),
    ),
)
