"""Question 7, last item: measure a receptive field with a gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.nets import Layer
from convbook.check.plain import Plain

Places = set[int]  # on one axis
Pick = Callable[[int], Places]  # chooses places of the output, given its length


def measured_field(layers: list[Layer], image: Array) -> Plain:
    """Return the rows and columns of the pixels that the middle output number depends on.

    Convolutions with positive weights and average pooling only, so no gradient cancels out.
    """
    return [_span(places) for places in _support(layers, image, _middle)]


def _span(places: Places) -> int:
    """Return how many places there are from the first to the last."""
    return max(places) - min(places) + 1


def _middle(side: int) -> Places:
    return {side // 2}


def _before_middle(side: int) -> Places:
    return {(side - 1) // 2}


def _third(side: int) -> Places:
    return {side // 3}


def _all(side: int) -> Places:
    return set(range(side))


def _support(layers: list[Layer], image: Array, pick: Pick) -> tuple[Places, Places]:
    """Return the rows and the columns that the picked output numbers depend on."""
    rows, columns = (_axis_support(layers, axis, image.shape[1 + axis], pick) for axis in (0, 1))
    return rows, columns


def _axis_support(layers: list[Layer], axis: int, side: int, pick: Pick) -> Places:
    sides = _sides(layers, axis, side)
    seen = pick(sides[-1])
    for layer, below in zip(reversed(layers), reversed(sides[:-1]), strict=True):
        k, s, p = _window(layer, axis)
        reached = {place * s - p + step for place in seen for step in range(k)}
        seen = reached & _all(below)
    return seen


def _sides(layers: list[Layer], axis: int, side: int) -> list[int]:
    """Return the length of the image and of each layer's output on one axis."""
    sides = [side]
    for layer in layers:
        k, s, p = _window(layer, axis)
        sides.append((sides[-1] + 2 * p - k) // s + 1)
    return sides


def _window(layer: Layer, axis: int) -> tuple[int, int, int]:
    """Return kernel, stride and padding of a layer on one axis."""
    if layer["kind"] == "conv":
        return layer["weight"].shape[2 + axis], layer["stride"], layer["padding"]
    return layer["kernel_size"], layer["stride"], 0


def _area(layers: list[Layer], image: Array) -> Plain:
    rows, columns = measured_field(layers, image)
    return rows * columns


def _swapped(layers: list[Layer], image: Array) -> Plain:
    return measured_field(layers, image)[::-1]


def _all_outputs(layers: list[Layer], image: Array) -> Plain:
    return [_span(places) for places in _support(layers, image, _all)]


def _without_one(layers: list[Layer], image: Array) -> Plain:
    return [side - 1 for side in measured_field(layers, image)]


def _gaps_left_out(layers: list[Layer], image: Array) -> Plain:
    return [len(places) for places in _support(layers, image, _middle)]


def _whole_image(layers: list[Layer], image: Array) -> Plain:
    del layers
    return list(image.shape[1:])


def _rows_twice(layers: list[Layer], image: Array) -> Plain:
    return measured_field(layers, image)[:1] * 2


def _case(rng: np.random.Generator) -> Arguments:
    """Draw two or three layers of oblong kernels, and an image large enough for their field."""
    layers: list[Layer] = []
    channels = channels_in = integer(rng, 1, 3)
    for _ in range(integer(rng, 2, 3)):
        if layers and rng.random() < 0.4:
            layers.append({"kind": "avg_pool", "kernel_size": 2, "stride": 2})
            continue
        kernel = (integer(rng, 1, 3), integer(rng, 3, 5))
        width = integer(rng, 1, 2)
        layers.append(_conv(rng, (width, channels, *kernel), stride=integer(rng, 1, 2)))
        channels = width
    image = rng.uniform(0.5, 1.5, size=(channels_in, integer(rng, 38, 42), integer(rng, 90, 96)))
    return {"layers": layers, "image": image}


def _tight_case(rng: np.random.Generator) -> Arguments:
    """Draw two padded layers on an image so small that only the middle has its whole field."""
    layers = [_conv(rng, (1, 1, k, k), padding=k // 2) for k in (2 * integer(rng, 1, 2) + 1, 5)]
    image = rng.uniform(0.5, 1.5, size=(1, integer(rng, 9, 13), integer(rng, 9, 13)))
    return {"layers": layers, "image": image}


def _black_case(rng: np.random.Generator) -> Arguments:
    """Draw two layers whose neurons all see another part of a small image, which is all zeros."""
    kernel = (integer(rng, 2, 4), integer(rng, 2, 4))
    layers = [
        _conv(rng, (1, 1, *kernel), stride=2, padding=1),
        _conv(rng, (1, 1, 3, 3), padding=1),
    ]
    sides = [one_of(rng, (k + 5, integer(rng, 6, 12))) for k in kernel]
    return {"layers": layers, "image": np.zeros((1, *sides))}


def _of_the_middle_alone(a: Arguments) -> bool:
    """Whether the neuron before the middle reaches another number of rows and of columns."""
    before = _support(**a, pick=_before_middle)
    return all(
        _span(some) != right for some, right in zip(before, measured_field(**a), strict=True)
    )


def _of_its_own_axis(a: Arguments) -> bool:
    """Whether the middle of the rows is another place, were it taken among the columns."""
    layers, image = a["layers"], a["image"]
    rows, columns = (_sides(layers, axis, image.shape[1 + axis])[-1] for axis in (0, 1))
    if rows // 2 >= columns:
        return False
    seen = _axis_support(layers, 1, image.shape[2], lambda _: _middle(rows))
    return bool(_span(seen) != measured_field(**a)[1])


def _is_tight(a: Arguments) -> bool:
    """Whether a neuron that is not in the middle reaches fewer rows and columns."""
    middle, third = (_support(**a, pick=pick) for pick in (_middle, _third))
    return all(len(some) < len(most) for some, most in zip(third, middle, strict=True))


def _conv(
    rng: np.random.Generator, shape: tuple[int, ...], *, stride: int = 1, padding: int = 0
) -> Layer:
    return {
        "kind": "conv",
        "weight": rng.uniform(0.5, 1.5, size=shape),
        "bias": np.zeros(shape[0]),
        "stride": stride,
        "padding": padding,
    }


def _grows(a: Arguments) -> bool:
    rows, columns = measured_field(**a)
    return bool(1 < rows != columns)


def _has_gaps(a: Arguments) -> bool:
    return _grows(a) and bool(_gaps_left_out(**a) != measured_field(**a))


def _whole(out: int, channels: int, kh: int, kw: int, *, s: int = 1, p: int = 0) -> Layer:
    """Return a convolution of ones, for the public cases."""
    weight = np.ones((out, channels, kh, kw))
    return {"kind": "conv", "weight": weight, "bias": np.zeros(out), "stride": s, "padding": p}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    return [
        *covering(rng, _case, [_grows, _grows, _grows, _has_gaps]),
        *covering(rng, _tight_case, [_is_tight]),
        *covering(rng, _black_case, [_of_the_middle_alone, _of_its_own_axis]),
    ]


_HALF: Layer = {"kind": "avg_pool", "kernel_size": 2, "stride": 2}

MEASURED_FIELD = Item(
    id="q07.measured_field",
    signature="measured_field(net, image)",
    points=1,
    public=(
        {"layers": [_whole(1, 1, 3, 3)], "image": np.ones((1, 9, 12))},
        {"layers": [_whole(2, 1, 3, 5, p=1), _HALF], "image": np.ones((1, 12, 16))},
        {
            "layers": [_whole(2, 3, 1, 3, s=2), _whole(1, 2, 3, 3)],
            "image": np.ones((3, 12, 20)),
        },
    ),
    hidden=_cases,
    reference=measured_field,
    adapter="measured_field",
    misconceptions=(
        Misconception(
            "area",
            "You counted the pixels. The two sides of the region are asked for.",
            "Which is the first row that matters, and which is the last?",
            _area,
        ),
        Misconception(
            "gaps-left-out",
            "Rows or columns between the first and the last are left out, since a stride skips "
            "them. The field reaches from the first to the last.",
            "Which is the first row that matters, and which is the last?",
            _gaps_left_out,
        ),
        Misconception(
            "swapped",
            "Rows and columns are swapped.",
            "In what order are the axes of a tensor of shape (C, H, W)?",
            _swapped,
        ),
        Misconception(
            "all-outputs",
            "This is what all outputs together depend on. One neuron has a field.",
            "Choose one number of the output before you call backward.",
            _all_outputs,
        ),
        Misconception(
            "without-one",
            "The last pixel is not counted: from 3 to 5 there are three pixels.",
            "How many numbers are there from first to last, both included?",
            _without_one,
        ),
        Misconception(
            "whole-image",
            "This is the size of the image. Most of its gradient is 0.",
            "Where is the gradient different from 0?",
            _whole_image,
        ),
        Misconception(
            "rows-twice",
            "Both numbers count rows. The kernels need not be square.",
            "Count the columns just as you count the rows.",
            _rows_twice,
        ),
    ),
    forbidden=("convbook.shapes",),
)
