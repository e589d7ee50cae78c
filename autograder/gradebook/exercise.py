"""The cells of a practical in nbgrader's tables, which marks refer to."""

from __future__ import annotations

from typing import Any

from autograder.course import Assignment
from autograder.gradebook import database
from convbook.errors import GradingError


def enter(book: Any, assignment: Assignment, url: str) -> None:
    """Make the cells known to nbgrader's gradebook `book`, which is open at `url`.

    Raises:
        GradingError: there are marks of another form of the practical.
    """
    if not _is_known(book, assignment):
        _save_cells(book, assignment, url)


def _is_known(book: Any, assignment: Assignment) -> bool:
    """Are the cells of the practical in the gradebook as they are in the exercise?"""
    from nbgrader.api import MissingEntry

    by_id = assignment.by_id
    try:
        stored = book.find_notebook(assignment.name, assignment.name)
    except MissingEntry:
        return False
    points = {cell.name: cell.max_score for cell in stored.grade_cells}
    sources = {cell.name: cell.source for cell in stored.source_cells}
    wanted = {
        key: float(cell["metadata"]["nbgrader"]["points"])
        for key, cell in by_id.items()
        if cell["metadata"]["nbgrader"].get("grade")
    }
    return points == wanted and all(
        by_id.get(key, {}).get("source") == source for key, source in sources.items()
    )


def _save_cells(book: Any, assignment: Assignment, url: str) -> None:
    """Write the cells, as `nbgrader generate_assignment` does."""
    import nbformat
    from nbgrader.preprocessors import SaveCells

    name = assignment.name
    notebook = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": assignment.nbformat_minor,
            "metadata": assignment.metadata,
            "cells": list(assignment.cells),
        }
    )
    resources = {"nbgrader": {"assignment": name, "notebook": name, "db_url": url}}
    book.db.rollback()  # SaveCells has a connection of its own
    try:
        SaveCells().preprocess(notebook, resources)
    except RuntimeError as error:
        raise GradingError(
            f"Writing the cells of {name!r} into the gradebook.",
            got=f"{database.shown(url)}: {error}",
            rule="the exercise stays the same while marks of it are in the gradebook",
            next_step="take the old exercise back; or move gradebook.db away and grade again",
        ) from None
    book.db.expire_all()
