"""The live figures: one anywidget class, one ES module and one style sheet each.

A notebook shows a widget by making one: `ConvStepper(stride=2)`. The book mounts the same module
without a kernel: `get("conv_stepper")` is the class, `get("conv_stepper").bundle(stride=2)` holds
the source, the styles and the checked state to inline in the page.
"""

from __future__ import annotations

from convbook.errors import ConvbookError
from convbook.widgets.base import Bundle, Widget
from convbook.widgets.conv_stepper import ConvStepper
from convbook.widgets.field_builder import FieldBuilder
from convbook.widgets.kernel_gallery import KernelGallery
from convbook.widgets.layer_inspector import LayerInspector
from convbook.widgets.run_curves import RunCurves

__all__ = [
    "Bundle",
    "ConvStepper",
    "FieldBuilder",
    "KernelGallery",
    "LayerInspector",
    "RunCurves",
    "Widget",
    "get",
    "names",
]

_CLASSES: dict[str, type[Widget]] = {
    cls.stem: cls for cls in (ConvStepper, KernelGallery, LayerInspector, FieldBuilder, RunCurves)
}


def names() -> tuple[str, ...]:
    """Return the name of every widget."""
    return tuple(_CLASSES)


def get(name: str) -> type[Widget]:
    """Return the class of the widget called `name`.

    Raises:
        ConvbookError: there is no such widget.
    """
    if name not in _CLASSES:
        raise ConvbookError(
            "Looking up a widget.",
            got=repr(name),
            rule=f"the widgets are {', '.join(_CLASSES)}",
            next_step="correct the name",
        )
    return _CLASSES[name]
