"""Images in batches: shuffled, augmented and normalised, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from convbook.data.augment import Augmentation
from convbook.data.images import Images
from convbook.data.random import Stream
from convbook.errors import DataError

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]  # (mean, std), a number a channel


def batches(
    data: Images,
    batch_size: int,
    *,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = True,
    augment: Augmentation | None = None,
    normalise: Normalisation | None = None,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield every image once, in batches; the last one holds what remains.

    Order and augmentation depend on (seed, epoch) and on nothing else, so that a run resumed at
    epoch 7 sees what it would have seen without the interruption.

    Args:
        data: the images.
        batch_size: images a batch, 1 or more.
        seed: names the run.
        epoch: names the pass over the data.
        shuffle: False for the order of `data`.
        augment: applied to each uint8 batch, see `convbook.data.augment`.
        normalise: (mean, std) of each channel on the scale from 0 to 1, or None to leave the
            pixels on that scale.
        device: where the batches are wanted. When `data` is there already, nothing is copied.

    Yields:
        x (n, C, H, W) float32 and y (n,) int64; C is 3, unless `augment` changes it.

    Raises:
        DataError: when batch_size is below 1.
    """
    if batch_size < 1:
        raise DataError(
            "Cutting images into batches.",
            got=f"batch_size = {batch_size}",
            rule="a batch has 1 image or more",
            next_step="128 is the practical's size",
        )
    return _batches(data, batch_size, seed, epoch, shuffle, augment, normalise, device)


def _batches(
    data: Images,
    batch_size: int,
    seed: int,
    epoch: int,
    shuffle: bool,
    augment: Augmentation | None,
    normalise: Normalisation | None,
    device: str | torch.device,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    stream = Stream(seed, epoch)
    numbers = stream.permutation(len(data)) if shuffle else np.arange(len(data))
    order = torch.from_numpy(numbers).to(data.images.device)
    generator = torch.Generator().manual_seed(int(stream.integers(2**31 - 1, (1,))[0]))
    scale, shift = affine(normalise, device)
    for start in range(0, len(data), batch_size):
        chosen = order[start : start + batch_size]
        images = data.images[chosen].to(device)  # (n, 3, H, W) uint8
        if augment is not None:
            images = augment(images, generator)
        yield images.float() * scale - shift, data.labels[chosen].to(device)


def affine(
    normalise: Normalisation | None, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scale and shift, (C, 1, 1) each: x * scale - shift is (x / 255 - mean) / std."""
    mean, std = normalise or ((0.0,), (1.0,))
    means, stds = (torch.tensor(v, device=device).view(-1, 1, 1) for v in (mean, std))
    return 1 / (255 * stds), means / stds
