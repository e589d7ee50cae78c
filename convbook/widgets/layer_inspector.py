"""A network layer by layer: sizes, parameters, operations, and where it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import traitlets

from convbook.errors import ShapeError
from convbook.models import LENET5, PRACTICAL, Network
from convbook.shapes import Conv, Dropout, Flatten, Layer, Linear, Pool, ReLU, Table, table
from convbook.widgets.base import Widget, source, styles
from convbook.widgets.layers import from_dicts, to_dicts


def _vgg16() -> Network:
    """Return configuration D of Simonyan and Zisserman (2014), table 1: 138,357,544 parameters."""
    layers: list[Layer] = []
    for channels, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [Conv(channels, 3, padding=1), ReLU()] * depth + [Pool("max", 2)]
    layers += [Flatten()] + [Linear(4096), ReLU(), Dropout(0.5)] * 2 + [Linear(1000)]
    return Network("vgg16", (3, 224, 224), tuple(layers))


VGG16 = _vgg16()
PRESETS = {"practical": PRACTICAL["base"], "lenet5": LENET5, "vgg16": VGG16}


def _state(network: Network) -> dict[str, Any]:
    return {"input_shape": list(network.input_shape), "layers": to_dicts(network.layers)}


class LayerInspector(Widget):
    """A network as blocks and as a table, whose every number can be changed.

    Shapes:
        input_shape: (C, H, W) of one image.
        built_for: the (C, H, W) for which the weights were made, or None. With it, a layer
            whose number of weights depends on the image fails on another size, as a trained
            network does; without, every layer is made anew for the size at hand.

    `layers` are the layers of `convbook.shapes`, or dicts `{"type": "Conv", "channels": 32, ...}`
    with the same names. `presets` maps a name to {"input_shape", "layers"}; its words are
    the text `preset_NAME`. `selected` is the index of the layer being edited, or -1.
    """

    stem: ClassVar[str] = "layer_inspector"
    _esm = source(stem)
    _css = styles(stem)

    input_shape = traitlets.List(traitlets.Int(min=1), minlen=3, maxlen=3).tag(sync=True)
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    built_for = traitlets.List(
        traitlets.Int(min=1), default_value=None, allow_none=True, minlen=3, maxlen=3
    ).tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(-1, min=-1).tag(sync=True)

    def __init__(self, layers: Sequence[Any] | None = None, **state: Any) -> None:
        start = _state(PRESETS["practical"])
        if layers is not None:
            start["layers"] = to_dicts(layers)
            if "input_shape" not in state:
                raise ShapeError(
                    "Showing layers.",
                    got="layers without input_shape",
                    rule="sizes follow from the image's",
                    next_step="give input_shape=[C, H, W]",
                )
        presets = {name: _state(network) for name, network in PRESETS.items()}
        super().__init__(**{**start, "presets": presets, "built_for": None, **state})
        from_dicts(self.layers)

    @classmethod
    def from_network(cls, network: Network, **state: Any) -> LayerInspector:
        """Return the inspector of a network of `convbook.models`."""
        return cls(**{**_state(network), **state})

    @property
    def table(self) -> Table:
        """The rows of the network as it stands in the widget.

        Raises:
            ShapeError: its layers do not fit together at this input_shape.
        """
        C, H, W = self.input_shape
        return table(from_dicts(self.layers), (C, H, W))
