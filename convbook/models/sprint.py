"""A small network for a short training, in the spirit of the CIFAR-10 speed records.

Its shape follows Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (2024,
arXiv:2404.00498), which grew out of the residual network of Page's posts "How to train your
ResNet" (2018) for the DAWNBench competition. A first convolution of 2x2 whose filters are computed
from the images instead of learned (`Config.whiten`), then three blocks of two 3x3 convolutions.
The first of a block is pooled before it is normalised, so that all that follows runs on a quarter
of the values. Simpler than the original: ReLU instead of GELU, batch norm with its weights, torch's
own initial weights, one learning rate for all of them.

    layer     output     parameters  field
    conv1     24x31x31          288      2
    conv2     64x31x31       13,824      4
    pool2     64x15x15            0      5
    bn2       64x15x15          128      5
    conv3     64x15x15       36,864      9
    bn3       64x15x15          128      9
    conv4     256x15x15     147,456     13
    pool4     256x7x7             0     15
    bn4       256x7x7           512     15
    conv5     256x7x7       589,824     23
    bn5       256x7x7           512     23
    conv6     256x7x7       589,824     31
    pool6     256x3x3             0     35
    bn6       256x3x3           512     35
    conv7     256x3x3       589,824     51
    bn7       256x3x3           512     51
    pool7     256                 0     67
    fc8       10              2,570     67
    total                 1,972,778
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import BatchNorm, Conv, GlobalPool, Layer, Linear, Pool, ReLU, Scale

# A patch of 2x2 pixels in 3 channels has 12 directions; a filter and its negative for each.
WHITE = 24
# Maxima of normalised maps are large; scaled by this, the untrained network guesses evenly.
CALM = 1 / 9
WIDTHS = (64, 256, 256)


def sprint_layers(widths: tuple[int, ...] = WIDTHS, *, classes: int = 10) -> tuple[Layer, ...]:
    """Return a first convolution to be whitened, then a block of two convolutions a width."""
    layers: list[Layer] = [Conv(WHITE, 2, bias=False), ReLU()]
    for width in widths:
        layers += [Conv(width, 3, padding=1, bias=False), Pool("max", 2), BatchNorm(), ReLU()]
        layers += [Conv(width, 3, padding=1, bias=False), BatchNorm(), ReLU()]
    return (*layers, GlobalPool("max"), Scale(CALM), Linear(classes))


SPRINT = Network("sprint", (3, 32, 32), sprint_layers())
