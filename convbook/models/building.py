"""From a network as data to a torch module."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn

from convbook.errors import ShapeError
from convbook.models.network import Network
from convbook.shapes import (
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GlobalPool,
    Layer,
    Layers,
    Linear,
    Parallel,
    Pool,
    ReLU,
    Residual,
    Scale,
    Softmax,
    Tanh,
    named,
    table,
)
from convbook.shapes.integers import pair

Shape = tuple[int, ...]


def build_network(network: Network, *, seed: int | None = None) -> nn.Module:
    """Return the network as a module, with torch's own initial weights.

    Args:
        network: the architecture; its layers must fit together.
        seed: makes the weights; the same seed, the same weights, and the global random state is
            left as it was. None draws them from the global state, as torch does.

    Returns:
        A module (N, C, H, W) -> (N, classes), whose children are named as the rows of the table:
        conv1, relu1, pool1, ....

    Raises:
        ShapeError: the layers do not fit together.
    """
    if seed is None:
        return _stack(network.layers, network.input_shape)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return _stack(network.layers, network.input_shape)


def pool_first(model: nn.Module) -> nn.Module:
    """Return the same function with each ReLU after the max pooling that follows it.

    The maximum of rectified values is the rectified maximum, and the ReLU then runs over a quarter
    of the values. Outputs and gradients are equal to the bit; a test holds them to that. The
    modules are `model`'s own, under their names; `model` keeps its order.

    Args:
        model: a stack as `build_network` makes it; any other module is returned as it is.
    """
    if type(model) is not nn.Sequential:
        return model
    children = list(model.named_children())
    for i, (relu, pool) in enumerate(pairwise(module for _, module in children)):
        if isinstance(relu, nn.ReLU) and isinstance(pool, nn.MaxPool2d):
            children[i : i + 2] = children[i + 1], children[i]
    return nn.Sequential(OrderedDict(children))


class Sum(nn.Module):
    """layers(x) + shortcut(x), x (N, C, H, W)."""

    def __init__(self, layers: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both branches, (N, C', H', W')."""
        y: Tensor = self.layers(x) + self.shortcut(x)
        return y


class Concat(nn.Module):
    """Every branch on x (N, C, H, W), channels side by side."""

    def __init__(self, branches: list[nn.Sequential]) -> None:
        super().__init__()
        for number, branch in enumerate(branches, 1):
            self.add_module(f"branch{number}", branch)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' channels one after the other, (N, sum of C', H', W')."""
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class GlobalMaxPool(nn.Module):
    """The largest value of each channel, (N, C, H, W) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum over H and W."""
        return x.amax(dim=(2, 3))


class GlobalAvgPool(nn.Module):
    """The mean of each channel, (N, C, H, W) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over H and W."""
        return x.mean(dim=(2, 3))


class Times(nn.Module):
    """factor · x, any shape."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Return each value times the factor."""
        return x * self.factor


class FastDropout(nn.Dropout):
    """`nn.Dropout` with other random numbers, which take a third of the time on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, any shape; while training, each value is 0 with probability `p`."""
        if not self.training or x.device.type != "cpu" or self.p == 1:
            return super().forward(x)
        kept = torch.rand(x.shape) >= self.p
        return x * kept * (1 / (1 - self.p))


def _stack(layers: Layers, shape: Shape) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for name, layer in named(layers):
        modules[name] = _module(layer, shape)
        shape = table([layer], shape)[-1].output_shape
    return nn.Sequential(modules)


def _module(layer: Layer, shape: Shape) -> nn.Module:
    match layer:
        case Conv():
            return nn.Conv2d(
                shape[0],
                layer.channels,
                pair(layer.kernel_size, "kernel_size"),
                stride=pair(layer.stride, "stride"),
                padding=pair(layer.padding, "padding", at_least=0),
                dilation=pair(layer.dilation, "dilation"),
                groups=layer.groups,
                bias=layer.bias,
            )
        case Pool():
            pool = nn.MaxPool2d if layer.kind == "max" else nn.AvgPool2d
            return pool(
                pair(layer.kernel_size, "kernel_size"),
                stride=layer.steps,
                padding=pair(layer.padding, "padding", at_least=0),
                ceil_mode=layer.ceil_mode,
            )
        case Linear():
            return nn.Linear(shape[0], layer.features, bias=layer.bias)
        case BatchNorm():
            return nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.BatchNorm1d(shape[0])
        case GlobalPool():
            return GlobalMaxPool() if layer.kind == "max" else GlobalAvgPool()
        case Residual():
            return Sum(_stack(layer.layers, shape), _stack(layer.shortcut, shape))
        case Parallel():
            return Concat([_stack(branch, shape) for branch in layer.branches])
        case Dropout():
            return FastDropout(layer.p)
        case ReLU():
            return nn.ReLU()
        case Scale():
            return Times(layer.factor)
        case Tanh():
            return nn.Tanh()
        case Softmax():
            return nn.Softmax(dim=1)
        case Flatten():
            return nn.Flatten()
    raise ShapeError(
        "Building a network.",
        got=repr(layer),
        rule="each layer is one of convbook.shapes: Conv, Pool, ReLU, Linear, ...",
        next_step="use these layers, or write the module in torch",
    )
