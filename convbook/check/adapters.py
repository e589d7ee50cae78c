"""Call a student's function that takes or gives more than plain values.

An adapter makes what the function takes (a layer, a network) from plain values, calls it, and
gives back plain values from which the answer can be judged without running it again. It knows no
right answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from convbook.check.measures import AGAIN, DRAWS, LATER, pictures, thrice, with_zeros
from convbook.check.model_adapters import evaluate as evaluate
from convbook.check.model_adapters import network_of_practical as network_of_practical
from convbook.check.plain import FAILED, REFUSED, Plain, fresh, plain
from convbook.errors import CheckFailed
from convbook.texts import text


def _tensor(array: Any) -> torch.Tensor:
    """Return an array as a float32 tensor of its own."""
    return torch.tensor(array, dtype=torch.float32)


def _set(layer: nn.Conv2d | nn.Linear, weight: Any, bias: Any | None) -> None:
    with torch.no_grad():
        layer.weight.copy_(_tensor(weight))
        if bias is not None and layer.bias is not None:
            layer.bias.copy_(_tensor(bias))


def conv_layer(weight: Any, bias: Any | None, *, stride: int = 1, **options: Any) -> nn.Conv2d:
    """Return a convolutional layer from its weight (C', C, kh, kw) and its bias (C',) or None."""
    channels_out, channels_in, *kernel = weight.shape
    layer = nn.Conv2d(
        channels_in, channels_out, tuple(kernel), stride=stride, bias=bias is not None, **options
    )
    _set(layer, weight, bias)
    return layer


def linear_layer(weight: Any, bias: Any | None) -> nn.Linear:
    """Return a fully-connected layer from its weight (out, in) and its bias (out,) or None."""
    features_out, features_in = weight.shape
    layer = nn.Linear(features_in, features_out, bias=bias is not None)
    _set(layer, weight, bias)
    return layer


def equivariance_error(
    function: Callable[..., object],
    *,
    kind: str,
    weight: Any,
    bias: Any,
    image: Any,
    shift: list[int],
) -> Plain:
    """Call `function(layer, image, shift)`.

    Args:
        function: the student's.
        kind: "circular" or "zeros", the padding of a convolution that keeps the size, or "linear",
            a fully-connected layer whose output has the shape of its input.
        weight: (C', C, k, k) of a convolution, (C·H·W, C·H·W) of a fully-connected layer.
        bias: (C',) or (C·H·W,).
        image: (C, H, W).
        shift: by how many rows and columns to move.
    """
    layer: nn.Module
    if kind == "linear":
        layer = nn.Sequential(
            nn.Flatten(0), linear_layer(weight, bias), nn.Unflatten(0, tuple(image.shape))
        )
    else:
        layer = conv_layer(weight, bias, padding=weight.shape[-1] // 2, padding_mode=kind)
    return function(layer, _tensor(image), tuple(shift))


def shift_change(
    function: Callable[..., object], *, image: Any, kind: str, k: int, s: int
) -> Plain:
    """Call `function(image, pool)`.

    Args:
        function: the student's.
        image: (C, H, W).
        kind: what `pool` does to an array (C, H, W): "max", "mean", or "none" for nothing.
        k: side of its windows.
        s: its stride.
    """
    layers = {"max": nn.MaxPool2d(k, s), "mean": nn.AvgPool2d(k, s), "none": nn.Identity()}
    layer = layers[kind]

    def pool(array: Any) -> Any:
        return layer(torch.as_tensor(array)).numpy()

    return function(image, pool)


def linear_to_conv(
    function: Callable[..., object],
    *,
    weight: Any,
    bias: Any | None,
    c: int,
    h: int,
    w: int,
    images: list[Any],
) -> Plain:
    """Call `function(linear, c, h, w)` and tell what the convolution is.

    Args:
        function: the student's.
        weight: (out, C·H·W) of the fully-connected layer.
        bias: (out,) of it, or None for a layer without.
        c: channels of the maps that it takes.
        h: their rows.
        w: their columns.
        images: maps, each (C, H', W'), on which the convolution is tried.

    Returns:
        A dict of its "kernel_size", "stride", "padding", "dilation", "weight", "bias", zeros if
        it has none, and its "outputs", FAILED where it cannot take the image.
    """
    conv: Any = function(linear_layer(weight, bias), c, h, w)
    if not isinstance(conv, nn.Conv2d):
        raise CheckFailed(text("check.not_a_conv", kind=type(conv).__name__))
    padding = (0, 0) if conv.padding == "valid" else conv.padding
    return {
        "kernel_size": conv.kernel_size,
        "stride": conv.stride,
        "padding": padding,
        "dilation": conv.dilation,
        "weight": conv.weight,
        "bias": torch.zeros(conv.out_channels) if conv.bias is None else conv.bias,
        "outputs": _outputs(conv, images),
    }


def _outputs(module: Callable[..., Any], images: list[Any]) -> list[Plain]:
    """Return what a module makes of each image, behind its mirror image in a batch of two.

    FAILED stands for those that it cannot take.
    """
    return [_output(module, image) for image in images]


def _output(module: Callable[..., Any], image: Any) -> Plain:
    try:
        with torch.no_grad():
            return module(torch.stack([_tensor(image).flip(-1), _tensor(image)]))[-1]
    except RuntimeError:
        return FAILED


def network(layers: list[dict[str, Any]]) -> nn.Sequential:
    """Return a network from its layers.

    Args:
        layers: dicts with "kind": "conv" ("weight", "bias", "stride", "padding"), "relu",
            "max_pool" or "avg_pool" ("kernel_size", "stride"), "flatten", or "linear" ("weight",
            "bias").
    """
    return nn.Sequential(*(_module(**layer) for layer in layers))


def _module(kind: str, **options: Any) -> nn.Module:
    makers: dict[str, Callable[..., nn.Module]] = {
        "conv": conv_layer,
        "relu": nn.ReLU,
        "max_pool": nn.MaxPool2d,
        "avg_pool": nn.AvgPool2d,
        "flatten": nn.Flatten,
        "linear": linear_layer,
    }
    return makers[kind](**options)


def fully_convolutional(
    function: Callable[..., Any],
    *,
    layers: list[dict[str, Any]],
    made_for: list[int],
    images: list[Any],
) -> Plain:
    """Call `function(net, made_for)` and try what it gives on images.

    Args:
        function: the student's.
        layers: of the network, as `network` takes them.
        made_for: (C, H, W) of the images that the network takes.
        images: each (C, H', W').

    Returns:
        The output for each image, FAILED where it cannot be computed.
    """
    module = function(network(layers).eval(), tuple(made_for))
    if not callable(module):
        raise CheckFailed(text("check.not_a_module", kind=type(module).__name__))
    return _outputs(module, images)


def measured_field(
    function: Callable[..., object], *, layers: list[dict[str, Any]], image: Any
) -> Plain:
    """Call `function(net, image)`.

    Args:
        function: the student's.
        layers: of the network, as `network` takes them.
        image: (C, H, W).
    """
    return function(network(layers), _tensor(image))


def number_or_refusal(function: Callable[..., object], **arguments: Plain) -> Plain:
    """Call the function; give REFUSED where it raises ValueError, and for nothing else."""
    try:
        answer = function(**arguments)
    except ValueError:
        return REFUSED
    if isinstance(answer, str):  # REFUSED itself would pass for a refusal
        raise CheckFailed(text("check.text_for_number", value=repr(answer)))
    return answer


def with_tuples(function: Callable[..., object], **arguments: Any) -> Plain:
    """Call the function with a tuple for each list of numbers, as texts write shapes and pairs."""
    return function(
        **{name: tuple(value) if _is_row(value) else value for name, value in arguments.items()}
    )


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and all(type(entry) in (int, float) for entry in value)


def row_of_table(
    function: Callable[..., Any], *, layers: list[dict[str, Any]], input_shape: list[int], row: int
) -> Plain:
    """Call `function(layers, input_shape)` and give one row of what it returns.

    Args:
        function: the student's; it returns one row for each layer.
        layers: of the network: dicts with "kind" and sizes, as the practical writes them.
        input_shape: [C, H, W] of an image.
        row: the number of the row, from 0.
    """
    rows = plain(function(layers, tuple(input_shape)))
    if not isinstance(rows, list) or len(rows) != len(layers):
        raise CheckFailed(text("check.not_a_table", count=len(layers)))
    return rows[row]


def seeded(function: Callable[..., object], *, seed: int, **arguments: Any) -> Plain:
    """Call `function(..., rng)`.

    Args:
        function: the student's.
        seed: of the random numbers that it gets.
        arguments: all others.
    """
    return function(**arguments, rng=np.random.default_rng(seed))


def redrawn(function: Callable[..., object], *, seed: int, **arguments: Any) -> Plain:
    """Call `function(..., rng)` `thrice`, then count zeros.

    Args:
        function: the student's.
        seed: of the random numbers that it gets.
        arguments: all others.
    """
    return with_zeros(_from_seed(lambda rng: function(**fresh(arguments), rng=rng)), seed)


def _redrawn(draw: Callable[[np.random.Generator], object], seed: int) -> dict[str, Plain]:
    return thrice(_from_seed(draw), seed)


def _from_seed(draw: Callable[[np.random.Generator], object]) -> Callable[[int], Plain]:
    # Made plain at once, which copies: what changes an array in place gives the same one each time.
    return lambda seed: plain(draw(np.random.default_rng(seed)))


def draw_configuration(
    function: Callable[..., object], *, seed: int, **bounds: list[float]
) -> Plain:
    """Call `function(…, rng)` many times, then a few times with the same random numbers again.

    Args:
        function: the student's; it gives a dict with a number for each setting.
        seed: of the random numbers.
        bounds: (lowest, highest) of each setting.

    Returns:
        A dict of what came ("first", "again"), each a dict of the settings' columns.
    """

    def columns(draws: int) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        ranges = {name: tuple(pair) for name, pair in bounds.items()}
        drawn: list[Any] = [plain(function(**ranges, rng=rng)) for _ in range(draws)]
        for each in drawn:
            if not isinstance(each, dict) or set(each) != set(bounds):
                raise CheckFailed(text("check.other_settings", expected=", ".join(bounds)))
        return {name: np.array([each[name] for each in drawn]) for name in bounds}

    return {"first": columns(DRAWS), "again": columns(AGAIN)}


def validation_split(
    function: Callable[..., object], *, labels: Any, count: int, seed: int
) -> Plain:
    """Call `function(labels, count, seed)` with the seed, with it again, and with others.

    Args:
        function: the student's.
        labels: (N,).
        count: how many images of each class to hold out.
        seed: names the split.

    Returns:
        A dict of what came: "first", "again", "other", and "later", a list.
    """

    def split(seed: int) -> object:
        return function(labels.copy(), count, seed)

    later = range(seed + 2, seed + 2 + LATER)
    return {**thrice(split, seed), "later": [plain(split(each)) for each in later]}


def augment(
    function: Callable[..., object], *, images: Any, copies: int, size: int, seed: int
) -> Plain:
    """Call `function(images, size, rng)` `thrice`.

    Args:
        function: the student's.
        images: (N, C, H, W), each of them given `copies` times.
        copies: so many that each random choice must show.
        size: of the crops.
        seed: of the random numbers.
    """
    batch = np.repeat(images, copies, axis=0)
    return _redrawn(lambda rng: function(batch.copy(), size, rng), seed)


def own_augmentation(function: Callable[..., object], *, n: int, seed: int) -> Plain:
    """Call `function(images, rng)` three times, the last time with other random numbers.

    Args:
        function: the student's.
        n: how many images there are: see `convbook.check.measures.pictures`.
        seed: of the images and of the random numbers.

    Returns:
        A dict of what came ("first", "again", "other"), and the images "after" all calls.
    """
    images = pictures(n, seed)
    return {**_redrawn(lambda rng: function(images, rng), seed), "after": images}


def accuracy_under_shift(
    function: Callable[..., object],
    *,
    weight: Any,
    bias: Any,
    images: Any,
    labels: Any,
    shifts: list[int],
) -> Plain:
    """Call `function(classify, images, labels, shifts)`.

    Args:
        function: the student's.
        weight: (classes, C·H·W) of the linear classifier that `classify` is.
        bias: (classes,).
        images: (N, C, H, W).
        labels: (N,).
        shifts: by how many pixels to move.
    """

    def classify(batch: Any) -> Any:
        return np.asarray(batch).reshape(len(batch), -1) @ weight.T + bias

    return function(classify, images, labels, shifts)
