"""Receptive fields: which pixels of the input one output sees.

The recurrences are those of Araujo, Norris and Sim, "Computing receptive fields of convolutional
neural networks" (Distill, 2019), from the input up, in whole pixels instead of centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convbook.errors import ShapeError
from convbook.shapes.integers import Pair, pair, short
from convbook.shapes.layers import Conv, GlobalPool, Layers, Linear, Parallel, Pool, Residual
from convbook.shapes.naming import named


class Axis(NamedTuple):
    """The field along one axis, in pixels of the input.

    Output i sees pixels start + i * jump to start + i * jump + size - 1. Pixels below 0 or past
    the last one are padding. A dilated kernel leaves holes in between.
    """

    size: int = 1
    jump: int = 1
    start: int = 0

    def slide(self, kernel_size: int, stride: int, padding: int, dilation: int) -> Axis:
        """Return the field after one more window."""
        return Axis(
            self.size + dilation * (kernel_size - 1) * self.jump,
            self.jump * stride,
            self.start - padding * self.jump,
        )

    def pixels(self, i: int) -> range:
        """Return the pixels that output i sees, first to last."""
        first = self.start + i * self.jump
        return range(first, first + self.size)


class Field(NamedTuple):
    """The field of one output of a stack: an `Axis` along the height and one along the width."""

    height: Axis = Axis()
    width: Axis = Axis()

    @property
    def size(self) -> int | Pair:
        """Pixels of the input that one output sees: an int, or (H, W) if they differ."""
        return short((self.height.size, self.width.size))

    @property
    def jump(self) -> int | Pair:
        """Pixels between the fields of two neighbours, the stride of the whole stack."""
        return short((self.height.jump, self.width.jump))

    @property
    def start(self) -> int | Pair:
        """First pixel that the first output sees, negative when it lies in the padding."""
        return short((self.height.start, self.width.start))

    def slide(
        self, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)
    ) -> Field:
        """Return the field after one more window, numbers given along (H, W)."""
        height, width = (
            axis.slide(*numbers)
            for axis, *numbers in zip(self, kernel, stride, padding, dilation, strict=True)
        )
        return Field(height, width)


def slide(field: Field, layer: Conv | Pool) -> Field:
    """Return the field after a convolution or a pooling."""
    kernel = pair(layer.kernel_size, "kernel_size")
    padding = pair(layer.padding, "padding", at_least=0)
    if isinstance(layer, Pool):
        return field.slide(kernel, layer.steps, padding)
    return field.slide(
        kernel, pair(layer.stride, "stride"), padding, pair(layer.dilation, "dilation")
    )


def union(path: str, fields: Sequence[Field]) -> Field:
    """Return the smallest field that holds the fields of all branches of the block `path`.

    Raises:
        ShapeError: the branches move over the image in different steps.
    """
    if len({field.jump for field in fields}) > 1:
        raise ShapeError(
            f"Joining the branches of {path}.",
            got=f"strides {[field.jump for field in fields]}",
            rule="every branch of a block has the same stride",
            next_step="give the shortcut the stride of the layers beside it",
        )
    height, width = (_hull(axes) for axes in zip(*fields, strict=True))
    return Field(height, width)


def _hull(axes: Sequence[Axis]) -> Axis:
    start = min(axis.start for axis in axes)
    end = max(axis.start + axis.size for axis in axes)
    return Axis(end - start, axes[0].jump, start)


def receptive_field(layers: Layers) -> Field:
    """Return the field of one output of `layers`, whatever the size of the image.

    Args:
        layers: any stack of convolutions, poolings, blocks and element-wise layers.

    Returns:
        A `Field`: `size`, `jump` and `start` are ints, or pairs (H, W) where the axes differ.

    Raises:
        ShapeError: a layer sees the whole image (`Linear`, global pooling), so that its field
            depends on the image: `table` gives it.
    """
    return _through(Field(), layers)


def _through(field: Field, layers: Layers) -> Field:
    for name, layer in named(layers):
        if isinstance(layer, Linear | GlobalPool):
            raise ShapeError(
                "Computing a receptive field without an image.",
                got=f"{name}: {layer!r}",
                rule="this layer sees its whole input, whose size is not known here",
                next_step="call table(layers, input_shape), whose rows hold the field",
            )
        if isinstance(layer, Conv | Pool):
            field = slide(field, layer)
        elif isinstance(layer, Residual):
            field = union(name, [_through(field, layer.layers), _through(field, layer.shortcut)])
        elif isinstance(layer, Parallel):
            field = union(name, [_through(field, branch) for branch in layer.branches])
    return field
