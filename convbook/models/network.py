"""A network as data: a name, the images it takes, its layers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from convbook.errors import ShapeError
from convbook.shapes import Dropout, Layer, Table, table


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

    def with_dropout(self, p: float) -> Network:
        """Return the same network with probability `p` in its dropout layers.

        Raises:
            ShapeError: it has no dropout layer, or `p` is no probability.
        """
        if not any(isinstance(layer, Dropout) for layer in self.layers):
            raise ShapeError(
                f"Setting the dropout of the network {self.name!r}.",
                got=f"p={p!r}, and no dropout among its layers",
                rule="the network has a dropout layer",
                next_step='choose one that has, such as "dropout" or "batchnorm"',
            )
        layers = (
            replace(layer, p=p) if isinstance(layer, Dropout) else layer for layer in self.layers
        )
        return replace(self, layers=tuple(layers))
