"""The network of the practical, in each of its steps.

Steps that change only the training (normalisation, momentum, schedule) share their layers with
the step before. "base":

    layer     output     parameters  field
    conv1     32x32x32        2,432      5
    pool1     32x16x16            0      6
    conv2     64x16x16       51,264     14
    pool2     64x8x8              0     16
    conv3     64x8x8        102,464     32
    pool3     64x4x4              0     36
    fc4       1000        1,025,000     60
    fc5       10             10,010     60
    total                 1,191,170

From "augmentation" on, the images are crops of 28x28: 28, 14, 7, then 4 because the last pooling
rounds up, so that the same weights fit both sizes. "batchnorm", the last step:

    layer     output     parameters  field
    conv1     32x28x28        2,432      5
    bn1       32x28x28           64      5
    pool1     32x14x14            0      6
    conv2     64x14x14       51,264     14
    bn2       64x14x14          128     14
    pool2     64x7x7              0     16
    conv3     64x7x7        102,464     32
    bn3       64x7x7            128     32
    pool3     64x4x4              0     36
    fc4       1000        1,025,000     60
    dropout4  1000                0     60
    fc5       10             10,010     60
    total                 1,191,490

A field wider than the image reaches into the padding: fc4 sees all of it.
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import BatchNorm, Conv, Dropout, Flatten, Layer, Linear, Pool, ReLU

CLASSES = 10


def practical_layers(
    *, ceil_mode: bool = False, dropout: float | None = None, batch_norm: bool = False
) -> tuple[Layer, ...]:
    """Return three convolutions of 5x5 with their poolings, then two fully-connected layers.

    Args:
        ceil_mode: round up in the last pooling, for images of 28x28.
        dropout: probability of dropping each of the 1000 features of fc4; None for no dropout.
        batch_norm: normalise after each convolution, before its ReLU.
    """
    layers: list[Layer] = []
    for channels, rounds_up in ((32, False), (64, False), (64, ceil_mode)):
        layers += [Conv(channels, 5, padding=2)]
        layers += [BatchNorm()] if batch_norm else []
        layers += [ReLU(), Pool("max", 2, ceil_mode=rounds_up)]
    layers += [Flatten(), Linear(1000), ReLU()]
    layers += [Dropout(dropout)] if dropout is not None else []
    return (*layers, Linear(CLASSES))


FULL, CROPPED = (3, 32, 32), (3, 28, 28)
BASE = practical_layers()
CEIL = practical_layers(ceil_mode=True)
DROPOUT = practical_layers(ceil_mode=True, dropout=0.5)
BATCH_NORM = practical_layers(ceil_mode=True, dropout=0.5, batch_norm=True)

#: The steps of the practical, in order; each adds its name to the steps before.
PRACTICAL: dict[str, Network] = {
    "base": Network("base", FULL, BASE),
    "normalisation": Network("normalisation", FULL, BASE),
    "augmentation": Network("augmentation", CROPPED, CEIL),
    "momentum": Network("momentum", CROPPED, CEIL),
    "schedule": Network("schedule", CROPPED, CEIL),
    "dropout": Network("dropout", CROPPED, DROPOUT),
    "batchnorm": Network("batchnorm", CROPPED, BATCH_NORM),
}
