"""Step through a convolution, one output value at a time."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from convbook.errors import ShapeError
from convbook.widgets.base import Tensor, Widget, source, styles

_INPUT = [[[0, 0, 9, 9, 9], [0, 0, 9, 9, 9], [0, 0, 9, 9, 9], [0, 9, 9, 9, 9], [0, 9, 9, 9, 9]]]
_KERNEL = [[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]]


class ConvStepper(Widget):
    """A convolution in slow motion: window, products, sum, and the output filling up.

    Shapes:
        input: (C, H, W), C ≤ 3, H and W ≤ 9.
        kernel: (F, C, k_h, k_w), F ≤ 2 filters, k ≤ 5.
        bias: (F,), zeros unless given.
        output: (F, H_out, W_out), H_out = ⌊(H + 2·padding - dilation·(k_h - 1) - 1) / stride⌋ + 1.

    `position` counts the output values shown, filter by filter, row by row; 0 shows none.
    With `flip` the kernel is turned by 180°: convolution as mathematics defines it; without,
    cross-correlation, which is what layers of a network compute.
    """

    stem: ClassVar[str] = "conv_stepper"
    _esm = source(stem)
    _css = styles(stem)

    input = Tensor("CHW", (3, 9, 9), _INPUT)
    kernel = Tensor("FCHW", (2, 3, 5, 5), _KERNEL)
    bias = Tensor("F", (2,), [0])
    stride = traitlets.Int(1, min=1, max=4).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=3).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=3).tag(sync=True)
    flip = traitlets.Bool(False).tag(sync=True)
    position = traitlets.Int(1, min=0).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        kernel = state.get("kernel")
        if isinstance(kernel, list) and kernel:
            state.setdefault("bias", [0] * min(len(kernel), 2))
        super().__init__(**state)
        self._check_fit()

    def _check_fit(self) -> None:
        channels, filters = len(self.input), len(self.kernel)
        if len(self.kernel[0]) != channels or len(self.bias) != filters:
            raise ShapeError(
                "Matching the kernel with the input.",
                got=f"input of {channels} channels, filters of {len(self.kernel[0])} channels, "
                f"{filters} filters, {len(self.bias)} biases",
                rule="a filter has one slice a channel of the input, and one bias",
                next_step="give kernel the shape (F, C, k_h, k_w) and bias the shape (F,)",
            )
        _ = self.output_shape

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Sizes (F, H_out, W_out) of the output.

        Raises:
            ShapeError: the kernel is larger than the padded input.
        """
        size_in = (len(self.input[0]), len(self.input[0][0]))
        kernel_size = (len(self.kernel[0][0]), len(self.kernel[0][0][0]))
        sizes = []
        for size, k in zip(size_in, kernel_size, strict=True):
            room = size + 2 * self.padding - self.dilation * (k - 1) - 1
            if room < 0:
                raise ShapeError(
                    "Sliding the kernel over the input.",
                    got=f"size {size}, kernel_size {k}, padding {self.padding}, "
                    f"dilation {self.dilation}",
                    rule="dilation·(kernel_size - 1) + 1 ≤ size + 2·padding",
                    next_step="take a smaller kernel or dilation, or more padding",
                )
            sizes.append(room // self.stride + 1)
        return len(self.kernel), sizes[0], sizes[1]

    @property
    def output(self) -> list[list[list[float]]]:
        """All values of the output, (F, H_out, W_out)."""
        filters, rows, columns = self.output_shape
        return [
            [[self._value(f, r, c) for c in range(columns)] for r in range(rows)]
            for f in range(filters)
        ]

    def _value(self, f: int, row: int, column: int) -> float:
        total = self.bias[f]
        for plane, weights in zip(self.input, self.kernel[f], strict=True):
            k_h, k_w = len(weights), len(weights[0])
            for i in range(k_h):
                for j in range(k_w):
                    weight = weights[k_h - 1 - i][k_w - 1 - j] if self.flip else weights[i][j]
                    y = row * self.stride - self.padding + i * self.dilation
                    x = column * self.stride - self.padding + j * self.dilation
                    if 0 <= y < len(plane) and 0 <= x < len(plane[0]):
                        total += plane[y][x] * weight
        return float(total)
