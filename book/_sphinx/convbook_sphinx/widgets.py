"""`{widget} NAME`: a live figure of `convbook.widgets`, in a page without a kernel.

The body of the directive is YAML, the state that differs from the defaults of the class. The
class itself checks it while the book is built. The page gets the state and, once, the source of
the widget; js/widgets.js mounts it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from convbook.errors import BuildError
from convbook.texts import text

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

    from convbook.widgets import Bundle

WIDGETS = files("convbook") / "widgets"


def bundle(name: str, body: str) -> tuple[Bundle, str]:
    """Return a widget made with a directive's YAML: its files and state, and its docstring.

    Raises:
        BuildError: no such widget, a body that is no YAML mapping, or a state it refuses.
    """
    from convbook.widgets import get  # brings torch, which an unchanged book does not need

    try:
        cls = get(name)
        made = cls.bundle(**(yaml.safe_load(body) or {}))
        json.dumps(made.state, allow_nan=False)
    except Exception as error:  # whatever the class says of its state is what the author must read
        raise BuildError(
            f"Making the widget {name}.",
            got=str(error),
            rule="lines of `name: value`, as the docstring of its class says",
            next_step="correct the directive",
        ) from error
    return made, cls.__doc__ or name


def inline_json(value: Any) -> str:
    """Return JSON that is safe inside a `<script>` element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


class live_figure(nodes.General, nodes.Element):  # noqa: N801 - docutils nodes are lower case
    """A place for a widget; the first of its kind on a page brings the source."""


class WidgetDirective(SphinxDirective):
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
            made, words = bundle(name, "\n".join(self.content))
        except BuildError as error:
            raise self.error(str(error)) from error
        for file in WIDGETS.iterdir():
            if file.is_file():
                self.env.note_dependency(str(file))
        label = self.options.get("label") or words.strip().splitlines()[0]
        node = live_figure(widget=name, state=made.state, label=label, esm=made.esm, css=made.css)
        self.set_source_info(node)
        return [self.figure(node) if "caption" in self.options else node]

    def figure(self, node: live_figure) -> nodes.figure:
        """Return a numbered figure of `node`, with the caption read as MyST."""
        figure = nodes.figure("", node, classes=["cb-live-figure"])
        inline, messages = self.state.inline_text(self.options["caption"], self.lineno)
        figure += nodes.caption(self.options["caption"], "", *inline)
        figure += messages
        self.set_source_info(figure)
        self.add_name(figure)
        return figure


def first_of_its_kind(app: Sphinx, doctree: nodes.document) -> None:  # noqa: ARG001
    """Keep the source of each kind of widget only in its first figure on a page."""
    seen = set()
    for node in doctree.findall(live_figure):
        if node["widget"] in seen:
            del node["esm"], node["css"]
        seen.add(node["widget"])


def visit_live_figure(translator: HTML5Translator, node: live_figure) -> None:
    """Write the place, its state and, at the first of its kind on a page, its source."""
    name, label = node["widget"], node["label"]
    if "esm" in node:
        source = inline_json({"esm": node["esm"], "css": node["css"]})
        translator.body.append(
            f'<script type="application/json" id="cb-source-{name}">{source}</script>\n'
        )
    translator.body.append(
        f'<div class="cb-live" data-widget="{name}" role="group" '
        f'aria-label="{translator.attval(label)}" '
        f'data-failed="{translator.attval(text("book.widget_failed"))}">'
        f'<script type="application/json">{inline_json(node["state"])}</script>'
        f'<p class="cb-fallback"><strong>{translator.encode(label)}</strong> '
        f"{translator.encode(text('book.no_script'))}</p></div>\n"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the directive."""
    app.add_node(live_figure, html=(visit_live_figure, None))
    app.add_directive("widget", WidgetDirective)
    app.connect("doctree-read", first_of_its_kind)
