"""Question 6, second item: the shape of the map of predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.nets import (
    FLATTEN,
    LENET,
    VGG16,
    Layer,
    Shape,
    classic,
    final_shape,
    of_strides,
)
from autograder.questions.traps import tells_apart


def map_shape(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Shape | None:
    """Return [classes, H', W'] of the converted network, or None if the image is too small."""
    return _placed(layers, made_for, input_shape)


def _placed(
    layers: list[Layer], made_for: Shape, input_shape: Shape, *, stride: int = 0
) -> Shape | None:
    """Place the first dense layer's kernel on the maps; its stride is 1, or its own sides."""
    body = layers[: layers.index(FLATTEN)]
    planned, maps = final_shape(body, made_for), final_shape(body, input_shape)
    if planned is None or maps is None:
        return None
    sides = [
        (side - kernel) // (kernel if stride else 1) + 1
        for side, kernel in zip(maps[1:], planned[1:], strict=True)
    ]
    return None if min(sides) < 1 else [_classes(layers), *sides]


def _classes(layers: list[Layer]) -> int:
    return int(layers[-1]["out_features"])


def _one_prediction(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    return map_shape(layers, made_for, input_shape) and [_classes(layers), 1, 1]


def _vector(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    return map_shape(layers, made_for, input_shape) and [_classes(layers)]


def _maps_kept(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    del made_for
    maps = final_shape(layers[: layers.index(FLATTEN)], input_shape)
    return maps and [_classes(layers), *maps[1:]]


def _tiles(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    return _placed(layers, made_for, input_shape, stride=1)


def _every_pixel(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    sides = [
        side - planned + 1 for side, planned in zip(input_shape[1:], made_for[1:], strict=True)
    ]
    return None if min(sides) < 1 else [_classes(layers), *sides]


def _smaller_refused(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    if any(side < planned for side, planned in zip(input_shape, made_for, strict=True)):
        return None
    return map_shape(layers, made_for, input_shape)


def _channels(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    shape = map_shape(layers, made_for, input_shape)
    first = layers[layers.index(FLATTEN) + 1]
    return shape and [first["out_features"], *shape[1:]]


def _too_small_allowed(layers: list[Layer], made_for: Shape, input_shape: Shape) -> Any:
    shape = map_shape(layers, made_for, input_shape)
    return [_classes(layers), 1, 1] if shape is None else shape


_OF_NETWORKS = (
    Misconception(
        "one-prediction",
        "The output is taken to be one prediction, whatever the image's size. The converted "
        "layers slide too, and give one for each place.",
        "At how many places does the first converted kernel fit on the last maps?",
        _one_prediction,
    ),
    Misconception(
        "vector",
        "The output is taken to be a vector. Without flatten, rows and columns remain.",
        "What shape does a convolution give, even for a single place?",
        _vector,
    ),
    Misconception(
        "maps-kept",
        "The output is taken to be as large as the last maps. The first converted layer has a "
        "kernel of the planned maps' size, so it makes them smaller.",
        "At how many places does that kernel fit?",
        _maps_kept,
    ),
    Misconception(
        "tiles",
        "The windows are taken not to overlap. The converted layers have a stride of 1.",
        "By how many cells does the kernel move on the last maps?",
        _tiles,
    ),
    Misconception(
        "smaller-refused",
        "An image a little smaller than planned is refused. Where a pooling rounds down, the last "
        "maps may be as large all the same.",
        "Compare the last maps with those of the planned size, and not the images.",
        _smaller_refused,
    ),
    Misconception(
        "every-pixel",
        "A prediction for every pixel is taken to come out. Each pooling halves the places.",
        "How far apart in the image are two neighbours of the last maps?",
        _every_pixel,
    ),
    Misconception(
        "hidden-channels",
        "These are the channels of the first converted layer. The last one gives the classes.",
        "Which layer comes last?",
        _channels,
    ),
    Misconception(
        "too-small-allowed",
        "An image smaller than planned is taken to give a prediction. The kernel does not fit.",
        "Compare the last maps with those of the planned size.",
        _too_small_allowed,
    ),
)
_OF_STRIDES = of_strides(map_shape)
MISCONCEPTIONS = (*_OF_NETWORKS, *_OF_STRIDES)


_tells_strides_apart = tells_apart(map_shape, _OF_STRIDES)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a network for images that are not square, and an image of another size."""
    p = integer(rng, 0, 1)
    made_for = [integer(rng, 1, 3), integer(rng, 20, 27), integer(rng, 28, 36)]
    widths = (integer(rng, 2, 16), "pool", integer(rng, 2, 16), "pool")
    layers = classic(widths, (integer(rng, 20, 64), integer(rng, 2, 12)), made_for, p=p)
    rows, columns = (
        side + one_of(rng, (integer(rng, -3, 0), integer(rng, -8, 50))) for side in made_for[1:]
    )
    return {
        "layers": layers,
        "made_for": made_for,
        "input_shape": [made_for[0], rows, columns],
    }


def _strided(rng: np.random.Generator) -> Arguments:
    """Draw a network with other strides and windows, for larger images, and one that fits."""
    made_for = [integer(rng, 1, 3), integer(rng, 60, 70), integer(rng, 75, 90)]
    widths = (integer(rng, 2, 16), "pool", integer(rng, 2, 16), "pool")
    dense = (integer(rng, 20, 64), integer(rng, 2, 12))
    pooling = one_of(rng, ((3, 2), (2, 3), (3, 3)))
    layers = classic(widths, dense, made_for, p=integer(rng, 0, 1), s=2, pooling=pooling)
    sides = [side + integer(rng, 20, 80) for side in made_for[1:]]
    return {"layers": layers, "made_for": made_for, "input_shape": [made_for[0], *sides]}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw each mistake's trap, a map that is not square, and an image too small on one side."""
    return [
        *covering(rng, _case, [*map(_shows, _OF_NETWORKS), _is_oblong, _is_too_small]),
        *covering(rng, _strided, [*map(_shows, _OF_STRIDES), _tells_strides_apart]),
    ]


def _shows(known: Misconception) -> Callable[[Arguments], bool]:
    return lambda a: bool(known.wrong(**a) != map_shape(**a))


def _is_oblong(a: Arguments) -> bool:
    shape = map_shape(**a)
    return shape is not None and 1 < shape[1] != shape[2] > 1


def _is_too_small(a: Arguments) -> bool:
    return map_shape(**a) is None and a["input_shape"][2] > a["made_for"][2]


MAP_SHAPE = Item(
    id="q06.map_shape",
    signature="map_shape(layers, made_for, input_shape)",
    points=1,
    public=(
        {"layers": LENET, "made_for": [1, 32, 32], "input_shape": [1, 32, 32]},
        {"layers": LENET, "made_for": [1, 32, 32], "input_shape": [1, 64, 45]},
        {"layers": VGG16, "made_for": [3, 224, 224], "input_shape": [3, 384, 512]},
        {"layers": LENET, "made_for": [1, 32, 32], "input_shape": [1, 40, 28]},
        {"layers": LENET, "made_for": [1, 33, 33], "input_shape": [1, 32, 32]},
    ),
    hidden=_cases,
    reference=map_shape,
    adapter="with_tuples",
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.shapes",),
)
