"""Question 10, last item: the layer that holds most of the weights, and its share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer
from autograder.questions.nets import LENET, PRACTICAL, Layer, biases, classic, weights
from autograder.questions.traps import tells_apart
from convbook.check.plain import Plain


def heaviest(layers: list[Layer]) -> Plain:
    """Return [index of the layer with the most weights, its share of all weights]."""
    return _heaviest([weights(layer) for layer in layers])


def _heaviest(counts: list[int]) -> Plain:
    index = int(np.argmax(counts))
    return [index, counts[index] / sum(counts)]


def _without_biases(layers: list[Layer]) -> Plain:
    return _heaviest([weights(layer) - biases(layer) for layer in layers])


def _counted_from_one(layers: list[Layer]) -> Plain:
    index, share = heaviest(layers)
    return [index + 1, share]


def _among_weighted(layers: list[Layer]) -> Plain:
    return _heaviest([weights(layer) for layer in layers if weights(layer)])


def _percent(layers: list[Layer]) -> Plain:
    index, share = heaviest(layers)
    return [index, 100 * share]


def _of_the_rest(layers: list[Layer]) -> Plain:
    index, share = heaviest(layers)
    return [index, share / (1 - share)]


def _last_layer(layers: list[Layer]) -> Plain:
    counts = [weights(layer) for layer in layers]
    return [len(layers) - 1, counts[-1] / sum(counts)]


def _weights_alone(layers: list[Layer]) -> Plain:
    index, _ = heaviest(layers)
    return [index, weights(layers[index])]


MISCONCEPTIONS = (
    Misconception(
        "counted-from-one",
        "The layers are counted from 1. Python counts them from 0.",
        "layers[index] must be the layer that is meant.",
        _counted_from_one,
    ),
    Misconception(
        "weighted-only",
        "Only layers with weights are counted. ReLUs, poolings and flatten have an index too.",
        "layers[index] must be the layer that is meant.",
        _among_weighted,
    ),
    Misconception(
        "percent",
        "The share is in per cent. A share of one half is 0.5.",
        "The shares of all layers must add up to 1.",
        _percent,
    ),
    Misconception(
        "of-the-rest",
        "You compared the layer with the other ones. Its share is of all weights, its own too.",
        "The shares of all layers must add up to 1.",
        _of_the_rest,
    ),
    Misconception(
        "weights-alone",
        "This is how many weights the layer has. Its share of all weights is asked for.",
        "By what must you divide?",
        _weights_alone,
    ),
    Misconception(
        "biases-forgotten",
        "The biases are forgotten. They are learned as well.",
        "Does your table pass its check?",
        _without_biases,
    ),
    Misconception(
        "last-layer",
        "This is the last layer. Compare the weights of all layers.",
        "Which row of your table has the largest number?",
        _last_layer,
    ),
)


def _small(rng: np.random.Generator) -> Arguments:
    """Draw a small network, where a bias counts, without the most usual order of the sizes."""
    input_shape = [integer(rng, 1, 3), integer(rng, 8, 16), integer(rng, 8, 16)]
    plan = (integer(rng, 2, 6), "pool", integer(rng, 4, 12), "pool", integer(rng, 4, 24))
    dense = (integer(rng, 4, 24), integer(rng, 3, 10))
    return {"layers": classic(plan, dense, input_shape, k=3, p=1)}


def _kind(kind: str) -> Callable[[Arguments], bool]:
    return lambda a: a["layers"][heaviest(**a)[0]]["kind"] == kind


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw networks whose heaviest layer is a convolution, and others."""
    apart = tells_apart(heaviest, MISCONCEPTIONS)
    conv, linear = _kind("conv"), _kind("linear")
    return covering(
        rng, _small, [lambda a: conv(a) and apart(a), *[lambda a: linear(a) and apart(a)] * 2]
    )


HEAVIEST = Item(
    id="q10.heaviest",
    signature="heaviest(layers)",
    points=1,
    public=(
        {"layers": PRACTICAL},
        {"layers": LENET},
        {"layers": classic((4, "pool", 32, "pool", 64), (10,), [3, 16, 16])},
    ),
    hidden=_cases,
    reference=heaviest,
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.shapes",),
)
