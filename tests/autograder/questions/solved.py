"""The solved practicals as functions, for tests that answer their questions."""

from copy import deepcopy
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np

from autograder.build.command import ROOT
from autograder.build.source import read_file
from autograder.questions import Item, cases, judge, question
from convbook.check import call
from convbook.data import Dataset
from convbook.data.standin import draw_standin
from convbook.training import fit as fit  # imported before anything refuses

# The stand-in, small: nobody downloads or trains to ask for a function.
IMAGES: Dataset = draw_standin(20, 20, 0)


@cache
def cells(item_id: str) -> dict[str, str]:
    """Return the code of an item's practical: answers by their item's id, other cells by number."""
    practical = question(item_id.split(".")[0]).assignment
    notebook = read_file(ROOT / "solutions" / practical / f"{practical}.md")
    return {
        cell.metadata.get("answer", f"cell {number}"): cell.source
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    }


def answer(item_id: str, changed: str | None = None) -> Any:
    """Return the function that answers an item, optionally from changed code of its cell."""
    scope: dict[str, Any] = {}
    with patch("convbook.data.cifar10", lambda *_, **__: IMAGES):
        for name, code in cells(item_id).items():
            if not name.endswith(".run"):
                exec(changed if name == item_id and changed is not None else code, scope)
    return scope[item_id.split(".")[1]]


def verdict(item: Item, function: Any, seed: int = 0) -> dict[str, Any]:
    """Return the verdict on a function, called as the grader calls it."""
    drawn = cases(item, np.random.default_rng(seed))
    outcomes = [
        call(function, deepcopy(case.arguments), adapter=item.adapter, forbidden=item.forbidden)
        for case in drawn
    ]
    return judge(item, drawn, outcomes)
