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
    every = np.lib.stride_tricks.sliding_window_view(image, kernel, axis=(1, 2))
    return every[:, :: stride[0], :: stride[1]]


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
    sides = ((0, 0), (padding, padding), (padding, padding))
    padded = np.pad(image, sides, mode=mode)  # type: ignore[call-overload]
    seen = windows(padded, weight.shape[2:], (stride, stride))
    output: Array = np.einsum("cijkl,ockl->oij", seen, weight)
    return output if bias is None else output + bias[:, None, None]
