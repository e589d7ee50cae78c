"""What torch says: sizes by sliding a real window, receptive fields by real gradients."""

import re

import torch
from torch import nn
from torch.nn import functional as F

from convbook.models import Network, build

LARGE = 192  # pixels; the fields of the tests' stacks stay clear of the borders from its middle


def slide(size, kernel_size, *, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Return the output's size of a real 1-d convolution, or pooling when `ceil_mode`."""
    if ceil_mode:
        pool = nn.MaxPool1d(kernel_size, stride, padding, dilation, ceil_mode=True)
        return pool(torch.zeros(1, 1, size)).shape[-1]
    kernel = torch.zeros(1, 1, kernel_size)
    x = torch.zeros(1, 1, size)
    return F.conv1d(x, kernel, stride=stride, padding=padding, dilation=dilation).shape[-1]


def measured_field(layers, channels=1):
    """Return ((size, jump, start) along H, the same along W), read off the gradients' support.

    Every weight is made positive, so that no path from a pixel to an output can cancel another.
    Use average poolings: a maximum sends its gradient to one pixel only.
    """
    module = positive(build(Network("stack", (channels, LARGE, LARGE), tuple(layers))))
    image = torch.ones(1, channels, LARGE, LARGE, dtype=torch.float64, requires_grad=True)
    maps = module(image)
    middle = [n // 2 for n in maps.shape[2:]]
    here = support(maps, image, middle)
    there = support(maps, image, [i + 1 for i in middle])
    return tuple(
        axis(first, last, after[0], i)
        for (first, last), after, i in zip(here, there, middle, strict=True)
    )


def axis(first, last, first_of_next, i):
    assert first > 0, "the field reaches the border: use a larger image"
    assert last < LARGE - 1, "the field reaches the border: use a larger image"
    jump = first_of_next - first
    return last - first + 1, jump, first - i * jump


def positive(module):
    """Give every weight the same positive value, small enough for the output to stay near 1."""
    module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(1 / parameter[0].numel() if parameter.ndim > 1 else 1)
    return module


def support(maps, image, position):
    """Return (first, last) pixel with a gradient, along H and along W."""
    output = maps[0, :, *position].sum()  # all channels: each branch of a block has its own
    (gradient,) = torch.autograd.grad(output, image, retain_graph=True)
    rows, columns = (gradient[0] != 0).any(dim=0).nonzero(as_tuple=True)
    return (rows.min().item(), rows.max().item()), (columns.min().item(), columns.max().item())


def measured_shapes(module, input_shape):
    """Return the shape that each named child puts out for one image, as it really runs."""
    shapes = {}

    def record(name):
        def hook(_module, _inputs, output):
            shapes[name] = tuple(output.shape[1:])

        return hook

    branches = re.compile(r"(^|\.)(layers|shortcut|branch\d+)$")
    for name, child in module.named_modules():
        if name and not branches.search(name):
            child.register_forward_hook(record(name))
    module.eval()(torch.zeros(1, *input_shape))
    return shapes
