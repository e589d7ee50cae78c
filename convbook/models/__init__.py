"""Networks as data, and `build`, which makes a torch module of one."""

from __future__ import annotations

from torch import nn

from convbook.errors import ShapeError
from convbook.models.building import build_network
from convbook.models.network import Network
from convbook.models.practical import PRACTICAL, practical_layers

__all__ = ["NETWORKS", "PRACTICAL", "Network", "build", "practical_layers"]

#: Every network that `build` knows by name.
NETWORKS: dict[str, Network] = {**PRACTICAL}


def build(network: Network | str, *, seed: int | None = None) -> nn.Module:
    """Return a network as a torch module: images (N, C, H, W) in, logits (N, classes) out.

    Args:
        network: a `Network`, or a name in `NETWORKS`: "base", "batchnorm", ....
        seed: makes the weights, without touching the global random state; None draws them
            from it.

    Raises:
        ShapeError: an unknown name, or layers that do not fit together.
    """
    if isinstance(network, Network):
        return build_network(network, seed=seed)
    if network not in NETWORKS:
        raise ShapeError(
            "Building a network by its name.",
            got=repr(network),
            rule=f"the names are {', '.join(NETWORKS)}",
            next_step="choose one of them, or write a Network",
        )
    return build_network(NETWORKS[network], seed=seed)
