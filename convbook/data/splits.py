"""Training and validation images, and the loader that never shows a test image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from convbook.data.augment import Augmentation
from convbook.data.batches import Normalisation, batches
from convbook.data.images import Images
from convbook.data.random import Stream
from convbook.errors import DataError


@dataclass(frozen=True)
class Splits:
    """Two disjoint parts of a training set."""

    train: Images
    validation: Images


def splits(train: Images, validation_fraction: float = 0.1, seed: int = 0) -> Splits:
    """Split a training set: the same fraction of every class, chosen by `seed`.

    Args:
        train: the training images; test images are refused.
        validation_fraction: between 0 and 1; of each class, that part, rounded, is held out.
        seed: names the choice.

    Raises:
        DataError: for test images, and for a fraction that leaves a side without images.
    """
    _refuse_test(train, "Splitting images into training and validation.")
    stream = Stream(seed)
    held_out = torch.zeros(len(train), dtype=torch.bool)
    for label in range(len(train.classes)):
        where = torch.nonzero(train.labels == label).flatten()
        chosen = stream.permutation(len(where))[: round(len(where) * validation_fraction)]
        held_out[where[torch.from_numpy(chosen)]] = True
    n = int(held_out.sum())
    if not 0 < validation_fraction < 1 or not 0 < n < len(train):
        raise DataError(
            "Splitting images into training and validation.",
            got=f"{len(train)} images, validation_fraction = {validation_fraction}",
            rule="a fraction between 0 and 1 that leaves images on both sides",
            next_step="0.1 holds out one image in ten",
        )
    return Splits(
        train.subset(torch.nonzero(~held_out).flatten()),
        train.subset(torch.nonzero(held_out).flatten(), role="validation"),
    )


def selection_loader(
    data: Images,
    batch_size: int = 1000,
    *,
    augment: Augmentation | None = None,
    normalise: Normalisation | None = None,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches, in order, for choosing between models: test images are refused.

    A choice made on the test set makes its accuracy an optimistic one: the model was picked for
    being lucky there.

    Raises:
        DataError: when `data` are test images.
    """
    _refuse_test(data, "Loading images to choose between models.")
    return batches(
        data, batch_size, shuffle=False, augment=augment, normalise=normalise, device=device
    )


def _refuse_test(data: Images, asked: str) -> None:
    if data.role == "test":
        raise DataError(
            asked,
            got=f"{len(data)} test images",
            rule="a model is chosen on validation images; the test set is for the last measurement",
            next_step="hold out part of the training set: splits(dataset.train).validation",
        )
