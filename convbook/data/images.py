"""Images with their labels, and the two parts of a data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import torch

from convbook.errors import DataError

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
ROLES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images, all of one size, as two tensors.

    Attributes:
        images: (N, 3, H, W) uint8, red, green, blue from 0 to 255.
        labels: (N,) int64, positions in `classes`.
        classes: the name of each label.
        source: where the images come from, in words for a reader.
        fingerprint: the first 16 hex digits of the SHA-256 of pixels and labels.
        role: "train", "validation" or "test": what the images may be used for.

    Raises:
        DataError: when shapes, types or labels do not fit together.
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]
    source: str = "given tensors"
    fingerprint: str = ""
    role: str = "train"

    def __post_init__(self) -> None:
        _check(self)
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.images, self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        shape = tuple(self.images.shape)
        return f"Images({self.role} {shape}, {self.source!r}, fingerprint {self.fingerprint})"

    def to(self, device: str | torch.device) -> Images:
        """Return the same images with both tensors on `device`."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def subset(self, indices: torch.Tensor, *, role: str | None = None) -> Images:
        """Return the images at `indices` (int64), in that order, with a fingerprint of their own.

        A training image may become a validation image; a test image stays a test image.
        """
        if self.role == "test" and role not in (None, "test"):
            raise DataError(
                f"Making {role} images out of test images.",
                rule="test images are for the last measurement only: they keep their role",
                next_step="take the images from the training set (see splits)",
            )
        return replace(
            self,
            images=self.images[indices],
            labels=self.labels[indices],
            fingerprint="",
            role=role or self.role,
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training set and a test set of the same classes."""

    train: Images
    test: Images

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each label."""
        return self.train.classes

    @property
    def source(self) -> str:
        """Where the images come from, in words for a reader."""
        return self.train.source

    def to(self, device: str | torch.device) -> Dataset:
        """Return the same images, all on `device`."""
        return Dataset(self.train.to(device), self.test.to(device))


def fingerprint(images: torch.Tensor, labels: torch.Tensor) -> str:
    """Return the first 16 hex digits of the SHA-256 of the pixels, then the labels.

    The same images in the same order have the same fingerprint on any machine.
    """
    digest = hashlib.sha256()
    digest.update(images.cpu().contiguous().numpy().data)
    digest.update(labels.cpu().contiguous().numpy().astype("<i8", copy=False).data)
    return digest.hexdigest()[:16]


def _check(data: Images) -> None:
    """Raise DataError unless the tensors of `data` belong together."""
    images, labels = data.images, data.labels
    asked = f"Putting {data.role} images and labels together."
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise DataError(
            asked,
            got=f"images {tuple(images.shape)} {images.dtype}",
            rule="images are a uint8 tensor of shape (N, 3, H, W)",
            next_step="stack the images on the first axis, channels second, before any scaling",
        )
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise DataError(
            asked,
            got=f"labels {tuple(labels.shape)} {labels.dtype} for {len(images)} images",
            rule="labels are an int64 tensor of shape (N,)",
            next_step="give one whole number an image",
        )
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(data.classes):
        raise DataError(
            asked,
            got=f"labels from {int(labels.min())} to {int(labels.max())}",
            rule=f"labels are positions in the {len(data.classes)} classes",
            next_step="number the classes from 0",
        )
    if data.role not in ROLES:
        raise DataError(asked, got=f"role {data.role!r}", rule=f"a role is one of {ROLES}")
