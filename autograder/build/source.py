"""Read the source of a practical: one MyST text notebook, edited by hand.

Its cells say what they are in their metadata:

- a code cell with `:answer: q01.output_size` holds the answer to an item
- a text cell after `+++ {"prose": "q01"}` holds the model answer of a question's prose
- every other cell is for the student as it stands; `{{points q01}}` in it becomes a number
"""

from __future__ import annotations

from pathlib import Path

import jupytext.myst
from nbformat import NotebookNode, ValidationError

from convbook.errors import BuildError

LINE = "source_line"  # metadata of a cell: the number of its first line in the source


def read(text: str, name: str) -> NotebookNode:
    """Return the notebook of a source, every cell with its line.

    Args:
        text: the source.
        name: of its file, for the messages.

    Raises:
        BuildError: the text is no MyST notebook.
    """
    try:
        notebook = jupytext.myst.myst_to_notebook(text, add_source_map=True)
    except (jupytext.myst.MystMetadataParsingError, ValidationError) as error:
        raise BuildError(
            f"Reading {name}.",
            got=str(error).splitlines()[0],
            rule="a cell's options are lines of :key: value, a text cell's are JSON",
            next_step="correct the options of that cell",
        ) from error
    starts = notebook.metadata.pop("source_map")
    for cell, start in zip(notebook.cells, starts, strict=True):
        cell.metadata[LINE] = _first_line(cell.source, text.splitlines(), start)
    notebook.metadata["source_name"] = name
    return notebook


def _first_line(source: str, lines: list[str], start: int) -> int:
    """Return the number, from 1, of a cell's first line; options and blank lines precede it."""
    first = source.split("\n", 1)[0].rstrip()
    matching = (n for n in range(start, len(lines)) if lines[n].rstrip() == first)
    return next(matching, start) + 1


def read_file(path: Path) -> NotebookNode:
    """Return the notebook of a source file."""
    try:
        return read(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError as error:
        raise BuildError(
            f"Reading {path.name}.",
            rule="the source of a practical is solutions/NAME/NAME.md",
            next_step="correct the name of the practical",
        ) from error


def mistake(notebook: NotebookNode, cell: NotebookNode, what: str, *, rule: str) -> BuildError:
    """Return the error about a cell, with its file and line."""
    where = f"{notebook.metadata['source_name']}:{cell.metadata[LINE]}"
    return BuildError(f"{where}: {what}", rule=rule, next_step=f"correct the cell at {where}")
