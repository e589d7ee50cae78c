"""Question 5: a fully-connected layer is a convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.questions.arrays import Array, convolve
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, whole_numbers
from convbook.check.plain import FAILED, Plain


def linear_to_conv(
    weight: Array, bias: Array | None, c: int, h: int, w: int, images: list[Array]
) -> Plain:
    """Return what `convbook.check.adapters.linear_to_conv` tells of the right convolution."""
    return _described(weight.reshape(-1, c, h, w), bias, images)


def _described(
    kernel: Array, bias: Array | None, images: list[Array], *, stride: int = 1, padding: int = 0
) -> dict[str, Any]:
    fits = all(image.shape[0] == kernel.shape[1] for image in images)
    return {
        "kernel_size": list(kernel.shape[2:]),
        "stride": [stride, stride],
        "padding": [padding, padding],
        "dilation": [1, 1],
        "weight": kernel,
        "bias": np.zeros(len(kernel)) if bias is None else bias,
        "outputs": [
            convolve(image, kernel, bias, stride=stride, padding=padding) if fits else FAILED
            for image in images
        ],
    }


def _channels_last(**a: Any) -> Plain:
    kernel = a["weight"].reshape(-1, a["h"], a["w"], a["c"]).transpose(0, 3, 1, 2)
    return _described(kernel, a["bias"], a["images"])


def _sides_swapped(**a: Any) -> Plain:
    kernel = a["weight"].reshape(-1, a["c"], a["w"], a["h"]).transpose(0, 1, 3, 2)
    return _described(kernel, a["bias"], a["images"])


def _transposed(**a: Any) -> Plain:
    kernel = a["weight"].T.reshape(-1, a["c"], a["h"], a["w"])
    return _described(kernel, a["bias"], a["images"])


def _flipped(**a: Any) -> Plain:
    kernel = a["weight"].reshape(-1, a["c"], a["h"], a["w"])[..., ::-1, ::-1]
    return _described(kernel, a["bias"], a["images"])


def _bias_lost(**a: Any) -> Plain:
    return linear_to_conv(**(a | {"bias": None}))


def _one_by_one(**a: Any) -> Plain:
    return _described(a["weight"].reshape(len(a["weight"]), -1, 1, 1), a["bias"], a["images"])


def _padded(**a: Any) -> Plain:
    kernel = a["weight"].reshape(-1, a["c"], a["h"], a["w"])
    return _described(kernel, a["bias"], a["images"], padding=a["h"] // 2)


def _strided(**a: Any) -> Plain:
    kernel = a["weight"].reshape(-1, a["c"], a["h"], a["w"])
    return _described(kernel, a["bias"], a["images"], stride=a["h"])


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a layer for maps with c, h and w all different, and two images for it."""
    c, h, w = (int(side) for side in rng.choice(np.arange(2, 7), size=3, replace=False))
    out = c * h * w if rng.random() < 0.3 else integer(rng, 2, 9)
    bias = None if rng.random() < 0.3 else whole_numbers(rng, (out,), high=20) / 4 + 6
    return {
        "weight": whole_numbers(rng, (out, c * h * w), high=20) / 4,
        "bias": bias,
        "c": c,
        "h": h,
        "w": w,
        "images": [
            whole_numbers(rng, (c, h, w)),
            whole_numbers(rng, (c, h + integer(rng, 1, 4), w + integer(rng, 1, 4))),
        ],
    }


def _is_square(a: Arguments) -> bool:
    return bool(len(a["weight"]) == a["weight"].shape[1])


_CONDITIONS = (
    lambda a: a["bias"] is not None and not _is_square(a),
    lambda a: a["bias"] is None and not _is_square(a),
    lambda a: a["bias"] is not None and _is_square(a),
    lambda a: a["bias"] is not None and a["h"] > a["w"],
)


def _public_case(out: int, c: int, h: int, w: int, *, biased: bool = True) -> Arguments:
    count = out * c * h * w
    weight = (np.arange(count, dtype=np.float64) * 7 % 11 - 5).reshape(out, c * h * w)
    image = (np.arange(c * (h + 1) * (w + 2), dtype=np.float64) % 5).reshape(c, h + 1, w + 2)
    return {
        "weight": weight,
        "bias": np.arange(out, dtype=np.float64) + 1 if biased else None,
        "c": c,
        "h": h,
        "w": w,
        "images": [image[:, :h, :w].copy(), image],
    }


LINEAR_TO_CONV = Item(
    id="q05.linear_to_conv",
    signature="linear_to_conv(linear, c, h, w)",
    points=3,
    public=(
        _public_case(2, 1, 2, 2),
        _public_case(3, 2, 3, 4),
        _public_case(4, 3, 2, 5, biased=False),
    ),
    hidden=lambda rng: covering(rng, _case, _CONDITIONS),
    reference=linear_to_conv,
    adapter="linear_to_conv",
    misconceptions=(
        Misconception(
            "channels-last",
            "The weights are read as rows, columns, channels. Torch flattens channels first.",
            "In what order does flatten write the numbers of a (C, H, W) tensor?",
            _channels_last,
        ),
        Misconception(
            "sides-swapped",
            "The height and the width of the kernel are swapped.",
            "In what order are the axes of a convolution's weight?",
            _sides_swapped,
        ),
        Misconception(
            "transposed",
            "The weight matrix was transposed. Each of its rows belongs to one output already.",
            "What is the shape of linear.weight?",
            _transposed,
        ),
        Misconception(
            "flipped",
            "The kernels were turned around. A convolutional layer does not mirror its kernel.",
            "Compare the first weight of linear with the number that it must multiply.",
            _flipped,
        ),
        Misconception(
            "bias-lost",
            "The biases are lost on the way.",
            "What does linear add after the products?",
            _bias_lost,
        ),
        Misconception(
            "one-by-one",
            "The kernel is 1 by 1, so it needs an input that is flat already. The convolution "
            "must take the maps as they are.",
            "How much of the maps does one output of linear see?",
            _one_by_one,
        ),
        Misconception(
            "padded",
            "The convolution pads its input, so it gives more than one place.",
            "At how many places does a kernel fit that is as large as its input?",
            _padded,
        ),
        Misconception(
            "strided",
            "The stride is the kernel's height. On maps of the planned size nothing shows, but "
            "question 6 needs every place of a larger one.",
            "Leave the stride as it is by default.",
            _strided,
        ),
    ),
)

QUESTION = Question(
    id="q05",
    assignment="tp1_layers",
    title="A fully-connected layer is a convolution",
    items=(LINEAR_TO_CONV,),
    rubric=(
        Criterion(1, "The kernel is as large as the maps, so it fits at one place only."),
        Criterion(
            1,
            "One filter for each output; both compute the same sum of products with the same "
            "weights and bias, in another order of writing.",
        ),
    ),
)
