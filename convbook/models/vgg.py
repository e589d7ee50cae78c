"""VGG for small images: 3x3 convolutions in pairs, the channels doubled when the map is halved.

The idea is that of Simonyan and Zisserman, "Very deep convolutional networks for large-scale
image recognition" (ICLR 2015), section 2; the depth and the channels are ours, for 32x32.

    layer     output     parameters  field
    conv1     32x32x32          896      3
    conv2     32x32x32        9,248      5
    pool2     32x16x16            0      6
    conv3     64x16x16       18,496     10
    conv4     64x16x16       36,928     14
    pool4     64x8x8              0     16
    conv5     128x8x8        73,856     24
    conv6     128x8x8       147,584     32
    pool6     128x4x4             0     36
    fc7       256           524,544     60
    fc8       10              2,570     60
    total                   814,122
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import Conv, Dropout, Flatten, Layer, Linear, Pool, ReLU

#: Output channels of the convolutions, stage by stage; a pooling ends each stage.
STAGES = ((32, 32), (64, 64), (128, 128))


def vgg_layers(
    stages: tuple[tuple[int, ...], ...], *, features: int = 256, classes: int = 10
) -> tuple[Layer, ...]:
    """Return the layers of a VGG with these stages of 3x3 convolutions and one hidden layer."""
    layers: list[Layer] = []
    for stage in stages:
        for channels in stage:
            layers += [Conv(channels, 3, padding=1), ReLU()]
        layers += [Pool("max", 2)]
    return (*layers, Flatten(), Linear(features), ReLU(), Dropout(0.5), Linear(classes))


VGG_SMALL = Network("vgg_small", (3, 32, 32), vgg_layers(STAGES))
