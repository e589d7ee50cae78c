"""A gallery of kernels, on pictures drawn by code or on the reader's own."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from convbook.errors import ShapeError
from convbook.widgets.base import Tensor, Widget, source, styles

SIZE = 128  # pixels: height and width of every picture in the gallery


class KernelGallery(Widget):
    """One kernel, one picture, and the arithmetic under the cursor.

    Shapes:
        kernel: (k, k), k = 3 or 5; each sum is divided by `divisor`.
        picture: (3, 128, 128), values 0 to 255; grey is 0.299 R + 0.587 G + 0.114 B.

    The output has the size of the picture: `border` says what stands outside of it ("zero",
    "nearest" or "mirror"). `view` says how an output value is drawn: "clip" cuts to 0 to 255,
    "signed" draws 0 as mid-grey, "size" draws the absolute value. `row` and `column` are where
    the cursor is. A picture that the reader opens stays in the page.
    """

    stem: ClassVar[str] = "kernel_gallery"
    _esm = source(stem)
    _css = styles(stem)

    kernel = Tensor("HW", (5, 5), [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    divisor = traitlets.Float(1.0).tag(sync=True)
    image = traitlets.Enum(["scene", "shapes", "digits", "rings", "own"], "scene").tag(sync=True)
    border = traitlets.Enum(["zero", "nearest", "mirror"], "zero").tag(sync=True)
    view = traitlets.Enum(["clip", "signed", "size"], "signed").tag(sync=True)
    colour = traitlets.Bool(False).tag(sync=True)
    row = traitlets.Int(42, min=0, max=SIZE - 1).tag(sync=True)
    column = traitlets.Int(55, min=0, max=SIZE - 1).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        sizes = len(self.kernel), len(self.kernel[0])
        if sizes not in {(3, 3), (5, 5)}:
            raise ShapeError(
                "Choosing a kernel for the gallery.",
                got="x".join(map(str, sizes)),
                rule="a square kernel with a middle: 3x3 or 5x5",
                next_step="set the kernel in zeros, up to the next odd size",
            )
        if self.divisor == 0:
            raise ShapeError(
                "Dividing the sum.",
                got="divisor 0",
                rule="the divisor is not 0",
                next_step="1 leaves the sum as it is",
            )
