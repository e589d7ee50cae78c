"""The book's own kinds of box: goals, traps, questions with their answers.

All are plain HTML: an answer opens as `<details>` does, without a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst.directives.admonitions import BaseAdmonition
from sphinx.util.docutils import SphinxDirective

from convbook.texts import text

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


class Box(BaseAdmonition):
    """An admonition with a title of its kind, or the one given as its argument."""

    node_class = nodes.admonition
    optional_arguments = 1
    final_argument_whitespace = True
    kind: ClassVar[str]

    def run(self) -> list[nodes.Node]:
        """Return the box, with its kind as its class."""
        self.arguments = self.arguments or [text(f"book.{self.kind}")]
        self.options["class"] = [*self.options.get("class", []), f"cb-{self.kind}"]
        return list(super().run())


class Goals(Box):
    """What the reader will be able to do."""

    kind = "goals"


class Trap(Box):
    """A mistake that is easily made."""

    kind = "trap"


class Question(Box):
    """A question that readers ask themselves; holds an `{answer}`."""

    kind = "question"


class answer_node(nodes.General, nodes.Element):  # noqa: N801 - docutils nodes are lower case
    """An answer that is folded until asked for."""


class Answer(SphinxDirective):
    """The answer to a `{question}`, folded."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the folded answer."""
        self.assert_has_content()
        node = answer_node(summary=self.arguments[0] if self.arguments else text("book.answer"))
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def visit_answer(translator: HTML5Translator, node: answer_node) -> None:
    """Open the folded answer."""
    summary = translator.encode(node["summary"])
    translator.body.append(f'<details class="cb-answer"><summary>{summary}</summary>\n')


def depart_answer(translator: HTML5Translator, node: answer_node) -> None:  # noqa: ARG001
    """Close the folded answer."""
    translator.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Add the directives."""
    app.add_node(answer_node, html=(visit_answer, depart_answer))
    app.add_directive("answer", Answer)
    for box in (Goals, Trap, Question):
        app.add_directive(box.kind, box)
