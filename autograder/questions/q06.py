"""Question 6: the whole network as convolutions, and the map that it gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.questions.arrays import Array, convolve, pool
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, whole_numbers
from autograder.questions.nets import FLATTEN, RELU, Layer, max_pool
from autograder.questions.q06_shape import MAP_SHAPE
from convbook.check.plain import FAILED, Plain


def fully_convolutional(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    """Return the maps of the network whose fully-connected layers became convolutions."""
    return _maps(_converted(layers, made_for), images)


def _maps(layers: list[Layer], images: list[Array]) -> list[Array]:
    return [run(layers, image) for image in images]


def run(layers: list[Layer], image: Array) -> Array:
    """Return the output of a network of arrays for an image (C, H, W)."""
    for layer in layers:
        image = _step(image, **layer)
    return image


def _step(image: Array, kind: str, **options: Any) -> Array:
    if kind == "conv":
        return convolve(image, **options)
    if kind == "max_pool":
        return pool(image, options["kernel_size"], options["stride"], np.max)
    if kind == "relu":
        return np.where(image > 0, image, 0)
    if kind == "flatten":
        return image.ravel()
    output: Array = options["weight"] @ image + options["bias"]
    return output


def _shape(layers: list[Layer], image_shape: list[int]) -> tuple[int, ...]:
    """Return the shape (C, H, W) of what these convolutions and poolings make of an image."""
    channels, *sides = image_shape
    for layer in layers:
        if layer["kind"] == "conv":
            channels, _, k, _ = layer["weight"].shape
            sides = [(side + 2 * layer["padding"] - k) // layer["stride"] + 1 for side in sides]
        elif layer["kind"] == "max_pool":
            k, s = layer["kernel_size"], layer["stride"]
            sides = [(side - k) // s + 1 for side in sides]
    return channels, *sides


def _converted(
    layers: list[Layer],
    made_for: list[int],
    kernel: Callable[[Array, tuple[int, ...]], Array] = lambda rows, shape: rows.reshape(
        -1, *shape
    ),
    *,
    stride: int = 1,
) -> list[Layer]:
    """Return the layers with a convolution for each fully-connected one.

    Args:
        layers: of the network.
        made_for: [C, H, W] of its images.
        kernel: makes the kernels of the first such layer from its weights and the maps' shape.
        stride: of the first such layer.
    """
    cut = layers.index(FLATTEN)
    maps = _shape(layers[:cut], made_for)
    first, *others = layers[cut + 1 :]
    converted = [_conv(kernel(first["weight"], maps), first["bias"], stride)]
    for layer in others:
        dense = layer["kind"] == "linear"
        converted.append(
            _conv(layer["weight"][:, :, None, None], layer["bias"]) if dense else layer
        )
    return layers[:cut] + converted


def _conv(weight: Array, bias: Array, stride: int = 1) -> Layer:
    return {"kind": "conv", "weight": weight, "bias": bias, "stride": stride, "padding": 0}


def _channels_last(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    def kernel(rows: Array, shape: tuple[int, ...]) -> Array:
        channels, height, width = shape
        return rows.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)

    return _maps(_converted(layers, made_for, kernel), images)


def _tiles(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    height = _shape(layers[: layers.index(FLATTEN)], made_for)[1]
    return _maps(_converted(layers, made_for, stride=height), images)


def _bias_lost(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    bare = [
        layer | {"bias": 0 * layer["bias"]} if layer["kind"] == "linear" else layer
        for layer in layers
    ]
    return fully_convolutional(bare, made_for, images)


def _relu_lost(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    cut = layers.index(FLATTEN)
    linear = [layer for layer in layers[cut:] if layer != RELU]
    return fully_convolutional(layers[:cut] + linear, made_for, images)


def _unchanged(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    return [run(layers, image) if image.shape == tuple(made_for) else FAILED for image in images]


def _pooled(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    """Average the maps down to the planned size, and leave the rest as it was."""
    cut = layers.index(FLATTEN)
    sides = _shape(layers[:cut], made_for)[1:]
    return [run(layers[cut:], _shrunk(run(layers[:cut], image), sides)) for image in images]


def _shrunk(maps: Array, sides: tuple[int, ...]) -> Array:
    """Return the means over `sides` bins of each axis, which overlap where they must."""
    for axis, bins in enumerate(sides, start=1):
        length = maps.shape[axis]
        means = [
            maps.take(range(i * length // bins, -(-(i + 1) * length // bins)), axis).mean(axis)
            for i in range(bins)
        ]
        maps = np.stack(means, axis)
    return maps


def _averaged(layers: list[Layer], made_for: list[int], images: list[Array]) -> Plain:
    return [output.mean(axis=(1, 2)) for output in fully_convolutional(layers, made_for, images)]


def small_network(
    rng: np.random.Generator,
    made_for: list[int],
    *,
    padding: int,
    dense: int,
    stride: int = 1,
    pooling: tuple[int, int] = (2, 2),
) -> list[Layer]:
    """Draw two convolutions with a pooling between them, and `dense` fully-connected layers.

    The stride is that of the first convolution. The head has weights of quarters.
    """
    widths = [made_for[0], integer(rng, 2, 3), integer(rng, 2, 4)]
    first, second = (
        {
            "kind": "conv",
            "weight": whole_numbers(rng, (after, before, 3, 3), high=2),
            "bias": whole_numbers(rng, (after,), high=2),
            "stride": s,
            "padding": padding,
        }
        for (before, after), s in zip(pairwise(widths), (stride, 1), strict=True)
    )
    body = [first, RELU, max_pool(*pooling), second, RELU]
    features = math.prod(_shape(body, made_for))
    hidden = [integer(rng, 4, 6) for _ in range(dense - 1)]
    head = [
        layer
        for before, after in pairwise([features, *hidden, integer(rng, 2, 4)])
        for layer in (_linear(rng, before, after), RELU)
    ]
    return [*body, FLATTEN, *head[:-1]]


def _linear(rng: np.random.Generator, features_in: int, features_out: int) -> Layer:
    return {
        "kind": "linear",
        "weight": whole_numbers(rng, (features_out, features_in), high=8) / 4,
        "bias": whole_numbers(rng, (features_out,), high=8) / 4,
    }


# One with a stride, one whose pooling does not halve 10 rows, one with the usual numbers.
_PLANS: tuple[dict[str, Any], ...] = (
    {"dense": 1, "padding": 1, "stride": 2},
    {"dense": 2, "padding": 0, "pooling": (3, 2)},
    {"dense": 3, "padding": 1},
)


def _case(rng: np.random.Generator, plan: dict[str, Any]) -> Arguments:
    """Draw a network for images that are not square; one image of that size, two larger ones."""
    made_for = [integer(rng, 1, 3), 12, integer(rng, 14, 16)]
    channels, height, width = made_for
    larger = [(integer(rng, 3, 5), integer(rng, 1, 2)), (2, 6)]
    return {
        "layers": small_network(rng, made_for, **plan),
        "made_for": made_for,
        "images": [
            whole_numbers(rng, (channels, height + more, width + wider))
            for more, wider in [(0, 0), *larger]
        ],
    }


MISCONCEPTIONS = (
    Misconception(
        "unchanged",
        "The network still ends in fully-connected layers, which take one size only.",
        "Which two kinds of layers must be gone?",
        _unchanged,
    ),
    Misconception(
        "pooled",
        "The maps were averaged down to the planned size. That gives one answer for the whole "
        "image, and not one for each place.",
        "Leave the maps as they are, and let the converted layers slide over them.",
        _pooled,
    ),
    Misconception(
        "averaged",
        "The map of predictions was averaged. The map itself is the answer.",
        "Look at the shape that is expected.",
        _averaged,
    ),
    Misconception(
        "tiles",
        "The windows do not overlap: the converted layer moves by the height of its kernel.",
        "What is the stride of a convolution, if you do not give one?",
        _tiles,
    ),
    Misconception(
        "channels-last",
        "The weights of the first fully-connected layer were read as rows, columns, channels.",
        "Does your linear_to_conv pass its check?",
        _channels_last,
    ),
    Misconception(
        "bias-lost",
        "The biases of the fully-connected layers are lost.",
        "Does your linear_to_conv pass its check?",
        _bias_lost,
    ),
    Misconception(
        "relu-lost",
        "A ReLU between the fully-connected layers is lost.",
        "Keep every layer that works with any size.",
        _relu_lost,
    ),
)


def _tells_apart(a: Arguments) -> bool:
    """Whether every mistake that can show does, on a larger image or on that of the planned size.

    No ReLU can be lost where the only fully-connected layer is the last one. All mistakes leave
    the layers before the flatten as they are, which therefore are computed once.
    """
    layers, cut = a["layers"], a["layers"].index(FLATTEN)
    head = {"layers": layers[cut:], "made_for": list(_shape(layers[:cut], a["made_for"]))}
    hiding = [
        known for known in MISCONCEPTIONS if not (known.id == "relu-lost" and layers[-2] == FLATTEN)
    ]
    for image in reversed(a["images"]):
        maps = [run(layers[:cut], image)]
        (right,) = fully_convolutional(**head, images=maps)
        hiding = [
            known for known in hiding if np.array_equal(right, known.wrong(**head, images=maps)[0])
        ]
        if not hiding:
            return True
    return False


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw networks that end in one, two and three fully-connected layers."""
    return [covering(rng, partial(_case, plan=plan), [_tells_apart])[0] for plan in _PLANS]


FULLY_CONVOLUTIONAL = Item(
    id="q06.fully_convolutional",
    signature="fully_convolutional(net, made_for)",
    points=3,
    public=tuple(_cases(np.random.default_rng(6))),
    hidden=_cases,
    reference=fully_convolutional,
    adapter="fully_convolutional",
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q06",
    assignment="tp1_layers",
    title="A network of convolutions only",
    items=(FULLY_CONVOLUTIONAL, MAP_SHAPE),
    rubric=(
        Criterion(0.5, "Now every layer can be computed on a larger image."),
        Criterion(
            0.75, "The output is a map: a vector of class scores for each place of a window."
        ),
        Criterion(
            0.75,
            "Its use: where in the image is what (localisation, dense prediction), computed once "
            "for all windows that overlap instead of once a window.",
        ),
    ),
)
