"""Networks as the exercises write them: lists of dicts, one a layer. Shapes are worked out here.

The reference stands apart from `convbook.shapes`: two independent computations that must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from autograder.questions.definition import Misconception

Layer = dict[str, Any]
Shape = list[int]

RELU: Layer = {"kind": "relu"}
FLATTEN: Layer = {"kind": "flatten"}


def conv(channels_in: int, channels_out: int, k: int, *, s: int = 1, p: int = 0) -> Layer:
    """Return a convolutional layer."""
    return {
        "kind": "conv",
        "in_channels": channels_in,
        "out_channels": channels_out,
        "kernel_size": k,
        "stride": s,
        "padding": p,
    }


def max_pool(k: int, s: int) -> Layer:
    """Return a max pooling layer without padding."""
    return {"kind": "max_pool", "kernel_size": k, "stride": s}


def linear(features_in: int, features_out: int) -> Layer:
    """Return a fully-connected layer."""
    return {"kind": "linear", "in_features": features_in, "out_features": features_out}


def shape_after(layer: Layer, shape: Shape) -> Shape | None:
    """Return the shape of a layer's output, or None if it cannot be computed.

    Args:
        layer: one of the dicts above.
        shape: [C, H, W] or, after a flatten layer, [features].
    """
    kind = layer["kind"]
    if kind == "relu":
        return shape
    if kind == "flatten":
        size = 1
        for side in shape:
            size *= side
        return [size]
    if kind == "linear":
        return [layer["out_features"]] if shape == [layer["in_features"]] else None
    if kind == "conv" and shape[0] != layer["in_channels"]:
        return None
    sides = [_slid(side, layer) for side in shape[1:]]
    if min(sides) < 1:
        return None
    return [layer["out_channels"] if kind == "conv" else shape[0], *sides]


def weights(layer: Layer) -> int:
    """Return how many numbers a layer learns, biases included."""
    if layer["kind"] == "conv":
        return int(layer["out_channels"] * (layer["kernel_size"] ** 2 * layer["in_channels"] + 1))
    if layer["kind"] == "linear":
        return int(layer["out_features"] * (layer["in_features"] + 1))
    return 0


def biases(layer: Layer) -> int:
    """Return how many of those numbers are biases: one an output channel or feature."""
    return int(layer.get("out_channels") or layer.get("out_features") or 0)


def _slid(side: int, layer: Layer) -> int:
    room = side + 2 * layer.get("padding", 0) - layer["kernel_size"]
    return room // layer["stride"] + 1 if room >= 0 else 0


def classic(
    channels: Iterable[int | str],
    dense: Iterable[int],
    input_shape: Shape,
    *,
    k: int = 3,
    p: int = 1,
    s: int = 1,
    pooling: tuple[int, int] = (2, 2),
) -> list[Layer]:
    """Return convolutions with ReLU, "pool" between them, then fully-connected layers.

    Args:
        channels: the output channels of each convolution, or "pool" for a max pooling.
        dense: the output features of each fully-connected layer.
        input_shape: [C, H, W] of the images that it is made for.
        k: side of the kernels.
        p: padding of the convolutions.
        s: stride of the first convolution; that of the others is 1.
        pooling: side and stride of the poolings.
    """
    layers: list[Layer] = []
    seen = input_shape[0]
    for entry in channels:
        if isinstance(entry, str):
            layers.append(max_pool(*pooling))
        else:
            layers += [conv(seen, entry, k, s=1 if layers else s, p=p), RELU]
            seen = entry
    layers.append(FLATTEN)
    flat = final_shape(layers, input_shape)
    if flat is None:
        raise ValueError(f"a network that cannot take {input_shape}")
    (features,) = flat
    for width in dense:
        layers += [linear(features, width), RELU]
        features = width
    return layers[:-1]


def stride_ignored(layer: Layer) -> Layer:
    """Return a layer as those see it who forget the stride of a convolution."""
    return layer | {"stride": 1} if layer["kind"] == "conv" else layer


def halving(layer: Layer) -> Layer:
    """Return a layer as those see it for whom each pooling halves the sides."""
    return max_pool(2, 2) if layer["kind"] == "max_pool" else layer


def stride_as_kernel(layer: Layer) -> Layer:
    """Return a layer as those see it for whom the windows of a pooling always touch."""
    return layer | {"stride": layer["kernel_size"]} if layer["kind"] == "max_pool" else layer


def of_strides(right: Callable[..., Any]) -> tuple[Misconception, ...]:
    """Return the mistakes about strides and windows of a function whose first argument is layers.

    Args:
        right: the reference; each mistake is what it gives for layers that are taken for others.
    """

    def seen(
        change: Callable[[Layer], Layer], layers: list[Layer], *rest: Any, **named: Any
    ) -> Any:
        return right([change(layer) for layer in layers], *rest, **named)

    return (
        Misconception(
            "stride-ignored",
            "The stride of a convolution is ignored.",
            "Where does the second window start when the stride is 2?",
            partial(seen, stride_ignored),
        ),
        Misconception(
            "pooling-halves",
            "Each pooling is taken to halve the sides. That holds for windows of 2 and a stride of "
            "2.",
            "What does your output_size say for a side of 8, a window of 3 and a stride of 3?",
            partial(seen, halving),
        ),
        Misconception(
            "stride-is-kernel",
            "The windows of a pooling are taken to touch. They may overlap, or leave a gap.",
            "Where does the second window start when the window is 3 and the stride is 2?",
            partial(seen, stride_as_kernel),
        ),
    )


def final_shape(layers: list[Layer], shape: Shape) -> Shape | None:
    """Return the shape of the last layer's output, or None if a layer cannot be computed."""
    after: Shape | None = shape
    for layer in layers:
        after = None if after is None else shape_after(layer, after)
    return after


VGG16 = classic(
    (
        *(64, 64, "pool"),
        *(128, 128, "pool"),
        *(256, 256, 256, "pool"),
        *(512, 512, 512, "pool"),
        *(512, 512, 512, "pool"),
    ),
    (4096, 4096, 1000),
    [3, 224, 224],
)
# The network of the practical, for CIFAR-10.
PRACTICAL = classic((32, "pool", 64, "pool", 64, "pool"), (1000, 10), [3, 32, 32], k=5, p=2)
# LeNet-5's plan: no padding.
LENET = classic((6, "pool", 16, "pool"), (120, 84, 10), [1, 32, 32], k=5, p=0)
