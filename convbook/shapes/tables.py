"""The table of a network: sizes, parameters, operations and receptive field, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from convbook.errors import ShapeError
from convbook.shapes.flow import Costs, Flow, Shape, begin, costs, join, step
from convbook.shapes.integers import Pair, whole
from convbook.shapes.layers import (
    Conv,
    GlobalPool,
    Layer,
    Layers,
    Linear,
    Parallel,
    Pool,
    Residual,
)
from convbook.shapes.naming import named
from convbook.shapes.text import format_table


@dataclass(frozen=True)
class Row:
    """One layer of a network, for one image.

    Attributes:
        name: conv1, relu1, ...; inside a block: res2.layers.conv1, res2.shortcut.conv1.
        kind: Conv, MaxPool, AvgPool, ReLU, Linear, ...
        output_shape: (C, H, W), or (features,) once flattened.
        weights: numbers learned by gradient, biases left out (batch norm: its scales).
        biases: learned offsets (batch norm: its shifts).
        macs: multiply-accumulates for one image; poolings, activations, norms, biases and the
            sums of blocks count 0.
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
    """The rows of a network; printed as text, shown as a table in a notebook."""

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
        A tuple of `Row`. A block has the rows of its layers, then its own, which learns nothing
        itself. Text with `print`, a table in a notebook.

    Raises:
        ShapeError: the layers do not fit together; the message names the first that fails.
    """
    rows: list[Row] = []
    _walk(layers, begin(_checked(input_shape)), "", rows)
    return Table(rows)


def total_parameters(rows: Iterable[Row]) -> int:
    """Return the number of parameters of all rows together."""
    return sum(row.parameters for row in rows)


def fixed(layers: Layers, input_shape: Shape) -> tuple[Layer, ...]:
    """Return the layers with their inputs written down, as a built network has them.

    A `Conv` gets its `in_channels`, a `Linear` its `in_features`: `table` of the result then
    refuses the image sizes that the network with these weights cannot take.

    Raises:
        ShapeError: the layers do not fit together.
    """
    return _walk(layers, begin(_checked(input_shape)), "", [])[1]


def _checked(input_shape: Shape) -> Shape:
    if not isinstance(input_shape, list | tuple) or len(input_shape) not in (1, 3):
        raise ShapeError(
            "Reading the input's shape.",
            got=repr(input_shape),
            rule="one image is (C, H, W), one vector (features,); the batch is left out",
            next_step="for an image of CIFAR-10, give (3, 32, 32)",
        )
    return tuple(whole(n, "a size of the input") for n in input_shape)


def _walk(
    layers: Layers, flow: Flow, prefix: str, rows: list[Row]
) -> tuple[Flow, tuple[Layer, ...]]:
    """Append a row for each layer; return the flow at the end, and the layers `fixed`."""
    done: list[Layer] = []
    for name, layer in named(layers):
        path, before = prefix + name, flow
        if isinstance(layer, Residual | Parallel):
            flow, layer = _through(path, layer, before, rows)
            rows.append(_row(path, layer, flow, Costs()))
        else:
            flow = step(path, layer, before)
            rows.append(_row(path, layer, flow, costs(layer, before, flow)))
            if isinstance(layer, Conv):
                layer = replace(layer, in_channels=before.shape[0])
            elif isinstance(layer, Linear):
                layer = replace(layer, in_features=before.shape[0])
        done.append(layer)
    return flow, tuple(done)


def _through(
    path: str, block: Residual | Parallel, flow: Flow, rows: list[Row]
) -> tuple[Flow, Residual | Parallel]:
    """Walk through every branch of a block; return the flow after it, and the block `fixed`."""
    if isinstance(block, Residual):
        main, layers = _walk(block.layers, flow, f"{path}.layers.", rows)
        side, shortcut = _walk(block.shortcut, flow, f"{path}.shortcut.", rows)
        return join(path, block, [main, side]), replace(block, layers=layers, shortcut=shortcut)
    walked = [
        _walk(branch, flow, f"{path}.branch{number}.", rows)
        for number, branch in enumerate(block.branches, 1)
    ]
    ends, branches = [end for end, _ in walked], tuple(branch for _, branch in walked)
    return join(path, block, ends), replace(block, branches=branches)


def _row(path: str, layer: Layer, flow: Flow, cost: Costs) -> Row:
    field = flow.field
    return Row(path, _kind(layer), flow.shape, *cost, field.size, field.jump, field.start)


def _kind(layer: Layer) -> str:
    if isinstance(layer, Pool):
        return {"max": "MaxPool", "avg": "AvgPool"}[layer.kind]
    if isinstance(layer, GlobalPool):
        return {"max": "GlobalMaxPool", "avg": "GlobalAvgPool"}[layer.kind]
    return type(layer).__name__
