"""Images for the notebooks: CIFAR-10 or its stand-in, split, batched, augmented."""

from convbook.data.augment import (
    Augmentation,
    centre_crop,
    compose,
    grey,
    random_crop,
    random_flip,
    reflect,
)
from convbook.data.batches import batches
from convbook.data.images import CIFAR10_CLASSES, Dataset, Images, fingerprint
from convbook.data.sources import cifar10, standin
from convbook.data.splits import Splits, selection_loader, splits
from convbook.data.statistics import (
    PIXEL_MEAN,
    PIXEL_STD,
    SHEET_MEAN,
    SHEET_STD,
    channel_statistics,
)

__all__ = [
    "CIFAR10_CLASSES",
    "PIXEL_MEAN",
    "PIXEL_STD",
    "SHEET_MEAN",
    "SHEET_STD",
    "Augmentation",
    "Dataset",
    "Images",
    "Splits",
    "batches",
    "centre_crop",
    "channel_statistics",
    "cifar10",
    "compose",
    "fingerprint",
    "grey",
    "random_crop",
    "random_flip",
    "reflect",
    "selection_loader",
    "splits",
    "standin",
]
