"""Means and standard deviations of the colour channels, on the scale from 0 to 1.

Two pairs are in use for CIFAR-10, and they are not the same quantity:

- `SHEET_MEAN`, `SHEET_STD`: the values that the practical's sheet gives. Its standard deviations
  are *not* those of the training pixels: they are the mean of each image's own deviation.
- `PIXEL_MEAN`, `PIXEL_STD`: over all pixels of all training images, what `channel_statistics`
  returns for the training set.
"""

from __future__ import annotations

import torch

Channels = tuple[float, float, float]

SHEET_MEAN: Channels = (0.491, 0.482, 0.447)
SHEET_STD: Channels = (0.202, 0.199, 0.201)
PIXEL_MEAN: Channels = (0.4914, 0.4822, 0.4465)
PIXEL_STD: Channels = (0.2470, 0.2435, 0.2616)


def channel_statistics(images: torch.Tensor) -> tuple[Channels, Channels]:
    """Return the mean and the standard deviation of each channel over all pixels.

    Args:
        images: (N, 3, H, W) uint8. Give the training images only: test pixels must not leak.

    Returns:
        (mean, std), three numbers each, on the scale from 0 to 1; the deviation is that of the
        population (divided by the number of pixels).
    """
    means, deviations = [], []
    values = torch.arange(256, dtype=torch.float64) / 255
    for channel in images.unbind(1):
        # 256 possible values: the histogram holds all there is to know, exactly.
        counts = torch.bincount(channel.flatten(), minlength=256).cpu().double()
        mean = (counts @ values) / counts.sum()
        means.append(float(mean))
        deviations.append(float((counts @ (values - mean) ** 2 / counts.sum()).sqrt()))
    return (means[0], means[1], means[2]), (deviations[0], deviations[1], deviations[2])
