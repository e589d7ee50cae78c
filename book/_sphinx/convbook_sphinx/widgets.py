"""`{widget} NAME`: a live figure of `convbook.widgets`, in a page without a kernel.

The body of the directive is YAML, the state that differs from the defaults of the class. The
class itself checks it while the book is built. The page gets the state and, once, the source of
the widget; js/widgets.js mounts it.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from convbook.errors import ConvbookError
from convbook.texts import text

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

PACKAGE = "convbook.widgets"


class WidgetError(ConvbookError):
    """A live figure that cannot be made as it was asked for."""


def widget_class(name: str, package: str = PACKAGE) -> tuple[type[Any], Path]:
    """Return the class that the module `name` defines, and the module's file."""
    import anywidget

    try:
        module = import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        raise WidgetError(
            f"Looking up the widget {name!r}.",
            got=str(error),
            rule=f"a widget is a module of {package}",
            next_step="correct the name after {widget}",
        ) from error
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, anywidget.AnyWidget)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise WidgetError(
            f"Looking up the class of the widget {name!r}.",
            got=f"{len(found)} classes",
            rule=f"{module.__name__} defines exactly one anywidget class",
        )
    return found[0], Path(str(module.__file__))


def own_keys(cls: type[Any]) -> list[str]:
    """Return the names of the state that the widget itself reads, in the order of its class."""
    from anywidget import AnyWidget

    return [key for key in cls.class_traits(sync=True) if key not in AnyWidget.class_traits()]


def checked_state(cls: type[Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the whole state of a widget made with `overrides`.

    Raises:
        WidgetError: a name that the class does not have, or a value that it refuses.
    """
    keys = own_keys(cls)
    unknown = [key for key in overrides if key not in keys]
    if unknown:
        raise WidgetError(
            f"Setting the state of {cls.__name__}.",
            got=", ".join(map(str, unknown)),
            rule=f"its state is {', '.join(keys)}",
            next_step="correct the name in the directive",
        )
    try:
        widget = cls(**overrides)
        state = {key: widget.get_state(key)[key] for key in keys}
        widget.close()
        json.dumps(state, allow_nan=False)
    except Exception as error:  # whatever the class says of a bad value is what the author reads
        raise WidgetError(
            f"Making {cls.__name__} with the state of the directive.",
            got=str(error),
            next_step="correct the value in the directive",
        ) from error
    return state


def inline_json(value: Any) -> str:
    """Return JSON that is safe inside a `<script>` element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


class widget_node(nodes.General, nodes.Element):  # noqa: N801 - docutils nodes are lower case
    """A place for a widget: `widget` its name, `state`, `label`, and the paths of its source."""


class Widget(SphinxDirective):
    """Put a widget here; with `:caption:` it is a numbered figure."""

    required_arguments = 1
    has_content = True
    option_spec = {  # noqa: RUF012 - docutils reads it so
        "caption": directives.unchanged_required,
        "name": directives.unchanged_required,
        "label": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the widget, in a figure when it has a caption."""
        name = self.arguments[0]
        try:
            cls, path = widget_class(name)
            state = checked_state(cls, self.overrides())
        except WidgetError as error:
            raise self.error(f"widget {name}: {error}") from error
        for suffix in (".py", ".mjs", ".css"):
            self.env.note_dependency(str(path.with_suffix(suffix)))
        label = self.options.get("label") or (cls.__doc__ or name).strip().splitlines()[0]
        node = widget_node(widget=name, state=state, label=label, path=str(path))
        self.set_source_info(node)
        return [self.figure(node) if "caption" in self.options else node]

    def overrides(self) -> dict[str, Any]:
        """Return the YAML of the body."""
        try:
            body = yaml.safe_load("\n".join(self.content)) or {}
        except yaml.YAMLError as error:
            raise WidgetError("Reading the state as YAML.", got=str(error)) from error
        if not isinstance(body, dict):
            raise WidgetError(
                "Reading the state as YAML.", got=repr(body), rule="lines of `name: value`"
            )
        return body

    def figure(self, node: widget_node) -> nodes.figure:
        """Return a numbered figure of `node`, with the caption read as MyST."""
        figure = nodes.figure("", node, classes=["cb-widget-figure"])
        inline, messages = self.state.inline_text(self.options["caption"], self.lineno)
        figure += nodes.caption(self.options["caption"], "", *inline)
        figure += messages
        self.set_source_info(figure)
        self.add_name(figure)
        return figure


def visit_widget(translator: HTML5Translator, node: widget_node) -> None:
    """Write the place, its state and, at the first of its kind on a page, its source."""
    name, path = node["widget"], Path(node["path"])
    label = translator.encode(node["label"])
    fallback = translator.encode(text("book.no_script"))
    translator.body.append(
        f'<div class="cb-widget" data-widget="{name}" role="group" '
        f'aria-label="{translator.attval(node["label"])}">'
        f'<script type="application/json">{inline_json(node["state"])}</script>'
        f'<p class="cb-fallback"><strong>{label}</strong> {fallback}</p></div>\n'
    )
    written = translator.__dict__.setdefault("convbook_widgets", set())
    if name not in written:
        written.add(name)
        source = {
            "esm": path.with_suffix(".mjs").read_text(encoding="utf-8"),
            "css": path.with_suffix(".css").read_text(encoding="utf-8"),
        }
        translator.body.append(
            f'<script type="application/json" id="cb-source-{name}">{inline_json(source)}</script>\n'
        )
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the directive."""
    app.add_node(widget_node, html=(visit_widget, None))
    app.add_directive("widget", Widget)
