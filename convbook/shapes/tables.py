"""The table of a network: sizes, parameters, operations and receptive field, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from convbook.errors import ShapeError
from convbook.shapes.field import Field, slide, union
from convbook.shapes.integers import Pair, pair, whole
from convbook.shapes.layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalPool,
    Layer,
    Layers,
    Linear,
    Parallel,
    Pool,
    Residual,
    named,
)
from convbook.shapes.sizes import output_shape
from convbook.shapes.text import format_table

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One layer of a network, for one image.

    Attributes:
        name: conv1, relu1, ...; the layers of a block carry its name: res2.conv1.
        kind: Conv, MaxPool, AvgPool, ReLU, Linear, ...
        output_shape: (C, H, W), or (features,) once flattened.
        weights: numbers learned by gradient, biases left out (batch norm: its scales).
        biases: learned offsets (batch norm: its shifts).
        macs: multiply-accumulates for one image; poolings, activations and norms count 0.
        receptive_field: pixels of the input that one output sees: an int, or (H, W).
        jump: pixels between the fields of two neighbours.
        start: first pixel that the first output sees; negative: in the padding.
    """

    name: str
    kind: str
    output_shape: Shape
    weights: int
    biases: int
    macs: int
    receptive_field: int | Pair
    jump: int | Pair
    start: int | Pair

    @property
    def parameters(self) -> int:
        """All that the layer learns: weights and biases."""
        return self.weights + self.biases


class Table(tuple[Row, ...]):
    """The rows of a network; printed as text, shown as an HTML table in a notebook."""

    __slots__ = ()

    def __str__(self) -> str:
        return format_table(self)

    def _repr_html_(self) -> str:
        return format_table(self, style="html")


def table(layers: Layers, input_shape: Shape) -> Table:
    """Return one row for each layer of a network run on images of `input_shape`.

    Args:
        layers: the network as data.
        input_shape: (C, H, W) of one image, or (features,).

    Returns:
        A tuple of `Row`. A block has the rows of its layers, then its own (which learns
        nothing itself). Text with `print`, a table in a notebook.

    Raises:
        ShapeError: the layers do not fit together; the message names the first that fails.
    """
    if not isinstance(input_shape, list | tuple) or len(input_shape) not in (1, 3):
        raise ShapeError(
            "Reading the input's shape.",
            got=repr(input_shape),
            rule="one image is (C, H, W), one vector (features,); the batch is left out",
            next_step="for CIFAR-10, give (3, 32, 32)",
        )
    start = _flow(tuple(whole(n, "a size of the input") for n in input_shape))
    return Table(row for row, _ in _walk(layers, start, ""))


def total_parameters(rows: Iterable[Row]) -> int:
    """Return the number of parameters of all rows together."""
    return sum(row.parameters for row in rows)


class _Flow(NamedTuple):
    """What goes from layer to layer: the shape, the field, and the map that is left to mix."""

    shape: Shape
    field: Field
    extent: Pair  # positions of one channel; kept by Flatten, (1, 1) once a layer mixed them


def _flow(shape: Shape) -> _Flow:
    return _Flow(shape, Field(), (1, 1) if len(shape) == 1 else (shape[1], shape[2]))


def _walk(layers: Layers, flow: _Flow, prefix: str) -> Iterator[tuple[Row, _Flow]]:
    for name, layer in named(layers):
        path = prefix + name
        if isinstance(layer, Residual | Parallel):
            branches = _branches(layer)
            ends = []
            for branch_name, branch in branches:
                end = flow
                for row, end in _walk(branch, flow, f"{path}.{branch_name}"):
                    yield row, end
                ends.append(end)
            flow = _join(path, layer, ends)
            yield _row(path, layer, flow, 0, 0, 0), flow
        else:
            before = flow
            flow = _step(path, layer, before)
            yield _row(path, layer, flow, *_costs(layer, before, flow)), flow


def _branches(layer: Residual | Parallel) -> list[tuple[str, Layers]]:
    if isinstance(layer, Residual):
        return [("", layer.layers), ("shortcut.", layer.shortcut)]
    return [(f"branch{i}.", branch) for i, branch in enumerate(layer.branches, 1)]


def _join(path: str, layer: Residual | Parallel, ends: list[_Flow]) -> _Flow:
    shapes = [end.shape for end in ends]
    same = shapes if isinstance(layer, Residual) else [shape[1:] for shape in shapes]
    if len(set(same)) > 1:
        raise ShapeError(
            f"Joining the branches of {path}.",
            got=" and ".join(map(str, shapes)),
            rule="a sum needs equal shapes"
            if isinstance(layer, Residual)
            else "side by side, the channels may differ, the height and the width may not",
            next_step="match channels, strides and paddings; a 1x1 convolution as shortcut helps",
        )
    shape = shapes[0]
    if isinstance(layer, Parallel):
        shape = (sum(s[0] for s in shapes), *shape[1:])
    return _Flow(shape, union([end.field for end in ends]), ends[0].extent)


def _step(path: str, layer: Layer, flow: _Flow) -> _Flow:
    """Send the flow through one layer that has no branches."""
    if isinstance(layer, Conv | Pool):
        C, H, W = _image(path, layer, flow.shape)
        if isinstance(layer, Conv):
            _check_channels(path, layer, C)
            C = layer.channels
        extent = _window(path, layer, (H, W))
        return _Flow((C, *extent), slide(flow.field, layer), extent)
    if isinstance(layer, GlobalPool):
        C, H, W = _image(path, layer, flow.shape)
        return _Flow((C,), flow.field.slide((H, W)), (1, 1))
    if isinstance(layer, Flatten):
        return flow._replace(shape=(prod(flow.shape),))
    if isinstance(layer, Linear):
        _check_features(path, layer, flow.shape)
        return _Flow((layer.features,), flow.field.slide(flow.extent), (1, 1))
    return flow


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


def _image(path: str, layer: Layer, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(
            f"Computing {path}, a {_kind(layer)}.",
            got=f"a vector of {shape[0]} features",
            rule="this layer slides over a map (C, H, W)",
            next_step="put it before the Flatten or the global pooling",
        )
    return shape[0], shape[1], shape[2]


def _check_channels(path: str, layer: Conv, C: int) -> None:
    if layer.in_channels not in (None, C):
        raise ShapeError(
            f"Computing {path}.",
            got=f"{C} channels",
            rule=f"{path} was made for {layer.in_channels} channels",
            next_step="give it what the layer before makes, or leave in_channels out",
        )
    if C % layer.groups or layer.channels % layer.groups:
        raise ShapeError(
            f"Computing {path}.",
            got=f"{C} channels in, {layer.channels} out, {layer.groups} groups",
            rule="the groups share the channels equally, on both sides",
            next_step="choose a number of groups that divides both",
        )


def _check_features(path: str, layer: Linear, shape: Shape) -> None:
    if len(shape) != 1:
        raise ShapeError(
            f"Computing {path}, fully-connected.",
            got=f"a map of shape {shape}",
            rule="a Linear takes a vector (features,)",
            next_step="put Flatten() or a global pooling before it",
        )
    if layer.in_features not in (None, shape[0]):
        raise ShapeError(
            f"Computing {path}, fully-connected.",
            got=f"{shape[0]} features",
            rule=f"{path} has one weight for each of {layer.in_features} features",
            next_step="give the image size it was made for, or make it a convolution",
        )


def _costs(layer: Layer, before: _Flow, after: _Flow) -> tuple[int, int, int]:
    """Return (weights, biases, multiply-accumulates) of one layer."""
    if isinstance(layer, Conv):
        kernel = prod(pair(layer.kernel_size, "kernel_size"))
        weights = layer.channels * (before.shape[0] // layer.groups) * kernel
        return weights, layer.channels * layer.bias, weights * prod(after.extent)
    if isinstance(layer, Linear):
        weights = before.shape[0] * layer.features
        return weights, layer.features * layer.bias, weights
    if isinstance(layer, BatchNorm):
        return before.shape[0], before.shape[0], 0
    return 0, 0, 0


def _kind(layer: Layer) -> str:
    if isinstance(layer, Pool):
        return {"max": "MaxPool", "avg": "AvgPool"}[layer.kind]
    if isinstance(layer, GlobalPool):
        return {"max": "GlobalMaxPool", "avg": "GlobalAvgPool"}[layer.kind]
    return type(layer).__name__


def _row(path: str, layer: Layer, flow: _Flow, weights: int, biases: int, macs: int) -> Row:
    return Row(
        name=path,
        kind=_kind(layer),
        output_shape=flow.shape,
        weights=weights,
        biases=biases,
        macs=macs,
        receptive_field=flow.field.size,
        jump=flow.field.jump,
        start=flow.field.start,
    )
