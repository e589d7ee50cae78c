"""Question 4: a network and an image of another size than it was made for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.nets import (
    FLATTEN,
    LENET,
    PRACTICAL,
    VGG16,
    Layer,
    Shape,
    classic,
    conv,
    linear,
    of_strides,
    shape_after,
)

Result = list[Any]
Rule = Callable[[Layer, Shape], Shape | None]


def first_failure(layers: list[Layer], input_shape: Shape) -> Result:
    """Return [index of the first layer that fails or None, shapes of the outputs before it]."""
    return _walk(shape_after, layers, input_shape)


def _walk(rule: Rule, layers: list[Layer], input_shape: Shape) -> Result:
    """Apply a rule layer by layer until one gives None."""
    shapes: list[Shape] = []
    shape = input_shape
    for index, layer in enumerate(layers):
        after = rule(layer, shape)
        if after is None:
            return [index, shapes]
        shapes.append(after)
        shape = after
    return [None, shapes]


def _kind_at_failure(layers: list[Layer], input_shape: Shape) -> str | None:
    index = first_failure(layers, input_shape)[0]
    return None if index is None else str(layers[index]["kind"])


def _nothing_fails(layer: Layer, shape: Shape) -> Shape | None:
    return [layer["out_features"]] if layer["kind"] == "linear" else shape_after(layer, shape)


def _larger_fails(layer: Layer, shape: Shape) -> Shape | None:
    if layer["kind"] == "linear" and shape[0] <= layer["in_features"]:
        return [layer["out_features"]]
    return shape_after(layer, shape)


def _smaller_fails(layer: Layer, shape: Shape) -> Shape | None:
    if layer["kind"] == "linear" and shape[0] >= layer["in_features"]:
        return [layer["out_features"]]
    return shape_after(layer, shape)


def _padding_ignored(layer: Layer, shape: Shape) -> Shape | None:
    return shape_after(layer | {"padding": 0} if "padding" in layer else layer, shape)


def _rounded_up(layer: Layer, shape: Shape) -> Shape | None:
    if layer["kind"] == "max_pool":
        k, s = layer["kernel_size"], layer["stride"]
        return [shape[0], *(-(-(side - k) // s) + 1 for side in shape[1:])]
    return shape_after(layer, shape)


def _square(layer: Layer, shape: Shape) -> Shape | None:
    after = shape_after(layer, shape)
    return [after[0], after[1], after[1]] if after is not None and len(after) == 3 else after


def _conv_fails(layers: list[Layer], input_shape: Shape) -> Result:
    if _kind_at_failure(layers, input_shape) == "linear":
        return [0, []]
    return first_failure(layers, input_shape)


def _flatten_fails(layers: list[Layer], input_shape: Shape) -> Result:
    index, shapes = first_failure(layers, input_shape)
    if _kind_at_failure(layers, input_shape) == "linear" and FLATTEN in layers[:index]:
        cut = layers.index(FLATTEN)
        return [cut, shapes[:cut]]
    return [index, shapes]


def _counted_from_one(layers: list[Layer], input_shape: Shape) -> Result:
    index, shapes = first_failure(layers, input_shape)
    return [None if index is None else index + 1, shapes]


def _input_listed(layers: list[Layer], input_shape: Shape) -> Result:
    index, shapes = first_failure(layers, input_shape)
    return [index, [input_shape, *shapes]]


_OF_NETWORKS = (
    Misconception(
        "conv-fails",
        "The first layer is taken to need the size that it was made for. A convolution's weights "
        "do not depend on the size of the image, so it slides over any image.",
        "Which sizes stand in the shape of a convolution's weights?",
        _conv_fails,
    ),
    Misconception(
        "nothing-fails",
        "Every layer is taken to work with any input. A fully-connected layer has one weight for "
        "each number of its input, so their count is fixed.",
        "How many numbers does flatten give, and how many does the next layer take?",
        partial(_walk, _nothing_fails),
    ),
    Misconception(
        "larger-only",
        "Only too many numbers are taken to be a problem. Too few do not fit either.",
        "What does a fully-connected layer multiply its last weights with, if numbers are missing?",
        partial(_walk, _larger_fails),
    ),
    Misconception(
        "smaller-only",
        "Only too few numbers are taken to be a problem. Too many do not fit either.",
        "What is the weight of an input number that the layer was not made for?",
        partial(_walk, _smaller_fails),
    ),
    Misconception(
        "flatten-fails",
        "Flatten is taken to fail. It has no weights: it writes any input in one row.",
        "Which layer is the first to count what it gets?",
        _flatten_fails,
    ),
    Misconception(
        "counted-from-one",
        "The layers are counted from 1. Python counts them from 0.",
        "layers[index] must be the layer that fails.",
        _counted_from_one,
    ),
    Misconception(
        "input-listed",
        "The input's shape stands in the list. It holds what the layers give.",
        "How many shapes are there when the very first layer fails?",
        _input_listed,
    ),
    Misconception(
        "padding-ignored",
        "The padding of the convolutions is ignored.",
        "What does question 1 say about the size of the output?",
        partial(_walk, _padding_ignored),
    ),
    Misconception(
        "rounded-up",
        "Pooling is taken to round up. Windows that stick out are not pooled.",
        "What does your output_size say for a side of 7, a window of 2 and a stride of 2?",
        partial(_walk, _rounded_up),
    ),
    Misconception(
        "square-only",
        "Rows and columns are taken to be equal. This image is not square.",
        "Compute the two sides one by one.",
        partial(_walk, _square),
    ),
)
# Of networks with other strides and windows than all the well-known ones have.
_OF_STRIDES = of_strides(first_failure)
MISCONCEPTIONS = (*_OF_NETWORKS, *_OF_STRIDES)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a network for images that are not square, and an image of that size or another."""
    k = one_of(rng, (3, 5))
    made_for = [integer(rng, 1, 3), integer(rng, 32, 38), integer(rng, 39, 48)]
    widths = [integer(rng, 2, 16) for _ in range(3)]
    layers = classic(
        (widths[0], "pool", widths[1], "pool", widths[2]),
        (integer(rng, 8, 64), 10),
        made_for,
        k=k,
        p=one_of(rng, (0, 1, k // 2)),
    )
    changes = (0, 1, integer(rng, 2, 24), -integer(rng, 1, 31))
    sides = [side + one_of(rng, changes) for side in made_for[1:]]
    return {"layers": layers, "input_shape": [made_for[0], *sides]}


def _strided(rng: np.random.Generator) -> Arguments:
    """Draw a network with other strides and windows, for larger images, and one that may fit."""
    k = one_of(rng, (3, 5))
    made_for = [integer(rng, 1, 3), integer(rng, 128, 140), integer(rng, 150, 170)]
    layers = classic(
        (integer(rng, 2, 16), "pool", integer(rng, 2, 16), "pool", integer(rng, 2, 16)),
        (integer(rng, 8, 64), 10),
        made_for,
        k=k,
        p=one_of(rng, (0, 1)),
        s=2,
        pooling=one_of(rng, ((3, 2), (2, 3), (3, 3))),
    )
    sides = [side + one_of(rng, (0, integer(rng, -20, 40))) for side in made_for[1:]]
    return {"layers": layers, "input_shape": [made_for[0], *sides]}


def _fails_at(kind: str | None) -> Callable[[Arguments], bool]:
    return lambda a: _kind_at_failure(**a) == kind


def _shows(known: Misconception) -> Callable[[Arguments], bool]:
    return lambda a: bool(known.wrong(**a) != first_failure(**a))


def _lacks_room(kind: str, axis: int) -> Callable[[Arguments], bool]:
    """Return the condition that a kind of layer fails for want of room on one axis alone."""

    def condition(a: Arguments) -> bool:
        index, shapes = first_failure(**a)
        if index is None or a["layers"][index]["kind"] != kind:
            return False
        layer, shape = a["layers"][index], [a["input_shape"], *shapes][index]
        lacks = [side + 2 * layer.get("padding", 0) < layer["kernel_size"] for side in shape[1:]]
        return lacks == [axis == 0, axis == 1]

    return condition


def _lacks_one(a: Arguments) -> bool:
    """Whether a padded convolution fails for want of a single row or column."""
    index, shapes = first_failure(**a)
    if index is None or not a["layers"][index].get("padding"):
        return False
    layer, shape = a["layers"][index], [a["input_shape"], *shapes][index]
    return bool(min(shape[1:]) + 2 * layer["padding"] == layer["kernel_size"] - 1)


def _other_channels(rng: np.random.Generator) -> Arguments:
    a = _case(rng)
    channels, *sides = a["input_shape"]
    return a | {"input_shape": [channels + 1, *sides]}


def _narrow(rng: np.random.Generator) -> Arguments:
    """Draw a network, and an image with few rows or few columns."""
    a = _case(rng)
    shape = list(a["input_shape"])
    shape[integer(rng, 1, 2)] = integer(rng, 1, 16)
    return a | {"input_shape": shape}


def _misfits(rng: np.random.Generator) -> list[Arguments]:
    """Draw an image that fits, and spoil a later layer of each kind, or leave the flatten out."""
    (a,) = covering(rng, _case, [_fails_at(None)])
    layers, less_or_more = a["layers"], one_of(rng, (-1, 1))
    spoiled = [index for index, layer in enumerate(layers) if layer["kind"] == "conv"][1:]
    return [
        *(
            a | {"layers": _with_changed(layers, index, name, less_or_more)}
            for index, name in (
                (one_of(rng, spoiled), "in_channels"),
                (len(layers) - 1, "in_features"),
            )
        ),
        a | {"layers": [layer for layer in layers if layer != FLATTEN]},
    ]


def _with_changed(layers: list[Layer], index: int, name: str, by: int) -> list[Layer]:
    """Return the layers with another number in one of them."""
    layer = layers[index]
    return [*layers[:index], layer | {name: layer[name] + by}, *layers[index + 1 :]]


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw images that fit, images that fail at each kind of layer, and each mistake's trap."""
    kinds = (None, None, "linear", "conv")
    rooms = [_lacks_room(kind, axis) for kind in ("conv", "max_pool") for axis in (0, 1)]
    return [
        *covering(rng, _case, [*map(_fails_at, kinds), *map(_shows, _OF_NETWORKS)]),
        *covering(rng, _other_channels, [_fails_at("conv")]),
        *covering(rng, _narrow, [*rooms, _fails_at("max_pool"), _lacks_one]),
        *_misfits(rng),
        *covering(rng, _strided, [_fails_at(None), *map(_shows, _OF_STRIDES)]),
    ]


# 65 by 47, then 32 by 23, then 15 by 11.
_STRIDED = classic((8, "pool"), (10,), [3, 65, 47], k=5, p=1, s=2, pooling=(3, 2))

FIRST_FAILURE = Item(
    id="q04.first_failure",
    signature="first_failure(layers, input_shape)",
    points=3,
    public=(
        {"layers": LENET, "input_shape": [1, 32, 32]},
        {"layers": LENET, "input_shape": [1, 40, 36]},
        {"layers": PRACTICAL, "input_shape": [3, 28, 33]},
        {"layers": VGG16, "input_shape": [3, 256, 320]},
        {"layers": VGG16, "input_shape": [3, 224, 224]},
        {"layers": LENET, "input_shape": [1, 9, 12]},
        {"layers": LENET, "input_shape": [3, 32, 32]},
        {"layers": _STRIDED, "input_shape": [3, 65, 47]},
        {"layers": [conv(1, 2, 3), conv(1, 2, 3)], "input_shape": [1, 5, 6]},
        {"layers": [FLATTEN, linear(4, 3), linear(4, 2)], "input_shape": [1, 2, 2]},
        {"layers": [linear(4, 3)], "input_shape": [1, 2, 2]},
    ),
    hidden=_cases,
    reference=first_failure,
    adapter="with_tuples",
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.shapes",),
)

QUESTION = Question(
    id="q04",
    assignment="tp1_layers",
    title="An image larger than planned",
    items=(FIRST_FAILURE,),
    rubric=(
        Criterion(
            0.75,
            "Convolutions, ReLU and pooling can be computed for any image that is large enough: "
            "none of their weights depends on the image's size.",
        ),
        Criterion(
            0.75,
            "The first fully-connected layer fails, since its number of weights is tied to the "
            "size of the last maps; nothing after it can be computed.",
        ),
        Criterion(0.5, "Gives the shapes of one example, such as 512 maps of 8 by 10."),
    ),
)
