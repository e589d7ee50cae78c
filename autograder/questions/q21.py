"""Question 21, bonus: whiten images with ZCA."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart


def zca(x: Array, eps: float) -> Array:
    """Return rows (N, D) whitened and turned back, so that they stay close to what they were."""
    return _turned(x, lambda values: 1 / np.sqrt(values + eps))


def _turned(
    x: Array, scale: Callable[[Array], Array], *, less: int = 0, back: bool = True
) -> Array:
    """Return the centred rows with each axis of their covariance multiplied by its scale."""
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(x) - less))
    whitened: Array = centred @ vectors * scale(values)
    return whitened @ vectors.T if back else whitened


def _standardised(x: Array, eps: float) -> Array:
    return np.asarray((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps))


def _not_centred(x: Array, eps: float) -> Array:
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    return np.asarray(x @ vectors / np.sqrt(values + eps) @ vectors.T)


MISCONCEPTIONS = (
    Misconception(
        "not-turned-back",
        "The rows are whitened, but still in the axes of the eigenvectors (PCA). The images would "
        "no longer look like images.",
        "Which matrix undoes the first rotation?",
        lambda x, eps: _turned(x, lambda values: 1 / np.sqrt(values + eps), back=False),
    ),
    Misconception(
        "missing-root",
        "The axes are divided by their variance. The deviation is its square root.",
        "Which variance shall each axis have at the end?",
        lambda x, eps: _turned(x, lambda values: 1 / (values + eps)),
    ),
    Misconception(
        "standardised",
        "Every column is divided by its own deviation. The columns then still vary together.",
        "What stands beside the diagonal of the covariance of your result?",
        _standardised,
    ),
    Misconception(
        "not-centred",
        "The mean is not subtracted, so the matrix is no covariance.",
        "What is the mean of each column of your result?",
        _not_centred,
    ),
    Misconception(
        "one-less",
        "The covariance is divided by N - 1, as np.cov does. The question divides by N.",
        "Which divisor does the text of the question name?",
        lambda x, eps: _turned(x, lambda values: 1 / np.sqrt(values + eps), less=1),
    ),
    Misconception(
        "eps-outside",
        "The small number is added after the square root.",
        "Where does eps stand in the formula?",
        lambda x, eps: _turned(x, lambda values: 1 / (np.sqrt(values) + eps)),
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw rows whose columns vary together, each by another amount."""
    n, d = integer(rng, 12, 16), integer(rng, 3, 5)
    mixed = rng.normal(size=(n, d)) @ (rng.normal(size=(d, d)) * rng.uniform(0.5, 3, size=d))
    return {"x": mixed.round(2) + rng.uniform(1, 3, size=d).round(2), "eps": 0.1}


_LINE = np.array([[1, 2], [2, 3], [3, 5], [4, 4], [5, 7], [6, 6]], dtype=np.float64)
_CUBE = (np.arange(24, dtype=np.float64) ** 2 % 17).reshape(8, 3)

ZCA = Item(
    id="q21.zca",
    signature="zca(x, eps)",
    points=2,
    public=({"x": _LINE, "eps": 0.1}, {"x": _CUBE, "eps": 0.1}, {"x": _LINE, "eps": 0.01}),
    hidden=lambda rng: covering(rng, _case, [telling_apart(zca, MISCONCEPTIONS)] * 3),
    reference=zca,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q21",
    assignment="tp3_improvements",
    title="Whitening",
    items=(ZCA,),
    rubric=(
        Criterion(0.5, "Covariance near the identity: no two pixels tell the same any more."),
        Criterion(0.5, "What is lost or risked: noise is amplified (hence eps), D by D is large."),
    ),
    bonus=True,
)
