"""From nbgrader's source notebook to the one that students get."""

from __future__ import annotations

import logging
from copy import deepcopy

from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

# nbgrader's own steps, in the order in which `nbgrader generate_assignment` takes them.
PREPROCESSORS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums)

CODE_STUB = "# Write your answer here, and delete the next line.\nraise NotImplementedError"
TEXT_STUB = "*Write your answer here.*"


def release_notebook(source: NotebookNode) -> NotebookNode:
    """Return the student's notebook: stubs for solutions, locked checks, checksums."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    notebook = deepcopy(source)
    for preprocessor in PREPROCESSORS:
        step = preprocessor(config=config)
        step.log.setLevel(logging.ERROR)
        notebook, _ = step.preprocess(notebook, {})
    return notebook
