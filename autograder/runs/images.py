"""The test images on which weights are measured again.

The stand-in is drawn, wherever the grader runs. CIFAR-10 comes from where CONVBOOK_DATA says; a
part of it is enough, and what a part can tell is worked out in `tolerance`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any

VARIABLE = "CONVBOOK_DATA"  # names where CIFAR-10 lies, as `convbook.data` reads it
MOST = 2000  # images that are measured: one second of one core
SIGMAS = 4.9  # of a normal law: one honest run in a million lies beyond
TIES = 2  # images whose two best scores are so close that machines may differ


@dataclass(frozen=True)
class ImagesAtHand:
    """Test images as plain arrays, and of which training and test images they are a part.

    Attributes:
        n_train: how many training images there are.
        fingerprint: of all training images.
        test_fingerprint: of all test images.
        total: how many test images there are.
        pixels: (n, 3, 32, 32) uint8 of those that are measured.
        labels: (n,) int64.
    """

    n_train: int
    fingerprint: str
    test_fingerprint: str
    total: int
    pixels: Any
    labels: Any


@cache
def at_hand(place: str) -> ImagesAtHand | None:
    """Return a part of the test images of CIFAR-10 at a place; None where there is none.

    Raises:
        DataError: the place holds no such data.
    """
    if not place:
        return None
    import torch

    from convbook.data import cifar10

    data = cifar10(place)
    chosen = torch.randperm(len(data.test), generator=torch.Generator().manual_seed(0))[:MOST]
    return ImagesAtHand(
        len(data.train),
        data.train.fingerprint,
        data.test.fingerprint,
        len(data.test),
        data.test.images[chosen].numpy(),
        data.test.labels[chosen].numpy(),
    )


def place() -> str:
    """Return where the instructor keeps CIFAR-10; empty where nobody said."""
    return os.environ.get(VARIABLE, "")


def unseen_tolerance(accuracy: float, seen: int, unseen: int) -> float:
    """Return how far the accuracies on two sets of images, drawn alike, may lie apart by chance.

    Args:
        accuracy: on both, in [0, 1].
        seen: how many images the one has.
        unseen: how many the other has.
    """
    return SIGMAS * sqrt(accuracy * (1 - accuracy) * (1 / seen + 1 / unseen))


def tolerance(accuracy: float, measured: int, total: int) -> float:
    """Return how far the accuracy on some of the test images may be from that on all of them.

    Of n images drawn without replacement from N, the share that is right has a variance of
    p(1-p)/n · (N-n)/(N-1). Where all of them are measured nothing is left but ties.

    Args:
        accuracy: on all images, in [0, 1].
        measured: how many of them are measured.
        total: how many there are.
    """
    variance = accuracy * (1 - accuracy) / measured * (total - measured) / max(1, total - 1)
    return SIGMAS * sqrt(variance) + TIES / measured
