"""The network of the practical, in each of its steps.

Steps that change only the training (normalisation, momentum, schedule) share their layers with
the step before. Augmentation crops the images to 28x28: 28, 14, 7, then 4 only if the last
pooling rounds up; so the same weights fit both.
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
