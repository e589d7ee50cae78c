"""A network as data: a name, the images it takes, its layers."""

from __future__ import annotations

from dataclasses import dataclass

from convbook.shapes import Layer, Table, table


@dataclass(frozen=True)
class Network:
    """An architecture, without weights.

    Attributes:
        name: what `build` and a run record call it.
        input_shape: (C, H, W) of one image.
        layers: from the image to the logits, one for each class.
    """

    name: str
    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def table(self) -> Table:
        """Return its layers one by one: sizes, parameters, operations, receptive fields."""
        return table(self.layers, self.input_shape)
