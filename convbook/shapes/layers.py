"""Layers as data: what a layer is, without its weights.

A network is a tuple of these. Every number is checked when the layer is written, so that the
error points at its line; how layers fit together is checked by `table`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from convbook.errors import ShapeError
from convbook.shapes.integers import Pair, Size, pair, whole
from convbook.shapes.sizes import check_pool_padding


@dataclass(frozen=True, repr=False)
class Layer:
    """Any layer; `name` replaces the automatic one of `named`."""

    name: str = field(default="", kw_only=True)

    def __repr__(self) -> str:
        values = [(part, getattr(self, part.name)) for part in fields(self)]
        given = (f"{part.name}={value!r}" for part, value in values if value != part.default)
        return f"{type(self).__name__}({', '.join(given)})"


@dataclass(frozen=True, repr=False)
class Conv(Layer):
    """Convolution: (C, H, W) -> (channels, H', W').

    `in_channels` may be fixed; otherwise it is what comes in.
    """

    channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    bias: bool = True
    groups: int = field(default=1, kw_only=True)
    in_channels: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        whole(self.channels, "channels")
        pair(self.kernel_size, "kernel_size")
        pair(self.stride, "stride")
        pair(self.padding, "padding", at_least=0)
        pair(self.dilation, "dilation")
        whole(self.groups, "groups")
        if self.in_channels is not None:
            whole(self.in_channels, "in_channels")


@dataclass(frozen=True, repr=False)
class Pool(Layer):
    """Max or average pooling: (C, H, W) -> (C, H', W'). No stride: windows side by side."""

    kind: Literal["max", "avg"]
    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("max", "avg"):
            raise ShapeError(
                "Writing a pooling.",
                got=f"kind={self.kind!r}",
                rule='the kinds are "max" and "avg"',
                next_step='write Pool("max", kernel_size)',
            )
        kernels = pair(self.kernel_size, "kernel_size")
        if self.stride is not None:
            pair(self.stride, "stride")
        for padding, kernel in zip(pair(self.padding, "padding", at_least=0), kernels, strict=True):
            check_pool_padding(padding, kernel)

    @property
    def steps(self) -> Pair:
        """The stride along H and W."""
        return pair(self.kernel_size if self.stride is None else self.stride, "stride")


@dataclass(frozen=True, repr=False)
class ReLU(Layer):
    """max(x, 0), element by element."""


@dataclass(frozen=True, repr=False)
class Tanh(Layer):
    """tanh(x), element by element: what LeNet-5 used."""


@dataclass(frozen=True, repr=False)
class Scale(Layer):
    """Each value times a constant `factor`, which is not learned."""

    factor: float = 1.0

    def __post_init__(self) -> None:
        real = isinstance(self.factor, int | float) and not isinstance(self.factor, bool)
        if not real or not math.isfinite(self.factor):
            raise ShapeError(
                "Writing a scale.",
                got=f"factor={self.factor!r}",
                rule="the factor is a finite number",
                next_step="write Scale(0.5)",
            )


@dataclass(frozen=True, repr=False)
class Softmax(Layer):
    """exp(x) over its sum, along the channels."""


@dataclass(frozen=True, repr=False)
class BatchNorm(Layer):
    """Batch normalisation: one learned scale and one shift a channel (or a feature)."""


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Zero each value with probability `p` while training."""

    p: float = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.p, bool) or not isinstance(self.p, int | float) or not 0 <= self.p <= 1:
            raise ShapeError(
                "Writing a dropout.",
                got=f"p={self.p!r}",
                rule="p is the probability of dropping a value, from 0 to 1",
                next_step="write Dropout(0.5)",
            )


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """(C, H, W) -> (C * H * W,), channel by channel, row by row."""


@dataclass(frozen=True, repr=False)
class Linear(Layer):
    """Fully-connected: (in_features,) -> (features,).

    `in_features` may be fixed; otherwise it is what comes in.
    """

    features: int
    bias: bool = True
    in_features: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        whole(self.features, "features")
        if self.in_features is not None:
            whole(self.in_features, "in_features")


@dataclass(frozen=True, repr=False)
class GlobalPool(Layer):
    """Pooling over the whole map: (C, H, W) -> (C,)."""

    kind: Literal["max", "avg"] = "avg"

    def __post_init__(self) -> None:
        Pool(self.kind, 1)


@dataclass(frozen=True, repr=False)
class GlobalAvgPool(GlobalPool):
    """The mean of each channel: (C, H, W) -> (C,)."""


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """layers(x) + shortcut(x); an empty shortcut is the identity. Both shapes must agree."""

    layers: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        check_layers(self.layers)
        check_layers(self.shortcut)


@dataclass(frozen=True, repr=False)
class Parallel(Layer):
    """Every branch on the same input, their channels side by side: H and W must agree."""

    branches: tuple[tuple[Layer, ...], ...]

    def __post_init__(self) -> None:
        if not self.branches:
            raise ShapeError(
                "Writing parallel branches.",
                got="none",
                rule="there is at least one branch",
                next_step="give a tuple of tuples of layers",
            )
        for branch in self.branches:
            check_layers(branch)


Layers: TypeAlias = Sequence[Layer]


def check_layers(layers: Any) -> None:
    """Refuse what is no sequence of layers.

    Raises:
        ShapeError: `layers` is no list or tuple, or one of its members is no layer.
    """
    what = [layers] if not isinstance(layers, list | tuple) else layers
    wrong = [part for part in what if not isinstance(part, Layer)]
    if wrong or what is not layers:
        raise ShapeError(
            "Reading the layers of a network.",
            got=repr((wrong or what)[0]),
            rule="a network is a tuple of layers: Conv, Pool, ReLU, Linear, ... of convbook.shapes",
            next_step="write it as a layer, for example Conv(32, 5, padding=2), in a tuple",
        )
