"""Output sizes of convolutions and poolings, along one axis and along two.

The formulas are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning" (arXiv:1603.07285), sections 2, 4 and 5.1; the ceil-mode rule is PyTorch's own.
"""

from __future__ import annotations

from convbook.errors import ShapeError
from convbook.shapes.integers import Pair, Size, pair, whole


def output_size(
    size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Return how many positions a window takes along one axis.

    A kernel of size k and dilation d spans d (k - 1) + 1 pixels. On n pixels with p of padding
    on both sides, in steps of s, it fits floor((n + 2p - d (k - 1) - 1) / s) + 1 times. With
    `ceil_mode` (poolings only) a last window may hang over the right border, provided that it
    starts inside the input or its left padding.

    Args:
        size: pixels along the axis.
        kernel_size: pixels of the kernel along the axis.
        stride: pixels between two windows.
        padding: pixels added on each of the two sides.
        dilation: pixels between two neighbours of the kernel.
        ceil_mode: round up instead of down.

    Raises:
        ShapeError: a number is no whole number or too small; the kernel does not fit; with
            `ceil_mode`, the padding is more than half of the kernel.
    """
    n = whole(size, "size")
    k = whole(kernel_size, "kernel_size")
    s = whole(stride, "stride")
    p = whole(padding, "padding", at_least=0)
    d = whole(dilation, "dilation")
    span = d * (k - 1) + 1
    if ceil_mode:
        check_pool_padding(p, k)
    room = n + 2 * p - span
    outputs = (room + s - 1 if ceil_mode else room) // s + 1
    if ceil_mode and (outputs - 1) * s >= n + p:
        outputs -= 1
    if outputs < 1:
        raise ShapeError(
            f"Sliding a kernel of {k} over {n} pixels.",
            got=f"kernel_size={k}, dilation={d}, size={n}, padding={p}",
            rule=f"the kernel spans {span} pixels and must fit into size + 2 x padding = "
            f"{n + 2 * p}",
            next_step="use a smaller kernel, more padding or a larger input",
        )
    return outputs


def output_shape(
    shape: Size,
    kernel_size: Size,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Pair:
    """Return (height, width) after a window slid over (height, width): `output_size`, twice.

    Raises:
        ShapeError: as `output_size`, on either axis.
    """
    axes = zip(
        pair(shape, "size"),
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride"),
        pair(padding, "padding", at_least=0),
        pair(dilation, "dilation"),
        strict=True,
    )
    height, width = (
        output_size(n, k, stride=s, padding=p, dilation=d, ceil_mode=ceil_mode)
        for n, k, s, p, d in axes
    )
    return height, width


def transposed_output_size(
    size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    output_padding: int = 0,
) -> int:
    """Return the size after a transposed convolution, along one axis.

    (n - 1) s - 2p + d (k - 1) + 1 + o: the input size that a convolution with the same numbers
    brings back to n. When s > 1 several inputs shrink to the same n; `output_padding` o says
    which of them is meant.

    Raises:
        ShapeError: a number is no whole number or too small; nothing is left once the padding is
            cut off; `output_padding` is as large as both stride and dilation.
    """
    n = whole(size, "size")
    k = whole(kernel_size, "kernel_size")
    s = whole(stride, "stride")
    p = whole(padding, "padding", at_least=0)
    d = whole(dilation, "dilation")
    extra = whole(output_padding, "output_padding", at_least=0)
    if extra >= max(s, d):
        raise ShapeError(
            "Growing an axis by a transposed convolution.",
            got=f"output_padding={extra}, stride={s}, dilation={d}",
            rule="output_padding is smaller than the stride or the dilation",
            next_step="give an output_padding below the stride",
        )
    outputs = (n - 1) * s - 2 * p + d * (k - 1) + 1 + extra
    if outputs < 1:
        raise ShapeError(
            f"Growing {n} pixels by a transposed convolution.",
            got=f"kernel_size={k}, stride={s}, padding={p}, dilation={d}, size={n}",
            rule=f"the padding is cut off the result, here {outputs + 2 * p} - 2 x {p}: "
            "at least one pixel must be left",
            next_step="use less padding or a larger kernel",
        )
    return outputs


def same_padding(kernel_size: int, dilation: int = 1) -> int:
    """Return the padding with which a stride of 1 keeps the size: d (k - 1) / 2.

    Raises:
        ShapeError: the kernel is even: it has no middle, so no symmetric padding does it.
    """
    k = whole(kernel_size, "kernel_size")
    d = whole(dilation, "dilation")
    if k % 2 == 0:
        raise ShapeError(
            "Padding that keeps the size.",
            got=f"kernel_size={k}",
            rule="only an odd kernel has a middle pixel, and as much on its left as on its right",
            next_step=f"use a kernel of {k - 1} or {k + 1}",
        )
    return d * (k - 1) // 2


def check_pool_padding(padding: int, kernel_size: int) -> None:
    """Refuse the padding that PyTorch refuses for a pooling.

    Raises:
        ShapeError: the padding is more than half of the window, whatever its dilation.
    """
    if 2 * padding > kernel_size:
        raise ShapeError(
            "Padding a pooling.",
            got=f"padding={padding}, kernel_size={kernel_size}",
            rule="PyTorch pads a pooling by at most half of its window",
            next_step=f"use a padding of at most {kernel_size // 2}",
        )
