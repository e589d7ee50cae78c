"""Build a stack of windows and see what one unit sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import traitlets

from convbook.errors import ShapeError
from convbook.models import PRACTICAL, VGG_SMALL, Network
from convbook.shapes import Conv, Field, Layer, Pool, receptive_field
from convbook.shapes.integers import pair
from convbook.widgets.base import Widget, source, styles

LAYERS = 8  # layers that can be drawn one above the other
LIMITS = {"kernel_size": (1, 11), "stride": (1, 4), "padding": (0, 8), "dilation": (1, 8)}
Window = dict[str, int]


def _window(kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
    return {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
    }


def windows(layers: Iterable[Layer]) -> list[Window]:
    """Return the convolutions and poolings of a network as square windows, up to what is drawn.

    Raises:
        ShapeError: a window is not square.
    """
    found = []
    for layer in layers:
        if isinstance(layer, Conv):
            steps, dilation = pair(layer.stride, "stride"), pair(layer.dilation, "dilation")
        elif isinstance(layer, Pool):
            steps, dilation = layer.steps, (1, 1)
        else:
            continue
        kernel = pair(layer.kernel_size, "kernel_size")
        padding = pair(layer.padding, "padding", at_least=0)
        if any(height != width for height, width in (kernel, steps, padding, dilation)):
            raise ShapeError(
                "Showing the field of a network.",
                got=repr(layer),
                rule="the widget draws square windows, the same along both axes",
                next_step="use convbook.shapes.receptive_field for rectangular ones",
            )
        found.append(_window(kernel[0], steps[0], padding[0], dilation[0]))
    return found[:LAYERS]


PRESETS = {
    "three": [_window(3), _window(3), _window(3)],
    "dilated": [_window(3), _window(3, dilation=2), _window(3, dilation=4)],
    "strided": [_window(3, stride=2, padding=1) for _ in range(3)],
    "practical": windows(PRACTICAL["base"].layers),
    "vgg": windows(VGG_SMALL.layers),
}


class FieldBuilder(Widget):
    """A stack of windows over an image: what one unit sees, and how strongly.

    Shapes:
        size: the image is (size, size) pixels.
        layers: at most 8 dicts {"kernel_size", "stride", "padding", "dilation"}, square windows.
        paths: of unit (row, column) of layer `layer`, (size, size): the number of ways through
            the stack from each pixel to the unit, which is its gradient when all weights are 1.

    `layer` counts from 1; 0 is the image itself, -1 the last one. `row` or `column` -1 is the
    middle.
    """

    stem: ClassVar[str] = "field_builder"
    _esm = source(stem)
    _css = styles(stem)

    size = traitlets.Int(32, min=1, max=64).tag(sync=True)
    layers = traitlets.List(traitlets.Dict(), maxlen=LAYERS).tag(sync=True)
    layer = traitlets.Int(-1, min=-1).tag(sync=True)
    row = traitlets.Int(-1, min=-1).tag(sync=True)
    column = traitlets.Int(-1, min=-1).tag(sync=True)
    view = traitlets.Enum(["paths", "field"], "paths").tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)

    def __init__(self, layers: Iterable[Mapping[str, int]] | None = None, **state: Any) -> None:
        stack = PRESETS["practical"] if layers is None else [_checked(layer) for layer in layers]
        super().__init__(**{"layers": stack, "presets": PRESETS, **state})

    @classmethod
    def from_network(cls, network: Network, **state: Any) -> FieldBuilder:
        """Return the widget on the first windows of a network of `convbook.models`."""
        return cls(**{"layers": windows(network.layers), "size": network.input_shape[1], **state})

    @property
    def field(self) -> Field:
        """The field of one output of the chosen layer."""
        depth = len(self.layers) if self.layer < 0 else self.layer
        stack = [_checked(layer) for layer in self.layers[:depth]]
        return receptive_field(
            [Conv(1, w["kernel_size"], w["stride"], w["padding"], w["dilation"]) for w in stack]
        )


def _checked(layer: Mapping[str, int]) -> Window:
    """Return one window with all its numbers.

    Raises:
        ShapeError: unknown keys, or numbers that cannot be drawn.
    """
    known = isinstance(layer, Mapping) and set(layer) <= set(LIMITS) and "kernel_size" in layer
    window = _window(**layer) if known else {}
    for key, (low, high) in LIMITS.items():
        value = window.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            limits = ", ".join(f"{name} {a} to {b}" for name, (a, b) in LIMITS.items())
            raise ShapeError(
                "Stacking a layer.",
                got=repr(layer),
                rule=f"whole numbers: {limits}",
                next_step='write it like {"kernel_size": 3, "stride": 2, "padding": 1}',
            )
    return window
