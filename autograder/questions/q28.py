"""Question 28, bonus: one step of Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart


def adam_step(
    w: Array, gradient: Array, m: Array, v: Array, t: int, lr: float, betas: list[float], eps: float
) -> list[Array]:
    """Return weights and both running means after step t, counted from 1."""
    m, v = _means(gradient, m, v, betas)
    corrected_m, corrected_v = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return [w - lr * corrected_m / (np.sqrt(corrected_v) + eps), m, v]


def _means(gradient: Array, m: Array, v: Array, betas: list[float]) -> tuple[Array, Array]:
    first, second = betas
    return first * m + (1 - first) * gradient, second * v + (1 - second) * gradient**2


def _no_correction(**a: Any) -> list[Array]:
    m, v = _means(a["gradient"], a["m"], a["v"], a["betas"])
    return [a["w"] - a["lr"] * m / (np.sqrt(v) + a["eps"]), m, v]


def _divided_by(divisor: Callable[[Array, float], Array]) -> Callable[..., list[Array]]:
    """Return the step whose corrected mean is divided by another function of (v, eps)."""

    def wrong(**a: Any) -> list[Array]:
        _, m, v = adam_step(**a)
        corrected_m, corrected_v = (
            mean / (1 - beta ** a["t"]) for mean, beta in zip((m, v), a["betas"], strict=True)
        )
        return [a["w"] - a["lr"] * corrected_m / divisor(corrected_v, a["eps"]), m, v]

    return wrong


def _keeps_corrected(**a: Any) -> list[Array]:
    w, m, v = adam_step(**a)
    return [w, m / (1 - a["betas"][0] ** a["t"]), v / (1 - a["betas"][1] ** a["t"])]


MISCONCEPTIONS = (
    Misconception(
        "no-correction",
        "Both means begin at 0 and are too small at first. They are divided by 1 - beta^t before "
        "they are used.",
        "What is the mean after the first step, and what is the gradient?",
        _no_correction,
    ),
    Misconception(
        "counted-from-0",
        "The correction takes t for one step more than were made.",
        "What is t in the first step?",
        lambda **a: [adam_step(**a | {"t": a["t"] + 1})[0], *adam_step(**a)[1:]],
    ),
    Misconception(
        "no-root",
        "The step is divided by the mean of the squares. Its square root is of the size of a "
        "gradient.",
        "How large is a step when all gradients are doubled?",
        _divided_by(lambda v, eps: v + eps),
    ),
    Misconception(
        "eps-inside",
        "The small number stands under the root.",
        "Is eps added before or after the square root?",
        _divided_by(lambda v, eps: np.sqrt(v + eps)),
    ),
    Misconception(
        "keeps-corrected",
        "The corrected means are given back. At the next step they would be corrected once more.",
        "Which means does the next step need?",
        _keeps_corrected,
    ),
    Misconception(
        "betas-swapped",
        "The two betas are swapped: the first one belongs to the mean of the gradients.",
        "Which mean has the longer memory?",
        lambda **a: adam_step(**a | {"betas": a["betas"][::-1]}),
    ),
    Misconception(
        "uphill",
        "The step goes up. The loss gets smaller against the gradient.",
        "Which sign stands before lr?",
        lambda **a: adam_step(**a | {"lr": -a["lr"]}),
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    size = integer(rng, 2, 4)
    w, gradient, m = rng.normal(size=(3, size)).round(3)
    return {
        "w": w,
        "gradient": gradient,
        "m": m,
        "v": rng.uniform(0.1, 1, size=size).round(3),
        "t": integer(rng, 1, 4),
        "lr": round(float(rng.uniform(0.5, 1.5)), 2),
        "betas": [round(float(rng.uniform(0.4, 0.6)), 2), round(float(rng.uniform(0.7, 0.9)), 2)],
        "eps": 0.1,
    }


def _cases(rng: np.random.Generator) -> list[Arguments]:
    shows = telling_apart(adam_step, MISCONCEPTIONS)
    return covering(rng, _case, [lambda a: a["t"] == 1 and shows(a), shows, shows])


_FIRST: Arguments = {
    "w": np.array([1.0, -2.0]),
    "gradient": np.array([0.5, -4.0]),
    "m": np.zeros(2),
    "v": np.zeros(2),
    "t": 1,
    "lr": 0.1,
    "betas": [0.9, 0.999],
    "eps": 1e-8,
}

ADAM_STEP = Item(
    id="q28.adam_step",
    signature="adam_step(w, gradient, m, v, t, lr, betas, eps)",
    points=2,
    public=(
        _FIRST,
        {**_FIRST, "m": np.array([0.2, 0.1]), "v": np.array([0.5, 1.0]), "t": 3, "eps": 0.1},
        {**_FIRST, "m": np.array([1.0, -1.0]), "v": np.array([0.5, 0.1]), "betas": [0.5, 0.75]},
    ),
    hidden=_cases,
    reference=adam_step,
    adapter="with_tuples",
    misconceptions=MISCONCEPTIONS,
    forbidden=("torch.optim.adam",),
)

QUESTION = Question(
    id="q28",
    assignment="tp3_improvements",
    title="Another optimiser",
    items=(ADAM_STEP,),
    rubric=(
        Criterion(
            0.5, "Every weight has a step of its own, nearly independent of the loss' scale."
        ),
        Criterion(0.5, "Compares with SGD and momentum: a run, or a reason when to prefer which."),
    ),
    bonus=True,
)
