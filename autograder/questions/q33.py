"""Question 33: dropout as a layer, in training and in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import integer, one_of
from autograder.questions.q29 import drop
from convbook.check.measures import with_zeros

SHAPE = (40, 80)

# The output, given x, p, training and the seed of the random numbers
Layer = Callable[[Array, float, bool, int], Array]


def _told(layer: Layer) -> Callable[..., dict[str, Array]]:
    """Return what the adapter tells of a layer."""
    return lambda x, p, training, seed: with_zeros(lambda each: layer(x, p, training, each), seed)


def dropout(**arguments: Any) -> dict[str, Array]:
    """Return the outputs of a right layer; what is compared are the facts of `measures.dropped`."""
    return _told(_layer)(**arguments)


def _layer(x: Array, p: float, training: bool, seed: int) -> Array:
    return drop(x, _kept(x.shape, p, seed), p) if training else x


def _kept(shape: tuple[int, ...], p: float, seed: int) -> Array:
    return np.random.default_rng(seed).random(shape) >= p


def _not_scaled(x: Array, p: float, training: bool, seed: int) -> Array:
    return x * _kept(x.shape, p, seed) if training else x


def _scaled_at_test_too(x: Array, p: float, training: bool, seed: int) -> Array:
    return _layer(x, p, training, seed) if training else x * (1 - p)


def _scaled_at_test_instead(x: Array, p: float, training: bool, seed: int) -> Array:
    return _not_scaled(x, p, training, seed) if training else x * (1 - p)


def _always_training(x: Array, p: float, training: bool, seed: int) -> Array:
    del training
    return _layer(x, p, True, seed)


def _never(x: Array, p: float, training: bool, seed: int) -> Array:
    del p, training, seed
    return x


def _p_kept(x: Array, p: float, training: bool, seed: int) -> Array:
    return _layer(x, 1 - p, training, seed)


def _the_other_way_round(x: Array, p: float, training: bool, seed: int) -> Array:
    return _layer(x, p, not training, seed)


def _one_draw(axis: int) -> Layer:
    """Return dropout with one draw for all numbers along an axis."""

    def wrong(x: Array, p: float, training: bool, seed: int) -> Array:
        shape = [1 if place == axis else side for place, side in enumerate(x.shape)]
        return drop(x, _kept(tuple(shape), p, seed), p) if training else x

    return wrong


def _as_many_of_each(x: Array, p: float, training: bool, seed: int) -> Array:
    order = np.random.default_rng(seed).random(x.shape).argsort(axis=1)
    return drop(x, order >= round(p * x.shape[1]), p) if training else x


def _as_many_at_all(x: Array, p: float, training: bool, seed: int) -> Array:
    order = np.random.default_rng(seed).permutation(x.size).reshape(x.shape)
    return drop(x, order >= round(p * x.size), p) if training else x


def _always_the_same(x: Array, p: float, training: bool, seed: int) -> Array:
    return _layer(x, p, training, 0 * seed)


def _own_generator(**arguments: Any) -> dict[str, Array]:
    outputs = dropout(**arguments)
    return outputs | {"again": dropout(**arguments | {"seed": arguments["seed"] + 2})["first"]}


MISCONCEPTIONS = (
    Misconception(
        "scaled-at-test-too",
        "In training you divide by 1 - p already. Multiplying by 1 - p at the test makes "
        "everything too small by that factor.",
        "What is the mean of the output in training, and what is it at the test?",
        _told(_scaled_at_test_too),
    ),
    Misconception(
        "scaled-at-test-instead",
        "This is the form of the first paper: nothing in training, a factor of 1 - p at the test. "
        "Here it is done in training, so that the network in use needs to know nothing of p.",
        "Which of the two passes shall be left alone?",
        _told(_scaled_at_test_instead),
    ),
    Misconception(
        "not-scaled",
        "What is kept in training is not made larger by 1 / (1 - p).",
        "What is the mean of the output over many draws, and what was x?",
        _told(_not_scaled),
    ),
    Misconception(
        "always-training",
        "Numbers are dropped at the test too, so the same image gets another answer each time.",
        "What does the argument training say?",
        _told(_always_training),
    ),
    Misconception(
        "never-drops",
        "Nothing is dropped in training.",
        "What does the argument training say?",
        _told(_never),
    ),
    Misconception(
        "other-way-round",
        "Training and test are exchanged.",
        "What does training=True mean?",
        _told(_the_other_way_round),
    ),
    Misconception(
        "p-kept",
        "p is taken as the probability of keeping. It is that of dropping.",
        "How many numbers are left when p is 0.2?",
        _told(_p_kept),
    ),
    Misconception(
        "same-for-all-images",
        "All images of the batch lose the same units. Each shall have a draw of its own.",
        "How many random numbers does a batch of shape (N, D) need?",
        _told(_one_draw(0)),
    ),
    Misconception(
        "whole-images",
        "An image loses all its numbers or none.",
        "How many random numbers does a batch of shape (N, D) need?",
        _told(_one_draw(1)),
    ),
    Misconception(
        "as-many-of-each",
        "Every image loses as many numbers. Each number shall be dropped with probability p "
        "whatever happens to the others: then how many are lost is left to chance.",
        "What does rng.random() < p say of one number?",
        _told(_as_many_of_each),
    ),
    Misconception(
        "as-many-each-time",
        "The batch loses as many numbers each time. Each number shall be dropped with probability "
        "p whatever happens to the others: then how many are lost is left to chance.",
        "What does rng.random() < p say of one number?",
        _told(_as_many_at_all),
    ),
    Misconception(
        "always-the-same",
        "Every call drops the same numbers: the network learns to do without those, and no others.",
        "Does your function make a generator of its own, with a fixed seed?",
        _told(_always_the_same),
    ),
    Misconception(
        "other-random-numbers",
        "The random numbers do not come from rng, so that no run can be repeated.",
        "Where is np.random or torch used in your function?",
        _own_generator,
    ),
)


def _case(rng: np.random.Generator, p: float, *, training: bool) -> Arguments:
    x = rng.choice([-1, 1], size=SHAPE) * rng.uniform(0.5, 2, size=SHAPE)
    return {"x": x.round(2), "p": p, "training": training, "seed": integer(rng, 0, 10**6)}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw a small and a large p for training and for the test."""
    small, large = one_of(rng, (0.2, 0.25, 0.3)), one_of(rng, (0.7, 0.75, 0.8))
    return [_case(rng, p, training=training) for p in (small, large) for training in (True, False)]


_X = np.tile(np.array([1.0, -2.0, 3.0, 0.5, 4.0]), (40, 16))

DROPOUT = Item(
    id="q33.dropout",
    signature="dropout(x, p, training, rng)",
    points=2,
    public=(
        {"x": _X, "p": 0.5, "training": True, "seed": 1},
        {"x": _X, "p": 0.5, "training": False, "seed": 2},
        {"x": _X, "p": 0.2, "training": True, "seed": 3},
        {"x": _X, "p": 0.75, "training": True, "seed": 4},
    ),
    hidden=_cases,
    reference=dropout,
    adapter="redrawn",
    measure="dropped",
    misconceptions=MISCONCEPTIONS,
    forbidden=("torch.*dropout*",),
)

QUESTION = Question(
    id="q33",
    assignment="tp3_improvements",
    title="Dropout in training and in use",
    items=(DROPOUT,),
    rubric=(
        Criterion(0.5, "Training: units are dropped and the rest divided by 1 - p. Use: nothing."),
        Criterion(0.5, "Why: the expected input of the next layer is the same in both."),
        Criterion(0.5, "Which switch does it (eval, train), and what forgetting it would show."),
    ),
)
