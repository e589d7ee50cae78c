"""What the book adds to Jupyter Book, for the people who write its chapters.

- `widgets`: `{widget} NAME` puts a live figure of `convbook.widgets` in a page
- `boxes`: `{goals}`, `{trap}`, `{question}` and `{answer}`, the book's own kinds of box
- `notebooks`: `{notebook} FOLDER/NAME.ipynb` offers an exercise to open or to download
- `colours`: the one table of colours as CSS custom properties
- `formulas`: an unreadable formula is a warning at its line
- `kernel`: how code cells run, and when their kept results are out of date
- `theme`: the templates, style sheets and scripts of every page

README.md beside this package shows each of them in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convbook_sphinx import boxes, colours, formulas, kernel, notebooks, theme, widgets

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, object]:
    """Add everything to `app`."""
    for part in (boxes, colours, formulas, kernel, notebooks, theme, widgets):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
