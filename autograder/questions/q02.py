"""Question 2: what convolution gains over a fully-connected layer, and what it gives up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.q02_equivariance import EQUIVARIANCE_ERROR
from convbook.check.plain import Plain

KINDS = ("conv", "dense")


def inputs_seen(kind: str, x: int, y: int, z: int, k: int) -> int:
    """Return how many input numbers one output number depends on, far from the border."""
    return k * k * z if kind == "conv" else x * y * z


def count_weights(kind: str, x: int, y: int, z: int, k: int, c: int) -> int:
    """Return the weights of a layer from x by y by z to x by y by c, biases included."""
    return c * (k * k * z + 1) if kind == "conv" else (x * y * z + 1) * x * y * c


def _sizes(rng: np.random.Generator, kind: str) -> Arguments:
    k = integer(rng, 2, 7)
    x, y = integer(rng, k + 1, 40), integer(rng, k + 1, 40)
    return {"kind": kind, "x": x, "y": y, "z": integer(rng, 2, 16), "k": k}


def _sizes_and_filters(rng: np.random.Generator, kind: str) -> Arguments:
    return _sizes(rng, kind) | {"c": integer(rng, 2, 32)}


def _distinct(arguments: Arguments) -> bool:
    """Whether no two sizes are equal, so that none can stand in for another."""
    sizes = [value for value in arguments.values() if isinstance(value, int)]
    return len(set(sizes)) == len(sizes)


def _cases(draw: Callable[..., Arguments], rng: np.random.Generator) -> list[Arguments]:
    """Draw three cases of each kind, one of them with an even kernel."""
    conditions = [_distinct, _distinct, lambda a: _distinct(a) and a["k"] % 2 == 0]
    return [case for kind in KINDS for case in covering(rng, partial(draw, kind=kind), conditions)]


INPUTS_SEEN = Item(
    id="q02.inputs_seen",
    signature="inputs_seen(kind, x, y, z, k)",
    points=1,
    grading="by case",
    public=(
        {"kind": "conv", "x": 32, "y": 32, "z": 3, "k": 5},
        {"kind": "dense", "x": 32, "y": 32, "z": 3, "k": 5},
        {"kind": "conv", "x": 12, "y": 20, "z": 8, "k": 3},
        {"kind": "dense", "x": 12, "y": 20, "z": 8, "k": 3},
    ),
    hidden=partial(_cases, _sizes),
    reference=inputs_seen,
    misconceptions=(
        Misconception(
            "pixels-independent",
            "A fully-connected layer is taken to treat each pixel by itself. The opposite holds: "
            "each of its outputs has a weight for every number of the input.",
            "Write one output of a fully-connected layer as a sum. How many terms has it?",
            lambda **a: inputs_seen(**a) if a["kind"] == "conv" else 1,
        ),
        Misconception(
            "one-pixel",
            "A fully-connected layer is taken to see one pixel with its channels. It sees all.",
            "Write one output of a fully-connected layer as a sum. How many terms has it?",
            lambda **a: inputs_seen(**a) if a["kind"] == "conv" else a["z"],
        ),
        Misconception(
            "channels-forgotten",
            "The channels are forgotten. Both layers read all channels of what they see.",
            "How many numbers does one pixel of a colour image hold?",
            lambda **a: inputs_seen(**(a | {"z": 1})),
        ),
        Misconception(
            "all-seen",
            "A convolution is taken to see the whole image. It sees what lies under its kernel.",
            "Where is the kernel while one output number is computed?",
            lambda **a: inputs_seen(**(a | {"kind": "dense"})),
        ),
        Misconception(
            "bias-counted",
            "The bias is counted. It is a weight, but no input.",
            "Count what is read from the image, not what is learned.",
            lambda **a: inputs_seen(**a) + 1,
        ),
    ),
)


def _counted(
    conv: Callable[[Arguments], int] | None = None, dense: Callable[[Arguments], int] | None = None
) -> Callable[..., int]:
    """Return a count with a formula of its own for each kind; it is right where that is None."""

    def wrong(**arguments: Plain) -> int:
        formula = conv if arguments["kind"] == "conv" else dense
        return count_weights(**arguments) if formula is None else formula(arguments)

    return wrong


COUNT_WEIGHTS = Item(
    id="q02.count_weights",
    signature="count_weights(kind, x, y, z, k, c)",
    points=1,
    grading="by case",
    public=(
        {"kind": "conv", "x": 32, "y": 32, "z": 3, "k": 5, "c": 32},
        {"kind": "dense", "x": 32, "y": 32, "z": 3, "k": 5, "c": 32},
        {"kind": "conv", "x": 12, "y": 20, "z": 8, "k": 3, "c": 4},
        {"kind": "dense", "x": 12, "y": 20, "z": 8, "k": 3, "c": 4},
    ),
    hidden=partial(_cases, _sizes_and_filters),
    reference=count_weights,
    misconceptions=(
        Misconception(
            "pixels-independent",
            "A fully-connected layer is taken to treat each pixel by itself, with the same weights "
            "everywhere. That would be a convolution of 1 by 1. Each of its outputs has a weight "
            "for every number of the input.",
            "How many outputs are there, and how many weights has each?",
            _counted(dense=lambda a: (a["z"] + 1) * a["c"]),
        ),
        Misconception(
            "unshared",
            "Each place was given filters of its own. A convolution uses the same ones everywhere.",
            "Does a filter change while it moves over the image?",
            _counted(conv=lambda a: a["x"] * a["y"] * count_weights(**a)),
        ),
        Misconception(
            "channels-forgotten",
            "The input channels of the convolution are forgotten.",
            "What does your conv_weights of question 1 say?",
            _counted(conv=lambda a: a["c"] * (a["k"] ** 2 + 1)),
        ),
        Misconception(
            "biases-forgotten",
            "The biases are forgotten: one for each filter, one for each output of a dense layer.",
            "How many numbers are added after the products?",
            _counted(
                conv=lambda a: a["c"] * a["k"] ** 2 * a["z"],
                dense=lambda a: (a["x"] * a["y"]) ** 2 * a["z"] * a["c"],
            ),
        ),
        Misconception(
            "one-bias",
            "There is one bias for the whole layer. Each filter, and each dense output, has one.",
            "How many numbers are added after the products?",
            _counted(
                conv=lambda a: a["c"] * a["k"] ** 2 * a["z"] + 1,
                dense=lambda a: (a["x"] * a["y"]) ** 2 * a["z"] * a["c"] + 1,
            ),
        ),
        Misconception(
            "one-filter",
            "Only one output channel is counted. The layer makes c of them.",
            "How many filters does the layer have?",
            lambda **a: count_weights(**(a | {"c": 1})),
        ),
        Misconception(
            "dense-one-map",
            "The dense layer's output is taken to be x by y. It has c channels too.",
            "How many numbers does the output hold?",
            _counted(dense=lambda a: count_weights(**(a | {"c": 1}))),
        ),
    ),
)

QUESTION = Question(
    id="q02",
    assignment="tp1_layers",
    title="Convolution against a fully-connected layer",
    items=(EQUIVARIANCE_ERROR, INPUTS_SEEN, COUNT_WEIGHTS),
    rubric=(
        Criterion(0.5, "Fewer weights, because all places share them; tells numbers."),
        Criterion(
            0.5,
            "Equivariance (not invariance): when the input moves, the output moves along, so a "
            "pattern learned at one place is found everywhere.",
        ),
        Criterion(0.5, "The neighbourhood is kept: a dense layer forgets which pixels are near."),
        Criterion(0.5, "The limit: one layer sees only what lies under its kernel."),
    ),
)
