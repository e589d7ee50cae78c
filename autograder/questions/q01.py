"""Question 1: the size of a convolution's output, and how many weights it learns."""

from __future__ import annotations

import math

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of

SHAPES = ("convbook.shapes",)


def output_size(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    """Return the two sides of the output of one filter."""
    return [(side + 2 * p - k) // s + 1 for side in (x, y)]


def conv_weights(k: int, z: int) -> int:
    """Return the weights of one filter: one a kernel cell and channel, and a bias."""
    return k * k * z + 1


def dense_weights(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    """Return the weights of a fully-connected layer with the same input and output."""
    rows, columns = output_size(x, y, k, p, s)
    return (x * y * z + 1) * rows * columns


def _geometry(rng: np.random.Generator) -> Arguments:
    """Draw a kernel, a padding, an input that is large enough with it, and a stride."""
    k = max(1, integer(rng, 0, 7))  # 1 and half of k as padding come often: both are rare traps
    p = one_of(rng, (k // 2, integer(rng, 0, k)))
    smallest = max(1, k - 2 * p)
    x, y = integer(rng, smallest, 25), integer(rng, smallest, 25)
    return {"x": x, "y": y, "k": k, "p": p, "s": integer(rng, 1, 4)}


def _remainders(a: Arguments) -> tuple[int, int]:
    """Return what the last stride leaves over on each side: 0 where no rounding is needed."""
    return (a["x"] + 2 * a["p"] - a["k"]) % a["s"], (a["y"] + 2 * a["p"] - a["k"]) % a["s"]


# Every kind of case that some mistake gets wrong.
_CONDITIONS = (
    lambda a: a["s"] == 1 and a["p"] == 0,
    lambda a: a["s"] == 1 and a["p"] > 0 and a["x"] < a["y"],
    lambda a: a["s"] > 1 and a["p"] > 0 and _remainders(a) == (0, 0) and a["x"] > a["y"],
    lambda a: a["s"] > 1 and a["p"] > 0 and all(_remainders(a)) and a["x"] != a["y"],
    lambda a: a["s"] > 1 and _remainders(a)[0] > 0 and _remainders(a)[1] == 0,
    lambda a: a["s"] > 1 and _remainders(a)[0] == 0 and _remainders(a)[1] > 0,
    lambda a: a["k"] % 2 == 0 and a["p"] > 1 and a["x"] < min(a["k"], a["y"]),
    lambda a: a["k"] == a["p"] == 1 and all(_remainders(a)),
    lambda a: a["k"] == 2 * a["p"] and a["s"] > 1 and _remainders(a) == (0, 0),
    lambda a: a["x"] == a["k"] and a["p"] == 0,
    lambda a: a["s"] > a["k"] and all(_remainders(a)),
)


def _rounded_up(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    return [math.ceil((side + 2 * p - k) / s) + 1 for side in (x, y)]


def _without_kernel(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    del k
    return [(side + 2 * p) // s + 1 for side in (x, y)]


def _padding_once(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    return [(side + p - k) // s + 1 for side in (x, y)]


def _without_one(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    return [(side + 2 * p - k) // s for side in (x, y)]


def _not_rounded(x: int, y: int, k: int, p: int, s: int) -> list[float]:
    return [(side + 2 * p - k) / s + 1 for side in (x, y)]


def _one_before_dividing(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    return [(side + 2 * p - k + 1) // s for side in (x, y)]


def _square(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    del y
    return output_size(x, x, k, p, s)


def _swapped(x: int, y: int, k: int, p: int, s: int) -> list[int]:
    return output_size(y, x, k, p, s)


OUTPUT_SIZE = Item(
    id="q01.output_size",
    signature="output_size(x, y, k, p, s)",
    points=2,
    public=(
        {"x": 7, "y": 7, "k": 3, "p": 0, "s": 1},
        {"x": 5, "y": 5, "k": 3, "p": 1, "s": 1},
        {"x": 5, "y": 7, "k": 3, "p": 1, "s": 2},
        {"x": 32, "y": 20, "k": 5, "p": 2, "s": 3},
        {"x": 8, "y": 11, "k": 3, "p": 0, "s": 2},
    ),
    hidden=lambda rng: covering(rng, _geometry, _CONDITIONS),
    reference=output_size,
    misconceptions=(
        Misconception(
            "ceiling",
            "You rounded up. A filter that does not fit whole at the last place is not applied.",
            "Draw an input of length 6, a kernel of 3 and a stride of 2, and count the places.",
            _rounded_up,
        ),
        Misconception(
            "not-rounded",
            "You divided without rounding. A filter is applied a whole number of times.",
            "Which operator of Python divides and drops the remainder?",
            _not_rounded,
        ),
        Misconception(
            "kernel-kept",
            "The kernel is not subtracted. The filter must lie whole inside the padded input.",
            "How many places are there for a kernel that is as long as the input?",
            _without_kernel,
        ),
        Misconception(
            "padding-once",
            "The padding is counted once. Zeros are added on both sides.",
            "How long is an input of 5 with one zero at each end?",
            _padding_once,
        ),
        Misconception(
            "first-place",
            "One place is missing: the first one, before any stride is taken.",
            "How many places are there for a kernel that is as long as the input?",
            _without_one,
        ),
        Misconception(
            "one-too-early",
            "The 1 is added before the division. It counts the first place, not a pixel.",
            "Count the strides that fit after the first place, then count the first place.",
            _one_before_dividing,
        ),
        Misconception(
            "square-only",
            "Both sides come from x. This input is not square.",
            "Treat y just as you treat x.",
            _square,
        ),
        Misconception(
            "swapped",
            "The two sides are swapped: the first number belongs to x.",
            "Look at the order of what you return.",
            _swapped,
        ),
    ),
    forbidden=SHAPES,
)

CONV_WEIGHTS = Item(
    id="q01.conv_weights",
    signature="conv_weights(k, z)",
    points=1,
    public=({"k": 3, "z": 1}, {"k": 5, "z": 3}, {"k": 1, "z": 64}),
    hidden=lambda rng: covering(
        rng,
        lambda r: {"k": integer(r, 1, 11), "z": one_of(r, (1, integer(r, 2, 512)))},
        (
            lambda a: a["k"] == 1 and a["z"] > 1,
            lambda a: a["k"] > 2 and a["z"] == 1,
            lambda a: a["k"] > 2 and a["z"] > 2 and a["k"] != a["z"],
            lambda a: a["k"] > 5 and a["z"] > 100,
        ),
    ),
    reference=conv_weights,
    misconceptions=(
        Misconception(
            "channels-forgotten",
            "The input channels are forgotten. The filter has a k by k kernel for each of them.",
            "A filter on a colour image looks at red, green and blue. How many kernels is that?",
            lambda **a: a["k"] ** 2 + 1,
        ),
        Misconception(
            "bias-forgotten",
            "The bias is forgotten. A filter adds one learned number to its sum.",
            "List the terms of the sum that gives one output value.",
            lambda **a: a["k"] ** 2 * a["z"],
        ),
        Misconception(
            "channels-and-bias-forgotten",
            "The input channels and the bias are forgotten.",
            "A filter covers all channels of its input, and adds one learned number to its sum.",
            lambda **a: a["k"] ** 2,
        ),
        Misconception(
            "bias-per-channel",
            "There is one bias per input channel. The filter makes one sum over all channels.",
            "How many numbers does one filter give at one place?",
            lambda **a: (a["k"] ** 2 + 1) * a["z"],
        ),
        Misconception(
            "one-sided-kernel",
            "The kernel is counted as k numbers. It is a square.",
            "How many cells does a kernel with sides of k have?",
            lambda **a: a["k"] * a["z"] + 1,
        ),
    ),
    forbidden=SHAPES,
)


def _dense_without_bias(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    rows, columns = output_size(x, y, k, p, s)
    return x * y * z * rows * columns


def _dense_one_bias(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    return _dense_without_bias(x, y, z, k, p, s) + 1


def _dense_flat(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    del z
    return dense_weights(x, y, 1, k, p, s)


def _dense_same_size(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    del k, p, s
    return (x * y * z + 1) * x * y


def _dense_ceiling(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    rows, columns = _rounded_up(x, y, k, p, s)
    return (x * y * z + 1) * rows * columns


def _dense_deep_output(x: int, y: int, z: int, k: int, p: int, s: int) -> int:
    return dense_weights(x, y, z, k, p, s) * z


DENSE_WEIGHTS = Item(
    id="q01.dense_weights",
    signature="dense_weights(x, y, z, k, p, s)",
    points=1,
    public=(
        {"x": 4, "y": 4, "z": 1, "k": 3, "p": 1, "s": 1},
        {"x": 5, "y": 7, "z": 2, "k": 3, "p": 1, "s": 2},
        {"x": 32, "y": 32, "z": 3, "k": 5, "p": 2, "s": 1},
        {"x": 8, "y": 11, "z": 3, "k": 3, "p": 0, "s": 2},
    ),
    hidden=lambda rng: covering(
        rng,
        lambda r: _geometry(r) | {"z": integer(r, 2, 8)},
        (
            *(
                lambda a, c=c: c(a) and min(output_size(**_without_z(a))) > 1
                for c in _CONDITIONS[:9]
            ),
            lambda a: a["x"] == a["k"] and a["p"] == 0,
        ),
    ),
    reference=dense_weights,
    misconceptions=(
        Misconception(
            "biases-forgotten",
            "The biases are forgotten. Every output value of the layer has one of its own.",
            "How many output values are there? Each adds one learned number to its sum.",
            _dense_without_bias,
        ),
        Misconception(
            "one-bias",
            "There is one bias for the whole layer. Every output value has one of its own.",
            "How many output values are there?",
            _dense_one_bias,
        ),
        Misconception(
            "channels-forgotten",
            "The input channels are forgotten. Each output value sees all of the input.",
            "How many numbers are there in an input of x rows, y columns and z channels?",
            _dense_flat,
        ),
        Misconception(
            "output-like-input",
            "The output is taken to be as large as the input. It has the convolution's size.",
            "Which function of yours tells the size of the output?",
            _dense_same_size,
        ),
        Misconception(
            "ceiling",
            "The output is taken to be too large: its size is rounded up.",
            "Does your output_size pass its check?",
            _dense_ceiling,
        ),
        Misconception(
            "output-with-channels",
            "The output is given z channels. One filter gives one map.",
            "How many numbers does one filter give at one place?",
            _dense_deep_output,
        ),
    ),
    forbidden=SHAPES,
)


def _without_z(arguments: Arguments) -> Arguments:
    return {name: value for name, value in arguments.items() if name != "z"}


QUESTION = Question(
    id="q01",
    assignment="tp1_layers",
    title="The size of a convolution, and its weights",
    items=(OUTPUT_SIZE, CONV_WEIGHTS, DENSE_WEIGHTS),
    rubric=(
        Criterion(1, "Tells the three numbers of a real example: size, filter, dense layer."),
        Criterion(
            1,
            "Says why the filter's count does not depend on x and y while the dense layer's grows "
            "with both the input and the output: the filter's weights are shared by all places.",
        ),
    ),
)
