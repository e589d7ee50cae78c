"""Question 31: the mean of many thinned networks against one pass of the whole."""

from __future__ import annotations

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of, telling_apart
from autograder.questions.q29 import drop


def mean_and_whole(
    features: Array, weight: Array, bias: Array, kept: Array, p: float
) -> list[Array]:
    """Return the mean of the probabilities over all draws, and those without dropout."""
    thinned = _softmax(_scores(drop(features, kept, p), weight, bias))
    return [thinned.mean(axis=0), _whole(features, weight, bias)]


def _scores(features: Array, weight: Array, bias: Array) -> Array:
    scores: Array = features @ weight.T + bias
    return scores


def _softmax(scores: Array) -> Array:
    exponentials: Array = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def _whole(features: Array, weight: Array, bias: Array) -> Array:
    return _softmax(_scores(features, weight, bias))


def _not_scaled(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    del p
    return mean_and_whole(features, weight, bias, kept, 0.0)


def _scaled_twice(
    features: Array, weight: Array, bias: Array, kept: Array, p: float
) -> list[Array]:
    thinned, _ = mean_and_whole(features, weight, bias, kept, p)
    return [thinned, _whole(features * (1 - p), weight, bias)]


def _mean_scores(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    scores = _scores(drop(features, kept, p), weight, bias)
    return [_softmax(scores.mean(axis=0)), _whole(features, weight, bias)]


def _no_softmax(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    scores = _scores(drop(features, kept, p), weight, bias)
    return [scores.mean(axis=0), _scores(features, weight, bias)]


def _summed(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    thinned, whole = mean_and_whole(features, weight, bias, kept, p)
    return [thinned * len(kept), whole]


def _first_draw(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    return mean_and_whole(features, weight, bias, kept[:1], p)


def _bias_lost(features: Array, weight: Array, bias: Array, kept: Array, p: float) -> list[Array]:
    return mean_and_whole(features, weight, 0 * bias, kept, p)


MISCONCEPTIONS = (
    Misconception(
        "scaled-at-test-too",
        "The pass without dropout is made smaller by 1 - p, although the thinned passes were made "
        "larger already. One of the two is enough.",
        "What does torch do to its input in eval mode?",
        _scaled_twice,
    ),
    Misconception(
        "not-scaled",
        "The thinned features are not made larger by 1 / (1 - p).",
        "Does your drop of question 29 pass its check?",
        _not_scaled,
    ),
    Misconception(
        "mean-of-scores",
        "The mean was taken before the softmax. Each thinned network gives probabilities of its "
        "own, and their mean is asked for.",
        "What does one thinned network answer?",
        _mean_scores,
    ),
    Misconception(
        "no-softmax",
        "These are scores. Probabilities add up to 1.",
        "Which function turns scores into probabilities?",
        _no_softmax,
    ),
    Misconception(
        "sum",
        "The probabilities are added up without dividing.",
        "What must the probabilities of all classes add up to?",
        _summed,
    ),
    Misconception(
        "first-draw",
        "Only the first draw is used.",
        "How many thinned networks are there?",
        _first_draw,
    ),
    Misconception(
        "bias-lost",
        "The bias of the layer is missing.",
        "What does a fully-connected layer add to its sum?",
        _bias_lost,
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    classes, width, draws = integer(rng, 3, 4), integer(rng, 5, 8), integer(rng, 6, 12)
    p = one_of(rng, (0.25, 0.4, 0.5))
    return {
        "features": rng.uniform(0.5, 2, size=width).round(2),
        "weight": rng.normal(size=(classes, width)).round(2),
        "bias": rng.normal(size=classes).round(2),
        "kept": (rng.random((draws, width)) >= p).astype(np.int64),
        "p": p,
    }


_SMALL: Arguments = {
    "features": np.array([1.0, 2.0]),
    "weight": np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -0.5]]),
    "bias": np.array([0.5, 0.0, -0.5]),
}

MEAN_AND_WHOLE = Item(
    id="q31.mean_and_whole",
    signature="mean_and_whole(features, weight, bias, kept, p)",
    points=1,
    public=(
        {**_SMALL, "kept": np.array([[1, 1], [1, 0], [0, 1], [0, 0]]), "p": 0.5},
        {**_SMALL, "kept": np.array([[0, 1], [1, 1], [1, 1], [1, 0], [1, 1]]), "p": 0.2},
    ),
    hidden=lambda rng: covering(
        rng, _case, [telling_apart(mean_and_whole, MISCONCEPTIONS, by=0.003)] * 3
    ),
    reference=mean_and_whole,
    misconceptions=MISCONCEPTIONS,
    forbidden=("torch.*dropout*",),
)

QUESTION = Question(
    id="q31",
    assignment="tp3_improvements",
    title="What dropout is",
    items=(MEAN_AND_WHOLE,),
    rubric=(
        Criterion(0.5, "Many networks that share weights; the whole one stands for their mean."),
        Criterion(
            0.5, "No unit can rely on another one being there: features useful by themselves."
        ),
        Criterion(0.5, "Equal before the softmax on average, only close after it: as measured."),
    ),
)
