"""Question 7: the part of the image that a neuron depends on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.nets import LENET, RELU, VGG16, Layer, conv, max_pool, of_strides
from autograder.questions.q07_measured import MEASURED_FIELD

# How a sliding layer changes (field, jump), both in pixels; jump is the step between neighbours.
Rule = Callable[[Layer, int, int], tuple[int, int]]


def _grow(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    """Add k - 1 steps of the layer below, then widen the step.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016);
    Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (2019).
    """
    return field + (layer["kernel_size"] - 1) * jump, jump * layer["stride"]


def receptive_field(layers: list[Layer]) -> list[int]:
    """Return the side of the receptive field after each layer."""
    return _walk(_grow, layers)


def _walk(rule: Rule, layers: list[Layer]) -> list[int]:
    fields, field, jump = [], 1, 1
    for layer in layers:
        if "kernel_size" in layer:
            field, jump = rule(layer, field, jump)
        fields.append(field)
    return fields


def _strides_ignored(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    return field + layer["kernel_size"] - 1, jump


def _pooling_ignored(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    return (field, jump) if layer["kind"] == "max_pool" else _grow(layer, field, jump)


def _pooling_only_strides(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    if layer["kind"] == "max_pool":
        return field, jump * layer["stride"]
    return _grow(layer, field, jump)


def _own_stride(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    jump *= layer["stride"]
    return field + (layer["kernel_size"] - 1) * jump, jump


def _last_stride_only(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    return field + (layer["kernel_size"] - 1) * jump, layer["stride"]


def _whole_kernel(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    grown = field + layer["kernel_size"] * jump if field > 1 else layer["kernel_size"]
    return grown, jump * layer["stride"]


def _product(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    return field * layer["kernel_size"], jump


def _kernel_only(layer: Layer, field: int, jump: int) -> tuple[int, int]:
    del field
    return layer["kernel_size"], jump


def _shrinks(layers: list[Layer]) -> list[int]:
    """Read the table the wrong way round: what the last layer sees is given to the first."""
    return receptive_field(layers)[::-1]


MISCONCEPTIONS = (
    Misconception(
        "strides-ignored",
        "The strides are ignored. After a stride of 2, neighbours lie two pixels apart, so a "
        "kernel above them reaches twice as far.",
        "How many pixels of the image lie between two neighbours of this layer's input?",
        partial(_walk, _strides_ignored),
    ),
    Misconception(
        "pooling-ignored",
        "Pooling is ignored. Its window takes in several neurons, and its stride spreads them.",
        "On how many values does one output of a pooling layer depend?",
        partial(_walk, _pooling_ignored),
    ),
    Misconception(
        "pooling-only-strides",
        "Of a pooling layer only the stride is used. Its window widens the field too.",
        "On how many values does one output of a pooling layer depend?",
        partial(_walk, _pooling_only_strides),
    ),
    Misconception(
        "own-stride",
        "A layer's own stride is used too early. It sets how far its outputs are apart, which only "
        "the layers above it notice.",
        "What is the field of a single convolution with a stride of 2?",
        partial(_walk, _own_stride),
    ),
    Misconception(
        "last-stride-only",
        "Only the stride of the layer below is used. The strides of all layers below multiply.",
        "How many pixels lie between two neighbours after two poolings?",
        partial(_walk, _last_stride_only),
    ),
    Misconception(
        "whole-kernel",
        "A whole kernel is added each time. The windows of neighbours overlap, so less is new.",
        "Draw two convolutions of 3 one above the other, and count the pixels below.",
        partial(_walk, _whole_kernel),
    ),
    Misconception(
        "product",
        "The kernels are multiplied. The windows of neighbours overlap, so the field grows by "
        "adding.",
        "Draw two convolutions of 3 one above the other, and count the pixels below.",
        partial(_walk, _product),
    ),
    Misconception(
        "kernel-only",
        "This is what a layer sees of the layer below. Count pixels of the image.",
        "What does each neuron under the kernel see itself?",
        partial(_walk, _kernel_only),
    ),
    Misconception(
        "shrinks",
        "The fields shrink from layer to layer. The maps get smaller, but each neuron sees more.",
        "Can a neuron see less than one of the neurons that it looks at?",
        _shrinks,
    ),
    *of_strides(receptive_field),
)


def _layer(rng: np.random.Generator) -> Layer:
    kind = one_of(rng, ("conv", "conv", "pool", "relu"))
    if kind == "relu":
        return RELU
    if kind == "pool":
        return max_pool(integer(rng, 2, 3), integer(rng, 2, 3))
    return conv(8, 8, integer(rng, 1, 5), s=integer(rng, 1, 2), p=integer(rng, 0, 2))


def _stack(rng: np.random.Generator) -> Arguments:
    return {"layers": [_layer(rng) for _ in range(integer(rng, 4, 8))]}


def _without_points(a: Arguments) -> Arguments:
    """Return a stack without its kernels of 1, whose strides are lost with them."""
    return a | {
        "layers": [RELU if layer.get("kernel_size") == 1 else layer for layer in a["layers"]]
    }


def _stacks(rng: np.random.Generator) -> list[Arguments]:
    """Draw stacks in which every mistake shows, and one layer with a stride alone."""

    def tells_apart(a: Arguments) -> bool:
        right = receptive_field(**a)
        return all(known.wrong(**a) != right for known in MISCONCEPTIONS)

    alone = {"layers": [conv(3, 8, integer(rng, 2, 5), s=integer(rng, 2, 3))]}
    return [
        alone,
        *covering(rng, _stack, [tells_apart] * 4),
        *covering(
            rng,
            _stack,
            [
                lambda a: receptive_field(**_without_points(a)) != receptive_field(**a),
                lambda a: a["layers"][0] == RELU,
            ],
        ),
    ]


_TWO = [conv(3, 16, 3), RELU, conv(16, 16, 3), RELU]
_STRIDED = [conv(3, 16, 5, s=2, p=2), RELU, max_pool(2, 2), conv(16, 16, 3, s=2), conv(16, 16, 3)]

RECEPTIVE_FIELD = Item(
    id="q07.receptive_field",
    signature="receptive_field(layers)",
    points=2,
    public=(
        {"layers": _TWO},
        {"layers": LENET[:6]},
        {"layers": _STRIDED},
        {"layers": [conv(3, 8, 4, s=3)]},
        {"layers": VGG16[:31]},
    ),
    hidden=_stacks,
    reference=receptive_field,
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.shapes",),
)


def first_layer_seeing(layers: list[Layer], size: int) -> int | None:
    """Return the index of the first layer whose neurons see `size` pixels, or None."""
    return _first(receptive_field(layers), size)


def _first(fields: list[int], size: int) -> int | None:
    return next((index for index, field in enumerate(fields) if field >= size), None)


def _counted_from_one(layers: list[Layer], size: int) -> int | None:
    index = first_layer_seeing(layers, size)
    return None if index is None else index + 1


def _some_stack(rng: np.random.Generator) -> Arguments:
    """Draw a stack and a size that one of its layers just sees, or just does not."""
    a = _stack(rng)
    return a | {"size": max(3, one_of(rng, receptive_field(**a)) + integer(rng, 0, 1))}


_SEEING_MISTAKES = (
    Misconception(
        "larger-needed",
        "A field as large as the image was not accepted. It covers the image exactly.",
        "Does a field of 32 pixels see an image of 32 pixels?",
        lambda **a: first_layer_seeing(a["layers"], a["size"] + 1),
    ),
    Misconception(
        "counted-from-one",
        "The layers are counted from 1. Python counts them from 0.",
        "layers[index] must be the layer that is meant.",
        _counted_from_one,
    ),
    Misconception(
        "strides-ignored",
        "The strides are ignored, so the field seems to grow too slowly.",
        "Does your receptive_field pass its check?",
        lambda **a: _first(_walk(_strides_ignored, a["layers"]), a["size"]),
    ),
    Misconception(
        "pooling-ignored",
        "Pooling is ignored, so the field seems to grow too slowly.",
        "Does your receptive_field pass its check?",
        lambda **a: _first(_walk(_pooling_ignored, a["layers"]), a["size"]),
    ),
    Misconception(
        "last-layer",
        "The last layer is given as soon as any layer sees enough. The first one is asked for.",
        "Stop at the first layer that sees enough.",
        lambda **a: None if first_layer_seeing(**a) is None else len(a["layers"]) - 1,
    ),
    *of_strides(first_layer_seeing),
)


def _seeing_cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw each mistake's trap, a stack that sees too little, an exact fit, and one pixel."""
    traps = [
        lambda a, known=known: known.wrong(**a) != first_layer_seeing(**a)
        for known in _SEEING_MISTAKES
    ]
    conditions = [
        *traps,
        lambda a: first_layer_seeing(**a) is None,
        lambda a: first_layer_seeing(**a) == 0,
        lambda a: a["size"] in receptive_field(a["layers"])[1:-1],
        lambda a: first_layer_seeing(**_without_points(a)) != first_layer_seeing(**a),
    ]
    pixel = {"layers": [RELU, *_stack(rng)["layers"]], "size": 1}
    return [*covering(rng, _some_stack, conditions), pixel]


FIRST_LAYER_SEEING = Item(
    id="q07.first_layer_seeing",
    signature="first_layer_seeing(layers, size)",
    points=1,
    public=(
        {"layers": _TWO, "size": 5},
        {"layers": VGG16[:31], "size": 100},
        {"layers": VGG16[:31], "size": 224},
        {"layers": LENET[:6], "size": 6},
    ),
    hidden=_seeing_cases,
    reference=first_layer_seeing,
    misconceptions=_SEEING_MISTAKES,
    forbidden=("convbook.shapes",),
)

QUESTION = Question(
    id="q07",
    assignment="tp1_layers",
    title="What a neuron sees",
    items=(RECEPTIVE_FIELD, FIRST_LAYER_SEEING, MEASURED_FIELD),
    rubric=(
        Criterion(
            0.75, "First layer: its kernel. Second layer: the kernels' sum minus 1, at stride 1."
        ),
        Criterion(0.5, "It grows with depth, faster after each stride or pooling."),
        Criterion(
            0.75,
            "Meaning: early layers find small things such as edges, deep ones large things such as "
            "parts and objects, which are made of them.",
        ),
    ),
)
