"""Augmentations of a whole batch at once: uint8 in, uint8 out, random numbers from a generator.

Each function maps (images, generator) to images, so a list of them is a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from convbook.errors import DataError

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


def random_crop(size: int) -> Augmentation:
    """Return the augmentation that cuts a `size` x `size` window at a random place of each image.

    Maps (N, C, H, W) to (N, C, size, size), without padding.

    Raises:
        DataError: when called with images smaller than the window.
    """

    def crop(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        n, _, height, width = images.shape
        _check_window(size, height, width)
        top = torch.randint(height - size + 1, (n,), generator=generator)
        left = torch.randint(width - size + 1, (n,), generator=generator)
        return _windows(images, top.to(images.device), left.to(images.device), size)

    return crop


def random_flip(p: float = 0.5) -> Augmentation:
    """Return the augmentation that mirrors each image left to right with probability `p`."""
    if not 0 <= p <= 1:
        raise DataError(
            "Making a random flip.",
            got=f"p = {p}",
            rule="p is a probability, from 0 to 1",
            next_step="0.5 mirrors half of the images",
        )

    def flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        mirrored = torch.rand(len(images), generator=generator) < p  # (N,)
        return torch.where(
            mirrored.to(images.device).view(-1, 1, 1, 1), images.flip(3), images
        )  # (N, C, H, W)

    return flip


def reflect(width: int) -> Augmentation:
    """Return the augmentation that adds a border of `width` pixels, mirrored at each edge.

    Maps (N, C, H, W) to (N, C, H + 2 width, W + 2 width). Before a random crop of the old size it
    makes a shift by up to `width` pixels. Nothing about it is random.

    Raises:
        DataError: when called with images that are not larger than the border is wide.
    """

    def pad(images: torch.Tensor, _: torch.Generator | None = None) -> torch.Tensor:
        rows, columns = images.shape[-2:]
        if not 0 <= width < min(rows, columns):
            raise DataError(
                "Mirroring the edges of a batch of images.",
                got=f"a border of {width} and images of {rows}x{columns} pixels",
                rule="the border is narrower than the image",
                next_step=f"choose a width from 0 to {min(rows, columns) - 1}",
            )
        row, column = (_mirrored(size, width).to(images.device) for size in (rows, columns))
        return images[..., row[:, None], column]

    return pad


def centre_crop(size: int) -> Augmentation:
    """Return the augmentation that cuts the `size` x `size` window in the middle of each image.

    Nothing about it is random: it is what a test image goes through when `random_crop` made the
    training images smaller.
    """

    def crop(images: torch.Tensor, _: torch.Generator | None = None) -> torch.Tensor:
        height, width = images.shape[-2:]
        _check_window(size, height, width)
        top, left = (height - size) // 2, (width - size) // 2
        return images[..., top : top + size, left : left + size]

    return crop


def grey(images: torch.Tensor, _: torch.Generator | None = None) -> torch.Tensor:
    """Return the mean of the channels: (N, C, H, W) becomes (N, 1, H, W). Nothing is random."""
    return images.float().mean(dim=1, keepdim=True).round().to(torch.uint8)


def compose(augmentations: Sequence[Augmentation]) -> Augmentation:
    """Return the augmentation that applies each of `augmentations` in turn."""

    def all_of(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        for augmentation in augmentations:
            images = augmentation(images, generator)
        return images

    return all_of


def _windows(
    images: torch.Tensor, top: torch.Tensor, left: torch.Tensor, size: int
) -> torch.Tensor:
    """Cut the window at (top, left), each (N,), out of each image: one gather for the batch."""
    windows = images.unfold(2, size, 1).unfold(
        3, size, 1
    )  # a view: (N, C, rows, columns, size, size)
    return windows[torch.arange(len(images), device=images.device), :, top, left]


def _mirrored(size: int, width: int) -> torch.Tensor:
    """Return which of `size` pixels stands at each place from -width to size + width - 1."""
    places = torch.arange(-width, size + width).abs()
    return torch.minimum(places, 2 * (size - 1) - places)


def _check_window(size: int, height: int, width: int) -> None:
    if not 1 <= size <= min(height, width):
        raise DataError(
            "Cropping a batch of images.",
            got=f"a window of {size}x{size} and images of {height}x{width} pixels",
            rule="the window fits in the image",
            next_step=f"choose a size from 1 to {min(height, width)}",
        )
