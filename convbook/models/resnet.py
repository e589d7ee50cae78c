"""ResNet for small images, of 20 layers with weights on the main path.

After He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (CVPR 2016),
section 4.2, with n = 3 blocks a stage. Where a stage halves the map, its shortcut is a 1x1
convolution (their option B; their CIFAR-10 networks pad the channels with zeros, which saves
2,752 parameters: 269,722, their table's 0.27 million).

    layer     output     parameters  field
    conv1     16x32x32          432      3
    bn1       16x32x32           32      3
    res2      16x32x32        4,672      7
    res3      16x32x32        4,672     11
    res4      16x32x32        4,672     15
    res5      32x16x16       14,528     21
    res6      32x16x16       18,560     29
    res7      32x16x16       18,560     37
    res8      64x8x8         57,728     49
    res9      64x8x8         73,984     65
    res10     64x8x8         73,984     81
    pool10    64                  0    109
    fc11      10                650    109
    total                   272,474
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import BatchNorm, Conv, GlobalAvgPool, Layer, Linear, ReLU, Residual


def residual_block(channels: int, *, stride: int = 1) -> Residual:
    """Return two normalised 3x3 convolutions beside a shortcut.

    Args:
        channels: of both convolutions, and of the output.
        stride: of the first convolution. 1: the identity is the shortcut, so the input must
            have these channels already; 2 halves the map, and a 1x1 convolution is the shortcut.
    """
    layers = (
        Conv(channels, 3, stride=stride, padding=1, bias=False),
        BatchNorm(),
        ReLU(),
        Conv(channels, 3, padding=1, bias=False),
        BatchNorm(),
    )
    if stride == 1:
        return Residual(layers)
    return Residual(layers, (Conv(channels, 1, stride=stride, bias=False), BatchNorm()))


def resnet_layers(
    blocks: int, channels: tuple[int, ...] = (16, 32, 64), *, classes: int = 10
) -> tuple[Layer, ...]:
    """Return a ResNet with `blocks` residual blocks for each entry of `channels`."""
    layers: list[Layer] = [Conv(channels[0], 3, padding=1, bias=False), BatchNorm(), ReLU()]
    for stage, width in enumerate(channels):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers += [residual_block(width, stride=stride), ReLU()]
    return (*layers, GlobalAvgPool(), Linear(classes))


RESNET_SMALL = Network("resnet_small", (3, 32, 32), resnet_layers(3))
