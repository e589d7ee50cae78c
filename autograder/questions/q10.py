"""Question 10: the table of a network: the size and the weights of every layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import integer, one_of
from autograder.questions.nets import (
    FLATTEN,
    PRACTICAL,
    RELU,
    Layer,
    Shape,
    biases,
    classic,
    conv,
    linear,
    max_pool,
    shape_after,
    weights,
)
from autograder.questions.q10_heaviest import HEAVIEST
from convbook.check.plain import Plain

Count = Callable[[Layer], int]


def table(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    """Return one row of the table: [shape of the layer's output, its weights and biases]."""
    return [_shapes(layers, input_shape)[row], weights(layers[row])]


def _shapes(layers: list[Layer], input_shape: Shape) -> list[Shape]:
    """Return the shape of each layer's output."""
    shapes = [input_shape]
    for layer in layers:
        after = shape_after(layer, shapes[-1])
        if after is None:
            raise ValueError(f"a network that cannot take {input_shape}")
        shapes.append(after)
    return shapes[1:]


def _counted(count: Count, layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    """Return a row whose weights are counted in another way."""
    return [_shapes(layers, input_shape)[row], count(layers[row])]


def _without_biases(layer: Layer) -> int:
    return weights(layer) - biases(layer) if weights(layer) else 0


def _dense_without_biases(layer: Layer) -> int:
    return _without_biases(layer) if layer["kind"] == "linear" else weights(layer)


def _conv_without_biases(layer: Layer) -> int:
    return _without_biases(layer) if layer["kind"] == "conv" else weights(layer)


def _one_bias(layer: Layer) -> int:
    return _without_biases(layer) + 1 if weights(layer) else 0


def _channels_forgotten(layer: Layer) -> int:
    return weights(layer | {"in_channels": 1})


def _pooling_counted(layer: Layer) -> int:
    return layer["kernel_size"] ** 2 if layer["kind"] == "max_pool" else weights(layer)


def _next_layer(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    """Give each row the weights, without biases, of the next layer that has some."""
    shape, count = table(layers, input_shape, row)
    later = [_without_biases(layer) for layer in layers[row + 1 :] if weights(layer)]
    return [shape, later[0] if count and later else count]


def _running_total(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    return [_shapes(layers, input_shape)[row], sum(map(weights, layers[: row + 1]))]


def _unshared(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    shape, count = table(layers, input_shape, row)
    return [shape, count * shape[1] * shape[2] if layers[row]["kind"] == "conv" else count]


def _padding_ignored(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    shape = input_shape
    for layer in layers[: row + 1]:
        if "kernel_size" in layer:  # on small maps the formula gives 0, and goes on
            k, s = layer["kernel_size"], layer["stride"]
            shape = [layer.get("out_channels", shape[0]), *((n - k) // s + 1 for n in shape[1:])]
        else:
            shape = shape_after(layer, shape) or [layer["out_features"]]
    return [shape, weights(layers[row])]


def _channels_last(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    shape, count = table(layers, input_shape, row)
    return [[*shape[1:], shape[0]], count]


def _input_shape(layers: list[Layer], input_shape: Shape, row: int) -> Plain:
    return [[input_shape, *_shapes(layers, input_shape)][row], weights(layers[row])]


def network(rng: np.random.Generator) -> Arguments:
    """Draw a network of the practical's form, with other widths, kernels and images."""
    input_shape = [3, integer(rng, 18, 30), integer(rng, 32, 44)]
    widths = (int(width) for width in rng.choice(np.arange(4, 24), size=3, replace=False))
    k = one_of(rng, (3, 5))
    plan = [entry for width in widths for entry in (width, "pool")]
    dense = (integer(rng, 30, 90), integer(rng, 3, 12))
    return {
        "layers": classic(plan, dense, input_shape, k=k, p=k // 2),
        "input_shape": input_shape,
    }


def _rows(rng: np.random.Generator) -> list[Arguments]:
    """Draw a network of the practical's form and another one, and ask for each of their rows."""
    return [
        drawn | {"row": row}
        for drawn in (network(rng), _another(rng))
        for row in range(len(drawn["layers"]))
    ]


def _another(rng: np.random.Generator) -> Arguments:
    """Draw a network whose layers do not keep or halve the size."""
    shape: Shape = [3, integer(rng, 38, 44), integer(rng, 50, 60)]
    input_shape, layers = shape, []
    for k, s, p, pooling in ((5, 2, 1, (3, 2)), (3, 1, 0, (3, 3))):
        layers += [conv(shape[0], integer(rng, 4, 24), k, s=s, p=p), RELU, max_pool(*pooling)]
        shape = _shapes(layers, input_shape)[-1]
    flat = shape[0] * shape[1] * shape[2]
    layers += [FLATTEN, linear(flat, integer(rng, 3, 12))]
    return {"layers": layers, "input_shape": input_shape}


_STRIDED = [conv(1, 4, 5, s=2, p=1), max_pool(3, 3), FLATTEN]  # 9 x 14, then 3 x 4
_OBLONG = classic((6, "pool"), (10,), [1, 20, 29])
_CASE: Arguments = {"layers": PRACTICAL, "input_shape": [3, 32, 32]}

TABLE = Item(
    id="q10.table",
    signature="table(layers, input_shape)",
    points=3,
    grading="by case",
    public=(
        *({**_CASE, "row": row} for row in (0, 2, 3, 8, 10, 12)),
        {"layers": _OBLONG, "input_shape": [1, 20, 29], "row": 2},
        {"layers": _STRIDED, "input_shape": [1, 20, 29], "row": 0},
        {"layers": _STRIDED, "input_shape": [1, 20, 29], "row": 1},
        {"layers": _STRIDED, "input_shape": [1, 20, 29], "row": 2},
    ),
    hidden=_rows,
    reference=table,
    adapter="row_of_table",
    misconceptions=(
        Misconception(
            "next-layer",
            "The weights stand in the row of the layer before: a layer's weights make its own "
            "output.",
            "Which layer has 1000 outputs, conv3 or fc4?",
            _next_layer,
        ),
        Misconception(
            "biases-forgotten",
            "The biases are forgotten: one for each filter, one for each output of a "
            "fully-connected layer.",
            "What does question 1 say of one filter?",
            partial(_counted, _without_biases),
        ),
        Misconception(
            "dense-biases-forgotten",
            "The biases of the fully-connected layers are forgotten. Each output has one.",
            "How many numbers are added after the products in fc5?",
            partial(_counted, _dense_without_biases),
        ),
        Misconception(
            "conv-biases-forgotten",
            "The biases of the convolutions are forgotten. Each filter has one.",
            "What does question 1 say of one filter?",
            partial(_counted, _conv_without_biases),
        ),
        Misconception(
            "one-bias",
            "There is one bias for the whole layer. Each filter, and each dense output, has one.",
            "How many numbers are added after the products?",
            partial(_counted, _one_bias),
        ),
        Misconception(
            "channels-forgotten",
            "The input channels of the convolutions are forgotten.",
            "A filter of conv2 looks at all maps of conv1. How many are there?",
            partial(_counted, _channels_forgotten),
        ),
        Misconception(
            "unshared",
            "Each place was given filters of its own. A convolution uses the same ones everywhere.",
            "Does a filter change while it moves over the image?",
            _unshared,
        ),
        Misconception(
            "running-total",
            "These are the weights of all layers until here. A row holds those of its layer.",
            "How many weights can a pooling have?",
            _running_total,
        ),
        Misconception(
            "pooling-counted",
            "The poolings are given weights. They learn nothing.",
            "By what does a max pooling multiply the numbers under its window?",
            partial(_counted, _pooling_counted),
        ),
        Misconception(
            "padding-ignored",
            "The padding of the convolutions is ignored.",
            "What did you find in question 8 for k = 5?",
            _padding_ignored,
        ),
        Misconception(
            "channels-last",
            "The channels stand last. PyTorch writes a shape as (C, H, W).",
            "In what order are the axes of an image tensor?",
            _channels_last,
        ),
        Misconception(
            "input-shape",
            "This is the shape of the layer's input. Its output is asked for.",
            "What is the shape of the image after the first layer?",
            _input_shape,
        ),
    ),
    forbidden=("convbook.shapes",),
)

QUESTION = Question(
    id="q10",
    assignment="tp2_from_scratch",
    title="The table of the network",
    items=(TABLE, HEAVIEST),
    rubric=(
        Criterion(0.5, "Most weights are in fc4: 1,025,000, which is 86 % of all."),
        Criterion(
            0.5,
            "Says why: it has a weight for every pair of its 1024 inputs and 1000 outputs, while "
            "the convolutions share theirs, and the largest maps have the fewest weights.",
        ),
    ),
)
