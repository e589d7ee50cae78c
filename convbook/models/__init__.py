"""Networks as data, and `build`, which makes a torch module of one.

- `practical`: `PRACTICAL`, the network of the practical in each of its steps
- `lenet`, `basic_cnn`, `vgg`, `resnet`: `LENET5`, `BASIC_CNN`, `VGG_SMALL`, `RESNET_SMALL`
- `sprint`: `SPRINT`, a small network for a short training
- `network`: `Network`; `building`: from data to modules, and a faster order of them
"""

from __future__ import annotations

from torch import nn

from convbook.errors import ShapeError
from convbook.models.basic_cnn import BASIC_CNN
from convbook.models.building import build_network, pool_first
from convbook.models.lenet import LENET5
from convbook.models.network import Network
from convbook.models.practical import PRACTICAL, practical_layers
from convbook.models.resnet import RESNET_SMALL, residual_block, resnet_layers
from convbook.models.sprint import SPRINT, sprint_layers
from convbook.models.vgg import VGG_SMALL, vgg_layers

__all__ = [
    "BASIC_CNN",
    "LENET5",
    "NETWORKS",
    "PRACTICAL",
    "RESNET_SMALL",
    "SPRINT",
    "VGG_SMALL",
    "Network",
    "build",
    "named_network",
    "pool_first",
    "practical_layers",
    "residual_block",
    "resnet_layers",
    "sprint_layers",
    "vgg_layers",
]

#: Every network that `build` knows by name.
NETWORKS: dict[str, Network] = {
    **PRACTICAL,
    **{network.name: network for network in (LENET5, BASIC_CNN, VGG_SMALL, RESNET_SMALL, SPRINT)},
}


def build(network: Network | str, *, seed: int | None = None) -> nn.Module:
    """Return a network as a torch module: images (N, C, H, W) in, logits (N, classes) out.

    Args:
        network: a `Network`, or a name in `NETWORKS`: "base", "batchnorm", ....
        seed: makes the weights, without touching the global random state; None draws them
            from it.

    Raises:
        ShapeError: an unknown name, or layers that do not fit together.
    """
    if not isinstance(network, Network):
        network = named_network(network)
    return build_network(network, seed=seed)


def named_network(name: str) -> Network:
    """Return the network of a name in `NETWORKS`.

    Raises:
        ShapeError: an unknown name.
    """
    if name not in NETWORKS:
        raise ShapeError(
            "Building a network by its name.",
            got=repr(name),
            rule=f"the names are {', '.join(NETWORKS)}",
            next_step="choose one of them, or write a Network",
        )
    return NETWORKS[name]
