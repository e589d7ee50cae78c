"""Question 34: batch normalisation, in training and in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart
from autograder.questions.runs import RunItem

FORBIDDEN = ("torch.*batch_norm*",)
BATCH = (0, 2, 3)  # the axes that one channel's statistics are taken over
Scaling = Callable[[Array, float], Array]


def batch_norm_train(
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    momentum: float,
    eps: float,
) -> list[Array]:
    """Return the output (N, C, H, W) and the new running mean and variance, as torch does."""
    mean, var = x.mean(axis=BATCH), x.var(axis=BATCH)
    return [
        _scaled(x, mean, var, gamma, beta, eps),
        (1 - momentum) * running_mean + momentum * mean,
        (1 - momentum) * running_var + momentum * x.var(axis=BATCH, ddof=1),
    ]


def batch_norm_eval(
    x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, eps: float
) -> Array:
    """Return the output (N, C, H, W) by the running statistics."""
    return _scaled(x, running_mean, running_var, gamma, beta, eps)


def _root(var: Array, eps: float) -> Array:
    return np.sqrt(var + eps)


def _scaled(
    x: Array,
    mean: Array,
    var: Array,
    gamma: Array,
    beta: Array,
    eps: float,
    divisor: Scaling = _root,
) -> Array:
    """Return x minus the mean, over the divisor, times gamma, plus beta: numbers per channel."""
    mean, var, gamma, beta = (
        each.reshape(-1, 1, 1) if each.ndim == 1 else each for each in (mean, var, gamma, beta)
    )
    return np.asarray((x - mean) / divisor(var, eps) * gamma + beta)


def _output_with(change: Callable[..., Array]) -> Callable[..., list[Array]]:
    """Return the mistake that gives another output, and the right running statistics."""
    return lambda **a: [change(a), *batch_norm_train(**a)[1:]]


def _over(*axes: int) -> Callable[..., list[Array]]:
    """Return the mistake of statistics over other axes, for the output."""

    def output(a: Arguments) -> Array:
        mean, var = (each(a["x"], axis=axes, keepdims=True) for each in (np.mean, np.var))
        return _scaled(a["x"], mean, var, a["gamma"], a["beta"], a["eps"])

    return _output_with(output)


def _divided_by(divisor: Scaling) -> Callable[..., list[Array]]:
    def output(a: Arguments) -> Array:
        mean, var = a["x"].mean(axis=BATCH), a["x"].var(axis=BATCH)
        return _scaled(a["x"], mean, var, a["gamma"], a["beta"], a["eps"], divisor)

    return _output_with(output)


def _unbiased_output(a: Arguments) -> Array:
    mean, var = a["x"].mean(axis=BATCH), a["x"].var(axis=BATCH, ddof=1)
    return _scaled(a["x"], mean, var, a["gamma"], a["beta"], a["eps"])


def _biased_running(**a: Any) -> list[Array]:
    output, mean, _ = batch_norm_train(**a)
    var = (1 - a["momentum"]) * a["running_var"] + a["momentum"] * a["x"].var(axis=BATCH)
    return [output, mean, var]


def _without_scale(a: Arguments) -> Array:
    return batch_norm_train(**a | {"gamma": 0 * a["gamma"] + 1, "beta": 0 * a["beta"]})[0]


_TRAIN_MISTAKES = (
    Misconception(
        "one-image",
        "The statistics are those of one image. A channel of the whole batch shares one mean and "
        "one variance.",
        "Over how many images is the mean taken?",
        _over(2, 3),
    ),
    Misconception(
        "each-place",
        "Every place has a mean of its own. A channel is treated alike at all places, as the "
        "convolution before it does.",
        "How many means are there for C channels?",
        _over(0),
    ),
    Misconception(
        "all-channels",
        "The channels were put together. Each has a mean and a variance of its own.",
        "How many means are there for C channels?",
        _over(0, 1, 2, 3),
    ),
    Misconception(
        "missing-root",
        "You divided by the variance. Its square root has the unit of the numbers.",
        "Which variance has the output when gamma is 1?",
        _divided_by(lambda var, eps: var + eps),
    ),
    Misconception(
        "eps-outside",
        "The small number is added after the square root.",
        "Where does eps stand in the formula?",
        _divided_by(lambda var, eps: np.sqrt(var) + eps),
    ),
    Misconception(
        "unbiased-output",
        "The output is made with the variance that divides by one less. That one is for the "
        "running variance only.",
        "Which of the two variances has the output when gamma is 1: exactly 1?",
        _output_with(_unbiased_output),
    ),
    Misconception(
        "biased-running",
        "The running variance gets the variance that divides by the number of values. It shall "
        "estimate that of all images, and gets the one that divides by one less.",
        "What does the text of the question say of the running variance?",
        _biased_running,
    ),
    Misconception(
        "momentum-swapped",
        "momentum is the weight of the new value here, not of the old one.",
        "How much of the old mean is left after a step with momentum 0.1?",
        lambda **a: batch_norm_train(**a | {"momentum": 1 - a["momentum"]}),
    ),
    Misconception(
        "running-not-updated",
        "The running statistics come back as they were.",
        "What will the network in use know of the training images?",
        lambda **a: [batch_norm_train(**a)[0], a["running_mean"], a["running_var"]],
    ),
    Misconception(
        "gamma-and-beta-lost",
        "The learned scale and shift have no effect.",
        "What are gamma and beta for?",
        _output_with(_without_scale),
    ),
)

_EVAL_MISTAKES = (
    Misconception(
        "batch-statistics",
        "The statistics of this batch are used. In use, an image would get another answer in other "
        "company, and one image alone has no batch.",
        "Which statistics were gathered during training?",
        lambda **a: batch_norm_eval(
            **a | {"running_mean": a["x"].mean(axis=BATCH), "running_var": a["x"].var(axis=BATCH)}
        ),
    ),
    Misconception(
        "missing-root",
        "You divided by the running variance. Its square root is needed.",
        "Is running_var a variance or a deviation?",
        lambda **a: _scaled(**_as_scaled(a), divisor=lambda var, eps: var + eps),
    ),
    Misconception(
        "eps-outside",
        "The small number is added after the square root.",
        "Where does eps stand in the formula?",
        lambda **a: _scaled(**_as_scaled(a), divisor=lambda var, eps: np.sqrt(var) + eps),
    ),
    Misconception(
        "gamma-and-beta-lost",
        "The learned scale and shift have no effect.",
        "What are gamma and beta for?",
        lambda **a: batch_norm_eval(**a | {"gamma": 0 * a["gamma"] + 1, "beta": 0 * a["beta"]}),
    ),
    Misconception(
        "identity",
        "Nothing is done. Unlike dropout, batch normalisation works in use too.",
        "What did the next layer get in training?",
        lambda **a: a["x"],
    ),
    Misconception(
        "beta-scaled",
        "The shift is added before the scale is applied, and so is scaled too.",
        "Which comes first in the formula, gamma or beta?",
        lambda **a: batch_norm_eval(**a | {"beta": a["beta"] * a["gamma"]}),
    ),
)


def _as_scaled(a: Arguments) -> Arguments:
    return {
        "mean": a["running_mean"],
        "var": a["running_var"],
        **{key: a[key] for key in ("x", "gamma", "beta", "eps")},
    }


def _eval_case(rng: np.random.Generator) -> Arguments:
    """Draw channels that differ in mean and spread, and so do their images."""
    n, channels = integer(rng, 2, 3), integer(rng, 2, 3)
    shape = (n, channels, integer(rng, 2, 3), integer(rng, 4, 5))
    middle, spread = (
        rng.normal(scale=2, size=(n, channels, 1, 1)),
        rng.uniform(0.5, 2, (channels, 1, 1)),
    )
    gamma, beta, mean = (rng.uniform(0.5, 2, size=channels).round(2) for _ in range(3))
    return {
        "x": (middle + spread * rng.normal(size=shape)).round(2),
        "gamma": gamma,
        "beta": beta,
        "running_mean": mean,
        "running_var": rng.uniform(0.3, 3, size=channels).round(2),
        "eps": 0.1,
    }


def _train_case(rng: np.random.Generator) -> Arguments:
    return _eval_case(rng) | {"momentum": round(float(rng.uniform(0.1, 0.4)), 2)}


_X = (np.arange(2 * 2 * 2 * 3, dtype=np.float64) ** 2 % 13).reshape(2, 2, 2, 3)
_PLAIN: Arguments = {
    "x": _X,
    "gamma": np.array([1.0, 1.0]),
    "beta": np.array([0.0, 0.0]),
    "running_mean": np.array([0.0, 0.0]),
    "running_var": np.array([1.0, 1.0]),
    "eps": 1e-5,
}
_LEARNED: Arguments = {
    "x": _X - 3,
    "gamma": np.array([2.0, 0.5]),
    "beta": np.array([1.0, -1.0]),
    "running_mean": np.array([4.0, -2.0]),
    "running_var": np.array([9.0, 0.25]),
    "eps": 0.1,
}

BATCH_NORM_TRAIN = Item(
    id="q34.batch_norm_train",
    signature="batch_norm_train(x, gamma, beta, running_mean, running_var, momentum, eps)",
    points=2,
    public=(_PLAIN | {"momentum": 0.1}, _LEARNED | {"momentum": 0.25}),
    hidden=lambda rng: covering(
        rng, _train_case, [telling_apart(batch_norm_train, _TRAIN_MISTAKES)] * 3
    ),
    reference=batch_norm_train,
    misconceptions=_TRAIN_MISTAKES,
    forbidden=FORBIDDEN,
)

BATCH_NORM_EVAL = Item(
    id="q34.batch_norm_eval",
    signature="batch_norm_eval(x, gamma, beta, running_mean, running_var, eps)",
    points=1,
    public=(_PLAIN, _LEARNED, _LEARNED | {"x": _X[:1, :, :1, :1]}),
    hidden=lambda rng: covering(
        rng, _eval_case, [telling_apart(batch_norm_eval, _EVAL_MISTAKES)] * 3
    ),
    reference=batch_norm_eval,
    misconceptions=_EVAL_MISTAKES,
    forbidden=FORBIDDEN,
)

QUESTION = Question(
    id="q34",
    assignment="tp3_improvements",
    title="Batch normalisation",
    items=(BATCH_NORM_TRAIN, BATCH_NORM_EVAL),
    runs=(RunItem(id="q34.run", step="batchnorm", points=2),),
    rubric=(
        Criterion(0.5, "Final accuracies with and without, from curves of one's own."),
        Criterion(
            0.5, "Learning is faster: accuracy after an epoch, or epochs until the same loss."
        ),
        Criterion(0.5, "What is normalised (a channel over batch and places), gamma and beta."),
        Criterion(
            0.5, "In use the running statistics: one image's answer depends on no other image."
        ),
    ),
)
