"""What goes from layer to layer, and what each layer makes of it."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from convbook.errors import ShapeError
from convbook.shapes.field import Field, slide, union
from convbook.shapes.integers import Pair, pair
from convbook.shapes.layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalPool,
    Layer,
    Linear,
    Parallel,
    Pool,
    Residual,
)
from convbook.shapes.sizes import output_shape

Shape = tuple[int, ...]


class Flow(NamedTuple):
    """The activations at one point of a network, for one image.

    Attributes:
        shape: (C, H, W), or (features,).
        field: pixels of the image that one position sees.
        extent: positions (H, W) that the next full mixing has to cover: kept by a flatten,
            (1, 1) once a layer has mixed them.
    """

    shape: Shape
    field: Field
    extent: Pair


class Costs(NamedTuple):
    """What a layer learns, and its multiply-accumulates for one image."""

    weights: int = 0
    biases: int = 0
    macs: int = 0


def begin(shape: Shape) -> Flow:
    """Return the flow at the input, an image (C, H, W) or a vector (features,)."""
    return Flow(shape, Field(), (1, 1) if len(shape) == 1 else (shape[1], shape[2]))


def step(path: str, layer: Layer, flow: Flow) -> Flow:
    """Return the flow after a layer without branches; `path` is its name, for messages.

    A fully-connected layer and a global pooling slide as a kernel of the size of the whole map
    would: only one position, but the same field.

    Raises:
        ShapeError: the layer cannot take what comes in.
    """
    if isinstance(layer, Conv):
        C, H, W = _map(path, layer, flow.shape)
        _check_channels(path, layer, C)
        extent = _window(path, layer, (H, W))
        return Flow((layer.channels, *extent), slide(flow.field, layer), extent)
    if isinstance(layer, Pool):
        C, H, W = _map(path, layer, flow.shape)
        extent = _window(path, layer, (H, W))
        return Flow((C, *extent), slide(flow.field, layer), extent)
    if isinstance(layer, GlobalPool):
        C, H, W = _map(path, layer, flow.shape)
        return Flow((C,), flow.field.slide((H, W)), (1, 1))
    if isinstance(layer, Flatten):
        return flow._replace(shape=(prod(flow.shape),))
    if isinstance(layer, Linear):
        _check_features(path, layer, flow.shape)
        return Flow((layer.features,), flow.field.slide(flow.extent), (1, 1))
    return flow


def join(path: str, block: Residual | Parallel, ends: list[Flow]) -> Flow:
    """Return the flow after a block, from the flows at the ends of its branches.

    Raises:
        ShapeError: the branches' shapes cannot be added, or put side by side.
    """
    shapes = [end.shape for end in ends]
    summed = isinstance(block, Residual)
    if len({shape if summed else shape[1:] for shape in shapes}) > 1:
        raise ShapeError(
            f"Joining the branches of {path}.",
            got=" and ".join(map(str, shapes)),
            rule="a sum needs equal shapes"
            if summed
            else "side by side, the channels may differ, the height and the width may not",
            next_step="match channels, strides and paddings (shortcut: a 1x1 convolution)",
        )
    shape = shapes[0] if summed else (sum(s[0] for s in shapes), *shapes[0][1:])
    return Flow(shape, union(path, [end.field for end in ends]), ends[0].extent)


def costs(layer: Layer, before: Flow, after: Flow) -> Costs:
    """Return what a layer costs, given the flows on both its sides."""
    if isinstance(layer, Conv):
        kernel = prod(pair(layer.kernel_size, "kernel_size"))
        weights = layer.channels * (before.shape[0] // layer.groups) * kernel
        return Costs(weights, layer.channels if layer.bias else 0, weights * prod(after.extent))
    if isinstance(layer, Linear):
        weights = before.shape[0] * layer.features
        return Costs(weights, layer.features if layer.bias else 0, weights)
    if isinstance(layer, BatchNorm):
        return Costs(before.shape[0], before.shape[0])
    return Costs()


def _map(path: str, layer: Layer, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(
            f"Computing {path}, a {type(layer).__name__}.",
            got=f"a vector of {shape[0]} features",
            rule="this layer slides over a map (C, H, W)",
            next_step="put it before the Flatten or the global pooling",
        )
    return shape[0], shape[1], shape[2]


def _window(path: str, layer: Conv | Pool, size: Pair) -> Pair:
    try:
        if isinstance(layer, Pool):
            return output_shape(
                size,
                layer.kernel_size,
                stride=layer.steps,
                padding=layer.padding,
                ceil_mode=layer.ceil_mode,
            )
        return output_shape(
            size,
            layer.kernel_size,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
        )
    except ShapeError as error:
        raise ShapeError(
            f"Computing {path}. {error.asked}",
            got=error.got,
            rule=error.rule,
            next_step=error.next_step,
        ) from None


def _check_channels(path: str, layer: Conv, C: int) -> None:
    if layer.in_channels not in (None, C):
        raise ShapeError(
            f"Computing {path}, a convolution.",
            got=f"{C} channels",
            rule=f"its kernels were made for {layer.in_channels} channels",
            next_step="give it what the layer before makes, or leave in_channels out",
        )
    if C % layer.groups or layer.channels % layer.groups:
        raise ShapeError(
            f"Computing {path}, a convolution.",
            got=f"{C} channels in, {layer.channels} out, {layer.groups} groups",
            rule="the groups share the channels equally, on both sides",
            next_step="choose a number of groups that divides both",
        )


def _check_features(path: str, layer: Linear, shape: Shape) -> None:
    if len(shape) != 1:
        raise ShapeError(
            f"Computing {path}, a fully-connected layer.",
            got=f"a map of shape {shape}",
            rule="it takes a vector (features,)",
            next_step="put Flatten() or a global pooling before it",
        )
    if layer.in_features not in (None, shape[0]):
        raise ShapeError(
            f"Computing {path}, a fully-connected layer.",
            got=f"{shape[0]} features",
            rule=f"it has one weight for each of {layer.in_features} features, no more, no fewer",
            next_step="give images of the size it was made for, or turn it into a convolution",
        )
