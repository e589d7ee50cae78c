"""Keep the full stop after a formula on the formula's line.

A browser may break a line on either side of a formula, so also before the comma that follows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PUNCTUATION = re.compile(r"[.,;:!?)\]’”…-]+")


class HoldPunctuation(SphinxTransform):
    """Put a formula and the punctuation that follows it in one element that does not break."""

    default_priority = 900

    def apply(self, **kwargs: object) -> None:  # noqa: ARG002 - docutils calls it so
        """Wrap each formula that is followed by punctuation."""
        for formula in list(self.document.findall(nodes.math)):
            follower = formula.next_node(descend=False, siblings=True)
            if not isinstance(follower, nodes.Text):
                continue
            found = PUNCTUATION.match(follower)
            if not found:
                continue
            held = nodes.inline(classes=["cb-unbroken"])
            follower.parent.replace(follower, nodes.Text(follower[found.end() :]))
            formula.replace_self(held)
            held += [formula, nodes.Text(found[0])]


def setup(app: Sphinx) -> None:
    """Add the transform."""
    app.add_transform(HoldPunctuation)
