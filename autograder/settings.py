"""nbgrader's settings of a course, as nbgrader's own commands read them in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convbook.errors import GradingError

NAME = "nbgrader_config"
FILE = f"{NAME}.py"
GRADER = "autograder.nbgrader_plugin.Grading"

Settings = Any  # traitlets' Config: sections that are there when they are asked for


def load(folder: Path) -> Settings:
    """Read `nbgrader_config.py` of a course folder, on top of the machine's and the user's.

    Raises:
        GradingError: one of them cannot be run.
    """
    from jupyter_core.paths import jupyter_config_path
    from traitlets.config import Application

    reader = Application(raise_config_file_errors=True)
    try:
        reader.load_config_file(NAME, path=[str(folder), *jupyter_config_path()])
    except Exception as error:
        # Without its settings, marks could go into another gradebook than the one that is meant.
        raise GradingError(
            f"Reading {FILE} of {folder}.",
            got=f"{type(error).__name__}: {error}",
            rule="it is Python that nbgrader runs too",
            next_step="correct it, or the one in a folder that `jupyter --paths` names",
        ) from None
    return reader.config


def names_this_grader(found: Settings) -> bool:
    """Is it this grader that `nbgrader autograde` runs with these settings?"""
    return bool(found.Autograde.get("exporter_class") == GRADER)
