"""Question 6 of the sheet's other edition: the weights of a convolution that shares none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.traps import tells_apart


def local_weights(x: int, y: int, z: int, k: int, p: int, s: int, n: int) -> list[int]:
    """Return how many weights and how many biases there are: a set for each place and filter."""
    places = _places(x, y, k, p, s)
    return [places * n * k * k * z, places * n]


def _places(x: int, y: int, k: int, p: int, s: int) -> int:
    return ((x + 2 * p - k) // s + 1) * ((y + 2 * p - k) // s + 1)


def _counted_with(**otherwise: int) -> Callable[..., list[int]]:
    """Return the mistake that takes a number of the layer for another one."""
    return lambda **a: local_weights(**a | otherwise)


def _from_places(count: Callable[[int, Arguments], list[int]]) -> Callable[..., list[int]]:
    """Return the mistake that counts otherwise; `count` gets the places and the arguments."""
    return lambda **a: count(_places(a["x"], a["y"], a["k"], a["p"], a["s"]), a)


def _rounded_up(x: int, y: int, z: int, k: int, p: int, s: int, n: int) -> list[int]:
    places = math.prod(math.ceil((side + 2 * p - k) / s) + 1 for side in (x, y))
    return [places * n * k * k * z, places * n]


def _window(a: Arguments) -> int:
    """Return how many numbers a filter sees at one place."""
    return int(a["k"] ** 2 * a["z"])


MISCONCEPTIONS = (
    Misconception(
        "shared",
        "These are the numbers of a convolution. Here each place has weights of its own.",
        "At how many places does the layer look?",
        lambda k, z, n, **_: [n * k * k * z, n],
    ),
    Misconception(
        "biases-shared",
        "The biases are counted once a filter. They are not shared either.",
        "How many outputs are there, and what is added to each?",
        _from_places(lambda places, a: [places * a["n"] * _window(a), a["n"]]),
    ),
    Misconception(
        "fully-connected",
        "Each output sees the whole input in your count. It sees a window, as in a convolution.",
        "How many numbers lie under the kernel at one place?",
        _from_places(
            lambda places, a: [places * a["n"] * a["x"] * a["y"] * a["z"], places * a["n"]]
        ),
    ),
    Misconception(
        "input-places",
        "You took one place for each pixel of the input. The layer has as many places as its "
        "output has.",
        "Does your output_size of question 1 pass its check?",
        lambda x, y, z, k, n, **_: [x * y * n * k * k * z, x * y * n],
    ),
    Misconception(
        "stride-ignored",
        "The stride is ignored: the layer does not look at every place.",
        "What becomes of the output when the stride is doubled?",
        _counted_with(s=1),
    ),
    Misconception(
        "padding-ignored",
        "The padding is ignored. Windows at the border count as well.",
        "By how much does a padding of 1 make the output larger?",
        _counted_with(p=0),
    ),
    Misconception(
        "rounded-up",
        "The sizes are rounded up. A kernel that does not fit whole at the last place is left out.",
        "Does your output_size of question 1 pass its check?",
        _rounded_up,
    ),
    Misconception(
        "channels-forgotten",
        "The channels of the input are forgotten: a kernel goes through all of them.",
        "How many numbers lie under the kernel at one place of a colour image?",
        _counted_with(z=1),
    ),
    Misconception(
        "one-filter",
        "The number of filters is forgotten: these are the weights of one.",
        "How many outputs are there at one place?",
        _counted_with(n=1),
    ),
    Misconception(
        "biases-among-weights",
        "The biases are counted among the weights. The two numbers are asked for apart.",
        "By what is a weight multiplied, and by what a bias?",
        _from_places(lambda places, a: [places * a["n"] * (_window(a) + 1), places * a["n"]]),
    ),
)


def _layer(rng: np.random.Generator) -> Arguments:
    k = integer(rng, 2, 7)
    return {
        "x": integer(rng, k, 40),
        "y": integer(rng, k, 40),
        "z": integer(rng, 2, 6),
        "k": k,
        "p": integer(rng, 0, k - 1),
        "s": integer(rng, 1, 4),
        "n": integer(rng, 2, 20),
    }


def _filling(rng: np.random.Generator) -> Arguments:
    """Draw a layer whose kernel fills all rows, without padding."""
    a = _layer(rng)
    return a | {"x": a["k"], "p": 0}


_tells = tells_apart(local_weights, MISCONCEPTIONS)

LOCAL_WEIGHTS = Item(
    id="q06b.local_weights",
    signature="local_weights(x, y, z, k, p, s, n)",
    points=2,
    public=(
        {"x": 4, "y": 4, "z": 1, "k": 3, "p": 0, "s": 1, "n": 1},
        {"x": 32, "y": 32, "z": 3, "k": 5, "p": 2, "s": 1, "n": 32},
        {"x": 9, "y": 12, "z": 3, "k": 4, "p": 1, "s": 2, "n": 5},
    ),
    hidden=lambda rng: [
        *covering(
            rng,
            _layer,
            [
                lambda a: a["x"] > a["y"] and _tells(a),
                lambda a: a["x"] < a["y"] and _tells(a),
                _tells,
                lambda a: a["s"] == 1 and a["p"] == 0,
                lambda a: a["k"] == 2 * a["p"] and a["s"] > 1 and a["x"] % a["s"] == 0,
            ],
        ),
        _filling(rng),
    ],
    reference=local_weights,
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.shapes",),
)

QUESTION = Question(
    id="q06b",
    assignment="tp1_layers",
    title="A convolution that shares no weights",
    items=(LOCAL_WEIGHTS,),
    rubric=(
        Criterion(
            0.5,
            "Between the two: local as a convolution, and as many sets of weights as places; "
            "gives numbers of an example.",
        ),
        Criterion(
            0.5,
            "What is lost (equivariance, other sizes, what one place learns for all) and when it "
            "pays: where a feature means something at one place only, as in aligned faces.",
        ),
    ),
    bonus=True,
)
