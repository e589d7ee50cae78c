"""Answers to practical 1 that were marked wrongly once: wrong ones that passed, right ones."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from autograder.questions import get
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)  # it is asked for thousands of times


def same_is_rounded_up(x, y, k, p, s):
    """A padding of half the kernel, rounded down, keeps the size: true of odd kernels only."""
    if p == k // 2:
        return [math.ceil(side / s) for side in (x, y)]
    return answer("q01.output_size")(x, y, k, p, s)


def local_weights_same_is_rounded_up(x, y, z, k, p, s, n):
    outputs = n * math.prod(same_is_rounded_up(x, y, k, p, s))
    return outputs * k * k * z, outputs


def at_odd_kernels(item_id):
    """Each kernel is taken to have an odd side."""
    return lambda k, **rest: answer(item_id)(k=2 * (k // 2) + 1, **rest)


def whole_error(layer, image, shift):
    return int(answer("q02.equivariance_error")(layer, image, shift))


def one_channel_in(layer, image, shift):
    """The image is taken to have one channel."""
    error = answer("q02.equivariance_error")
    return error(lambda x: layer(x.sum(0, keepdim=True)), image, shift)


def by_shift(change):
    """The right error of another shift."""
    return lambda layer, image, shift: answer("q02.equivariance_error")(
        layer, image, change(*shift)
    )


def only_if_both_move(layer, image, shift):
    return answer("q02.equivariance_error")(layer, image, shift) if all(shift) else 0.0


def by_slices(layer, image, shift):
    """Nothing is left of a slice that ends at 0."""

    def moved(tensor):
        for axis, by in zip((1, 2), shift, strict=True):
            side = tensor.shape[axis]
            parts = (
                tensor.narrow(axis, side - by % side, by % side),
                tensor.transpose(0, axis)[:-by],
            )
            tensor = torch.cat((parts[0], parts[1].transpose(0, axis)), axis)
        return tensor

    return (layer(moved(image)) - moved(layer(image))).abs().max()


def means_like_the_image(image, k, s):
    """The output has the image's kind of number."""
    means = answer("q03.avg_pool")(image, k, s)
    return np.array(means).astype(image.dtype)


def walk(kind=None, change=None, *, flat=False):
    """A walk that takes a later layer of a kind for another one, or each linear as flattening."""

    def first_failure(layers, input_shape):
        shapes, shape, met = [], tuple(input_shape), False
        for index, layer in enumerate(layers):
            changed = change(layer, shape) if met and layer["kind"] == kind else layer
            met = met or layer["kind"] == kind
            if layer["kind"] == "linear" and flat:
                shape = (math.prod(shape),)
            failed, after = answer("q04.first_failure")([changed], shape)
            if failed is not None:
                return index, shapes
            shape = after[0]
            shapes.append(shape)
        return None, shapes

    return first_failure


def any_channels(layer, shape):
    return layer | {"in_channels": shape[0]}


def any_features(layer, shape):
    return layer | {"in_features": shape[0]}


def room_on(axis, *kinds):
    """Layers of these kinds test one axis only, and compute what they cannot."""

    def first_failure(layers, input_shape):
        shapes, shape = [], tuple(input_shape)
        for index, layer in enumerate(layers):
            trusting = layer["kind"] in kinds
            square = (shape[0], *[shape[axis]] * 2) if trusting else shape
            failed, after = answer("q04.first_failure")([layer], square)
            if failed is not None:
                return index, shapes
            sides = shape[1:]
            shape = after[0]
            if trusting:
                k, p, s = layer["kernel_size"], layer.get("padding", 0), layer["stride"]
                shape = (shape[0], *((side + 2 * p - k) // s + 1 for side in sides))
            shapes.append(shape)
        return None, shapes

    return first_failure


def whole_weights(linear, c, h, w):
    conv = answer("q05.linear_to_conv")(linear, c, h, w)
    conv.weight.data.round_()
    return conv


def on_the_batch(change):
    """The converted network on another batch."""

    def fully_convolutional(net, made_for):
        module = answer("q06.fully_convolutional")(net, made_for)
        return lambda images: module(change(images))

    return fully_convolutional


def whole_maps(net, made_for):
    module = answer("q06.fully_convolutional")(net, made_for)
    return lambda images: module(images).round()


def planned_by(sides_after):
    """The first kernel's sides come from a formula, (layer, side) to the next side."""

    def fully_convolutional(net, made_for):
        layers, (channels, *sides) = [], made_for
        for layer in net:
            if isinstance(layer, nn.Linear):
                layers.append(answer("q05.linear_to_conv")(layer, channels, *sides))
                channels, sides = layer.out_features, (1, 1)
            elif not isinstance(layer, nn.Flatten):
                channels = getattr(layer, "out_channels", channels)
                if not isinstance(layer, nn.ReLU):
                    sides = [sides_after(layer, side) for side in sides]
                layers.append(layer)
        return nn.Sequential(*layers)

    return fully_convolutional


def size(layer, side, **believed):
    def first(value):
        return value[0] if isinstance(value, tuple) else value

    kernel, padding, stride = (
        believed.get(name, first(getattr(layer, name)))
        for name in ("kernel_size", "padding", "stride")
    )
    return (side + 2 * padding - kernel) // stride + 1


def without_strides(layer, side):
    return size(layer, side, stride=1) if isinstance(layer, nn.Conv2d) else size(layer, side)


def halved_by_pooling(layer, side):
    return side // 2 if isinstance(layer, nn.MaxPool2d) else size(layer, side)


def kept_by_convolutions(layer, side):
    return side if isinstance(layer, nn.Conv2d) else size(layer, side)


def touching_windows(layer, side):
    pooling = isinstance(layer, nn.MaxPool2d)
    return size(layer, side, stride=layer.kernel_size) if pooling else size(layer, side)


def none_below_the_plan(layers, made_for, input_shape):
    if any(side < planned for side, planned in zip(input_shape, made_for, strict=True)):
        return None
    return answer("q06.map_shape")(layers, made_for, input_shape)


def without_points(layers):
    """A kernel of 1 changes nothing, so its layer is left out, and with it its stride."""
    return [{"kind": "relu"} if layer.get("kernel_size") == 1 else layer for layer in layers]


def first_layer_is_a_kernel(layers):
    """The field begins with the first layer's kernel, 0 if it has none."""
    fields = answer("q07.receptive_field")(layers)
    first = next((i for i, layer in enumerate(layers) if "kernel_size" in layer), len(layers))
    return [0] * first + fields[first:]


def first_seeing(fields):
    return lambda layers, size: next((i for i, f in enumerate(fields(layers)) if f >= size), None)


def measured_at(pick):
    """The field of another neuron."""

    def measured_field(net, image):
        pixels = image.clone().requires_grad_()
        output = net(pixels[None])
        output[(0, 0, *pick(*output.shape[2:]))].backward()
        return sides_of(pixels.grad)

    return measured_field


def sides_of(gradient):
    places = gradient.abs().sum(0).nonzero()
    return (places.amax(0) - places.amin(0) + 1).tolist()


def gradient_times_image(net, image):
    pixels = image.clone().requires_grad_()
    output = net(pixels[None])
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    return sides_of(pixels.grad * image)


WRONG = {
    "same is rounded up": ("q01.output_size", same_is_rounded_up),
    "same is rounded up, unshared": ("q06b.local_weights", local_weights_same_is_rounded_up),
    "odd kernels seen": ("q02.inputs_seen", at_odd_kernels("q02.inputs_seen")),
    "odd kernels counted": ("q02.count_weights", at_odd_kernels("q02.count_weights")),
    "whole error": ("q02.equivariance_error", whole_error),
    "one channel in": ("q02.equivariance_error", one_channel_in),
    "rows down only": ("q02.equivariance_error", by_shift(lambda r, c: (abs(r), c))),
    "rows up only": ("q02.equivariance_error", by_shift(lambda r, c: (-abs(r), c))),
    "columns to the right only": ("q02.equivariance_error", by_shift(lambda r, c: (r, abs(c)))),
    "columns to the left only": ("q02.equivariance_error", by_shift(lambda r, c: (r, -abs(c)))),
    "only if both move": ("q02.equivariance_error", only_if_both_move),
    "by slices": ("q02.equivariance_error", by_slices),
    "means like the image": ("q03.avg_pool", means_like_the_image),
    "first channels": ("q04.first_failure", walk("conv", any_channels)),
    "first features": ("q04.first_failure", walk("linear", any_features)),
    "no flatten needed": ("q04.first_failure", walk(flat=True)),
    **{
        f"room on axis {axis} only, {kind}": ("q04.first_failure", room_on(axis, kind))
        for axis in (1, 2)
        for kind in ("conv", "max_pool")
    },
    "whole weights": ("q05.linear_to_conv", whole_weights),
    "first image": ("q06.fully_convolutional", on_the_batch(lambda images: images[:1])),
    "first image for all": (
        "q06.fully_convolutional",
        on_the_batch(lambda images: images[:1].expand_as(images)),
    ),
    "mean image": (
        "q06.fully_convolutional",
        on_the_batch(lambda images: images.mean(0, keepdim=True)),
    ),
    "whole maps": ("q06.fully_convolutional", whole_maps),
    **{
        rule.__name__: ("q06.fully_convolutional", planned_by(rule))
        for rule in (without_strides, halved_by_pooling, kept_by_convolutions, touching_windows)
    },
    "none below the plan": ("q06.map_shape", none_below_the_plan),
    "without points": (
        "q07.receptive_field",
        lambda layers: answer("q07.receptive_field")(without_points(layers)),
    ),
    "first layer a kernel": ("q07.receptive_field", first_layer_is_a_kernel),
    "without points, seeing": (
        "q07.first_layer_seeing",
        lambda layers, size: answer("q07.first_layer_seeing")(without_points(layers), size),
    ),
    "first layer a kernel, seeing": (
        "q07.first_layer_seeing",
        first_seeing(first_layer_is_a_kernel),
    ),
    "before the middle": (
        "q07.measured_field",
        measured_at(lambda rows, columns: ((rows - 1) // 2, (columns - 1) // 2)),
    ),
    "rows for both": ("q07.measured_field", measured_at(lambda rows, _: (rows // 2, rows // 2))),
    "columns for both": (
        "q07.measured_field",
        measured_at(lambda _, columns: (columns // 2, columns // 2)),
    ),
    "gradient times image": ("q07.measured_field", gradient_times_image),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    assert not verdict(get(item_id), function, seed)["passed"]


def failure_of_tuples(layers, input_shape):
    """Shapes are tuples, as the text writes them."""
    return answer("q04.first_failure")(layers, input_shape[:1] + tuple(input_shape[1:]))


def map_of_tuples(layers, made_for, input_shape):
    return answer("q06.map_shape")(layers, made_for + (), input_shape + ())  # noqa: RUF005


def means_of_torch(image, k, s):
    windows = torch.tensor(image, dtype=torch.float64).unfold(1, k, s).unfold(2, k, s)
    return windows.mean((-2, -1))


RIGHT = {
    "failure of tuples": ("q04.first_failure", failure_of_tuples),
    "map of tuples": ("q06.map_shape", map_of_tuples),
    "means of torch": ("q03.avg_pool", means_of_torch),
    "right walk": ("q04.first_failure", walk()),
    "right plan": ("q06.fully_convolutional", planned_by(size)),
    "right neuron": ("q07.measured_field", measured_at(lambda *sides: [n // 2 for n in sides])),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_right_answer_passes(name, seed):
    item_id, function = RIGHT[name]
    result = verdict(get(item_id), function, seed)
    assert result["passed"], result
