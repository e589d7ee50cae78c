"""What every widget shares: its files, its texts, its colours and its checks."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from convbook.errors import ConvbookError, ShapeError
from convbook.texts import texts

HERE = Path(__file__).parent
STYLE = HERE.parent / "style.json"
DARK = 'html[data-theme="dark"], body[data-jp-theme-light="false"]'
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.mjs)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class) )", re.MULTILINE)


def source(stem: str) -> str:
    """Return the ES module of the widget `stem`, with what it imports put in its place.

    Neither host can resolve a relative import (JupyterLab and the book load modules from Blob
    URLs), node can: so the files import, and what is served does not.
    """
    done: set[str] = set()

    def inline(line: re.Match[str]) -> str:
        if line[1] in done:
            return ""
        done.add(line[1])
        return _EXPORT.sub("", _IMPORT.sub(inline, _read(line[1])))

    return _IMPORT.sub(inline, _read(f"{stem}.mjs"))


def styles(stem: str) -> str:
    """Return the style sheet of the widget `stem`: fall-back colours, common part, its own."""
    return "\n".join([fallback_colours(), _read("common.css"), _read(f"{stem}.css")])


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def fallback_colours() -> str:
    """Return the colours of `style.json` for a page, such as JupyterLab, that does not set them.

    The widgets read `--w-NAME`; the book's own `--cb-NAME` wins wherever it is set.
    """
    table = json.loads(STYLE.read_text(encoding="utf-8"))

    def block(selector: str, colours: dict[str, str]) -> str:
        lines = "".join(f"  --w-{k}: var(--cb-{k}, {v});\n" for k, v in colours.items())
        return f"{selector} {{\n{lines}}}\n"

    dark = ", ".join(f"{part.strip()} .cb-widget" for part in DARK.split(","))
    return block(".cb-widget", table["light"]) + block(dark, table["dark"])


@dataclass(frozen=True)
class Bundle:
    """All that a page needs to mount a widget without a kernel.

    Attributes:
        name: the stem of the widget's files.
        esm: source of one self-contained ES module, `export default { render }`.
        css: its style sheet.
        state: checked state, plain JSON values, texts included.
    """

    name: str
    esm: str
    css: str
    state: dict[str, Any]


class Tensor(traitlets.List):  # type: ignore[misc] # traitlets is untyped for mypy here
    """A trait that holds nested lists of numbers, such as (C, H, W).

    Args:
        axes: the name of each axis, one letter each.
        limits: the largest size that the widget draws, one an axis.
    """

    def __init__(self, axes: str, limits: tuple[int, ...], default: list[Any]) -> None:
        self.axes, self.limits = axes, limits
        super().__init__(default_value=default)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return `value`, or raise a ShapeError."""
        at_most(self.name, shape_of(self.name, value, self.axes), self.limits, self.axes)
        return super().validate(obj, value)


class Widget(anywidget.AnyWidget):  # type: ignore[misc] # nor has anywidget types here
    """Base of the widgets: every synced trait but anywidget's own is the widget's state."""

    stem: ClassVar[str]

    texts = traitlets.Dict().tag(sync=True)

    def __init__(self, **state: Any) -> None:
        unknown = sorted(set(state) - set(self.state_keys()) - {"layout"})
        if unknown:
            raise ConvbookError(
                f"Making the widget {self.stem}.",
                got=f"unknown state {', '.join(unknown)}",
                rule=f"the state is {', '.join(self.state_keys())}",
                next_step="correct the name",
            )
        super().__init__(**{"texts": texts(f"widgets.{self.stem}"), **state})

    @classmethod
    def state_keys(cls) -> list[str]:
        """Return the names of the traits that make the widget's state, in alphabetic order."""
        own = set(cls.class_traits(sync=True)) - set(anywidget.AnyWidget.class_traits(sync=True))
        return sorted(own)

    @classmethod
    def bundle(cls, **state: Any) -> Bundle:
        """Return what a page needs to mount the widget with `state` over its defaults.

        Raises:
            ConvbookError: the state names unknown keys or sizes that cannot be.
            traitlets.TraitError: a value of the wrong type.
        """
        widget = cls(**state)
        checked = {key: widget.get_state(key)[key] for key in cls.state_keys()}
        widget.close()
        return Bundle(cls.stem, source(cls.stem), styles(cls.stem), checked)


def shape_of(name: str, value: Any, axes: str) -> tuple[int, ...]:
    """Return the shape of the nested list `value`, one length an axis.

    Raises:
        ShapeError: it is no rectangular list of finite numbers with these axes.
    """
    shape: list[int] = []
    level = [value]
    for _ in axes:
        lengths = {len(v) if isinstance(v, list | tuple) else -1 for v in level}
        if len(lengths) != 1 or min(lengths) < 1:
            raise _not_rectangular(name, value, axes)
        shape.append(lengths.pop())
        level = [child for parent in level for child in parent]
    if not all(_is_number(v) for v in level):
        raise _not_rectangular(name, value, axes)
    return tuple(shape)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _not_rectangular(name: str, value: Any, axes: str) -> ShapeError:
    shown = repr(value)
    return ShapeError(
        f"Reading {name}.",
        got=shown if len(shown) < 80 else shown[:77] + "...",
        rule=f"nested lists of finite numbers, axes {'x'.join(axes)}, all rows of one length",
        next_step=f"hand in {len(axes)} levels of lists",
    )


def at_most(name: str, shape: tuple[int, ...], limits: tuple[int, ...], axes: str) -> None:
    """Raise a ShapeError when a size is larger than what the widget can draw."""
    if any(size > limit for size, limit in zip(shape, limits, strict=True)):
        raise ShapeError(
            f"Reading {name}.",
            got="x".join(map(str, shape)),
            rule=f"at most {'x'.join(map(str, limits))} ({'x'.join(axes)}), what can be drawn",
            next_step="take a smaller example",
        )
