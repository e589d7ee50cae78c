"""Layers on NumPy arrays, for the references: written apart from torch, which is their oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def windows(image: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Return every whole window of an image.

    Args:
        image: shape (C, H, W).
        kernel: sides (kh, kw) of the window.
        stride: steps (sh, sw) between two windows.

    Returns:
        A view of shape (C, H', W', kh, kw).
    """
    (channels, *sides), (along_c, *along) = image.shape, image.strides
    places = [(n - k) // s + 1 for n, k, s in zip(sides, kernel, stride, strict=True)]
    steps = [s * bytes_ for s, bytes_ in zip(stride, along, strict=True)]
    # sliding_window_view takes three times as long, and hidden cases are full of small images.
    return np.lib.stride_tricks.as_strided(
        image, (channels, *places, *kernel), (along_c, *steps, *along), writeable=False
    )


def pool(image: Array, k: int, s: int, reduce: Callable[..., Array]) -> Array:
    """Return (C, H, W) pooled with `reduce`, np.max or np.mean, over k by k windows."""
    return reduce(windows(image, (k, k), (s, s)), axis=(3, 4))


def convolve(
    image: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    mode: str = "constant",
) -> Array:
    """Return what a convolutional layer makes of one image, as deep learning defines it.

    Args:
        image: shape (C, H, W).
        weight: shape (C', C, kh, kw).
        bias: shape (C',), or None.
        stride: the step on both axes.
        padding: cells added at every border.
        mode: of the padding, as NumPy names it: "constant" (zeros) or "wrap" (circular).

    Returns:
        Shape (C', H', W').
    """
    if padding:
        sides = ((0, 0), (padding, padding), (padding, padding))
        image = np.pad(image, sides, mode=mode)  # type: ignore[call-overload]
    seen = windows(image, weight.shape[2:], (stride, stride))
    output: Array = np.tensordot(weight, seen, axes=([1, 2, 3], [0, 3, 4]))
    return output if bias is None else output + bias[:, None, None]
