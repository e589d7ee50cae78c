"""Question 11: how many weights there are in all, and how many for each example."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.nets import LENET, PRACTICAL, RELU, VGG16, Layer, biases, conv, weights
from autograder.questions.q10 import network
from autograder.questions.traps import tells_apart
from convbook.check.plain import Plain


def total_weights(layers: list[Layer]) -> int:
    """Return the weights of all layers, biases included."""
    return sum(map(weights, layers))


def weights_per_example(layers: list[Layer], examples: int) -> float:
    """Return how many weights there are for each example."""
    return total_weights(layers) / examples


def _without(kinds: tuple[str, ...], count: Callable[[Layer], int], layers: list[Layer]) -> int:
    """Return the total less what `count` finds in the layers of these kinds."""
    return total_weights(layers) - sum(count(layer) for layer in layers if layer["kind"] in kinds)


def _channels_forgotten(layers: list[Layer]) -> int:
    return sum(weights(layer | {"in_channels": 1}) for layer in layers)


def _last_forgotten(layers: list[Layer]) -> int:
    return total_weights(layers[:-1])


_TOTAL_MISTAKES = (
    Misconception(
        "dense-biases-forgotten",
        "The biases of the fully-connected layers are forgotten. Each of their outputs has one.",
        "How many numbers are added after the products in fc4 and fc5?",
        partial(_without, ("linear",), biases),
    ),
    Misconception(
        "biases-forgotten",
        "All biases are forgotten: one for each filter, and for each output of a dense layer.",
        "How many numbers are added after the products, layer by layer?",
        partial(_without, ("conv", "linear"), biases),
    ),
    Misconception(
        "conv-biases-forgotten",
        "The biases of the convolutions are forgotten. Each filter has one.",
        "What does question 1 say of one filter?",
        partial(_without, ("conv",), biases),
    ),
    Misconception(
        "convolutions-forgotten",
        "Only the fully-connected layers are counted. Convolutions learn their kernels.",
        "Which rows of your table hold a number that is not 0?",
        partial(_without, ("conv",), weights),
    ),
    Misconception(
        "dense-forgotten",
        "Only the convolutions are counted. The fully-connected layers learn most of all.",
        "Which rows of your table hold a number that is not 0?",
        partial(_without, ("linear",), weights),
    ),
    Misconception(
        "last-forgotten",
        "The last layer is left out. The scores of the classes are computed with weights too.",
        "Add up all rows of your table.",
        _last_forgotten,
    ),
    Misconception(
        "channels-forgotten",
        "The input channels of the convolutions are forgotten.",
        "Does your table pass its check?",
        _channels_forgotten,
    ),
)

TOTAL_WEIGHTS = Item(
    id="q11.total_weights",
    signature="total_weights(layers)",
    points=1,
    public=({"layers": PRACTICAL}, {"layers": LENET}, {"layers": VGG16}),
    hidden=lambda rng: [
        *covering(
            rng,
            lambda r: {"layers": network(r)["layers"]},
            [tells_apart(total_weights, _TOTAL_MISTAKES)] * 3,
        ),
        {"layers": [conv(3, integer(rng, 4, 24), one_of(rng, (2, 4))), RELU]},
    ],
    reference=total_weights,
    misconceptions=_TOTAL_MISTAKES,
    forbidden=("convbook.shapes",),
)


def _of_total(change: Callable[[int, int], Plain]) -> Callable[..., Plain]:
    """Return a wrong comparison of the total with the number of examples."""
    return lambda layers, examples: change(total_weights(layers), examples)


_RATIO_MISTAKES = (
    Misconception(
        "upside-down",
        "These are the examples for each weight. The other way round is asked for.",
        "Is there more than one weight for an example, or less?",
        _of_total(lambda total, examples: examples / total),
    ),
    Misconception(
        "rounded-down",
        "The remainder is dropped. A ratio need not be a whole number.",
        "Which operator of Python divides without rounding?",
        _of_total(lambda total, examples: total // examples),
    ),
    Misconception(
        "difference",
        "You subtracted. How many times as many weights as examples are there?",
        "For as many weights as examples the answer is 1.",
        _of_total(lambda total, examples: total - examples),
    ),
    Misconception(
        "percent",
        "The ratio is in per cent.",
        "For as many weights as examples the answer is 1.",
        _of_total(lambda total, examples: 100 * total / examples),
    ),
    Misconception(
        "biases-forgotten",
        "The biases are forgotten. They are learned from the examples as well.",
        "Does your total_weights pass its check?",
        lambda layers, examples: _without(("conv", "linear"), biases, layers) / examples,
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    return {"layers": network(rng)["layers"], "examples": integer(rng, 200, 4000)}


WEIGHTS_PER_EXAMPLE = Item(
    id="q11.weights_per_example",
    signature="weights_per_example(layers, examples)",
    points=1,
    public=(
        {"layers": PRACTICAL, "examples": 50_000},
        {"layers": LENET, "examples": 60_000},
        {"layers": PRACTICAL, "examples": 2_000},
    ),
    hidden=lambda rng: covering(
        rng, _case, [tells_apart(weights_per_example, _RATIO_MISTAKES)] * 3
    ),
    reference=weights_per_example,
    misconceptions=_RATIO_MISTAKES,
    forbidden=("convbook.shapes",),
)

QUESTION = Question(
    id="q11",
    assignment="tp2_from_scratch",
    title="Weights against examples",
    items=(TOTAL_WEIGHTS, WEIGHTS_PER_EXAMPLE),
    rubric=(
        Criterion(0.5, "1,191,170 weights, 24 for each of the 50,000 examples."),
        Criterion(
            0.5,
            "Draws the conclusion: the network can learn its examples by heart, so overfitting is "
            "to be expected and must be watched with images that it did not learn from.",
        ),
    ),
)
