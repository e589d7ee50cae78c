"""`{notebook} FOLDER/NAME.ipynb`: open an exercise in JupyterLab, or download it.

`make serve` runs JupyterLab beside the book and says so in a `<meta name="convbook-lab">` of
each page that it serves; js/book.js then shows the link that opens the notebook there.
Everywhere else the page offers the file itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from convbook.texts import text

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

FOLDER = "exercises"


class lab_link(nodes.General, nodes.Element):  # noqa: N801 - docutils nodes are lower case
    """A link that js/book.js points at JupyterLab and shows, where there is one."""


class Notebook(SphinxDirective):
    """Offer one notebook of the folder exercises."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a paragraph with the two links; a notebook that is not there is an error."""
        path = self.arguments[0]
        if not (Path(self.env.srcdir) / FOLDER / path).is_file():
            raise self.error(
                f"There is no notebook {FOLDER}/{path}. Correct the path, or build the exercises."
            )
        download = addnodes.download_reference(
            "", "", reftarget=f"/{FOLDER}/{path}", refdoc=self.env.docname, refexplicit=True
        )
        download += nodes.inline("", text("book.download"))
        paragraph = nodes.paragraph("", "", lab_link(path=path), download, classes=["cb-notebook"])
        self.set_source_info(paragraph)
        return [paragraph]


def visit_lab_link(translator: HTML5Translator, node: lab_link) -> None:
    """Write the link, hidden until the script has somewhere to point it."""
    path, label = translator.attval(node["path"]), translator.encode(text("book.open_lab"))
    translator.body.append(f'<a class="cb-lab" data-path="{path}" hidden>{label}</a> ')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the directive."""
    app.add_node(lab_link, html=(visit_lab_link, None))
    app.add_directive("notebook", Notebook)
