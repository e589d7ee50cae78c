r"""Formulas: an unreadable one is a warning at its line, and the full stop after one stays with it.

KaTeX draws them while the book is built. sphinxcontrib-katex alone would print an unreadable
formula in red and go on, or stop the whole build without saying where.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

import sphinxcontrib.katex
from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
PUNCTUATION = re.compile(r"[.,;:!?)\]\u2019\u201d\u2026-]+")
draw_now = sphinxcontrib.katex.render_latex


@cache
def drawn(latex: str, display: bool) -> tuple[str, str]:
    """Return the HTML of a formula, and what KaTeX says against it."""
    options = {"throwOnError": True, "strict": "error", "displayMode": display}
    try:
        return draw_now(latex, options), ""
    except sphinxcontrib.katex.KaTeXError as error:
        return f"<code>{html.escape(latex)}</code>", str(error)


def render_latex(latex: str, options: dict[str, bool] | None = None) -> str:
    """Return the HTML of a formula: what sphinxcontrib-katex calls while it writes a page."""
    return drawn(latex, bool(options and options.get("displayMode")))[0]


class CheckFormulas(SphinxTransform):
    """Draw every formula of a page as it is read, and warn of those that KaTeX refuses."""

    default_priority = 890

    def apply(self, **kwargs: object) -> None:  # noqa: ARG002 - docutils calls it so
        """Warn at the line of each formula that cannot be drawn."""
        for node in self.document.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)):
            error = drawn(node.astext(), isinstance(node, nodes.math_block))[1]
            if error:
                LOGGER.warning("formula: %s", error, location=node)


class HoldPunctuation(SphinxTransform):
    """Put a formula and the punctuation after it in one element that does not break.

    A browser may break a line on either side of a formula, so also before a comma.
    """

    default_priority = 900

    def apply(self, **kwargs: object) -> None:  # noqa: ARG002 - docutils calls it so
        """Wrap each formula that is followed by punctuation."""
        for formula in list(self.document.findall(nodes.math)):
            follower = formula.next_node(descend=False, siblings=True)
            found = PUNCTUATION.match(follower) if isinstance(follower, nodes.Text) else None
            if found:
                held = nodes.inline(classes=["cb-unbroken"])
                follower.parent.replace(follower, nodes.Text(follower[found.end() :]))
                formula.replace_self(held)
                held += [formula, nodes.Text(found[0])]


def setup(app: Sphinx) -> None:
    """Add the transforms, and draw each formula once."""
    sphinxcontrib.katex.render_latex = render_latex
    app.add_transform(CheckFormulas)
    app.add_transform(HoldPunctuation)
