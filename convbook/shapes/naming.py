"""The names of a network's layers: the rows of its table, the children of its module."""

from __future__ import annotations

from convbook.errors import ShapeError
from convbook.shapes.layers import (
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalPool,
    Layer,
    Layers,
    Linear,
    Parallel,
    Pool,
    ReLU,
    Residual,
    Scale,
    Softmax,
    Tanh,
    check_layers,
)

PREFIXES: dict[type[Layer], str] = {
    Conv: "conv",
    Linear: "fc",
    Residual: "res",
    Parallel: "parallel",
    Pool: "pool",
    GlobalPool: "pool",
    GlobalAvgPool: "pool",
    ReLU: "relu",
    Tanh: "tanh",
    Scale: "scale",
    Softmax: "softmax",
    BatchNorm: "bn",
    Dropout: "dropout",
    Flatten: "flatten",
}
ONCE = (Flatten,)
NUMBERED = (Conv, Linear, Residual, Parallel)


def _checked(name: str) -> str:
    if not name.isidentifier():
        raise ShapeError(
            "Naming a layer.",
            got=repr(name),
            rule="a name is letters, digits and underscores: a torch module can carry it",
            next_step="choose a name such as conv1",
        )
    return name


def _automatic(layer: Layer, number: int) -> str:
    prefix = PREFIXES.get(type(layer))
    if prefix is None:
        raise ShapeError(
            "Naming a layer.",
            got=repr(layer),
            rule="the kinds of layers are those of convbook.shapes: Conv, Pool, ReLU, Linear, ...",
            next_step="use one of them, rather than a class derived from Layer",
        )
    return prefix if isinstance(layer, ONCE) else f"{prefix}{number}"


def named(layers: Layers) -> list[tuple[str, Layer]]:
    """Return each layer with its name: conv1, relu1, pool1, conv2, ..., fc4.

    The number counts the layers that have weights, and the blocks, so far; what follows shares
    it. A name that is taken already gets _2, _3, ....

    Raises:
        ShapeError: `layers` is no sequence of layers, one of them is of no known kind, or its
            name is no name.
    """
    check_layers(layers)
    number = 0
    found: dict[str, Layer] = {}
    for layer in layers:
        number += isinstance(layer, NUMBERED)
        first = name = _checked(layer.name) if layer.name else _automatic(layer, number)
        copy = 1
        while name in found:
            copy += 1
            name = f"{first}_{copy}"
        found[name] = layer
    return list(found.items())
