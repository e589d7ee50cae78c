"""The solved practical as functions, for tests that answer its questions."""

from functools import cache
from typing import Any

import numpy as np

from autograder.build.command import ROOT
from autograder.build.source import read_file
from autograder.questions import Item, cases, judge
from convbook.check import call

SOURCE = ROOT / "solutions" / "tp1_layers" / "tp1_layers.md"


@cache
def cells() -> dict[str, str]:
    """Return the code of each answer by its item's id, and of the other cells by number."""
    notebook = read_file(SOURCE)
    return {
        cell.metadata.get("answer", f"cell {number}"): cell.source
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    }


def answer(item_id: str, changed: str | None = None) -> Any:
    """Return the function that answers an item, optionally from changed code of its cell."""
    scope: dict[str, Any] = {}
    for name, code in cells().items():
        exec(changed if name == item_id and changed is not None else code, scope)
    return scope[item_id.split(".")[1]]


def verdict(item: Item, function: Any, seed: int = 0) -> dict[str, Any]:
    """Return the verdict on a function, called as the grader calls it."""
    drawn = cases(item, np.random.default_rng(seed))
    outcomes = [
        call(function, case.arguments, adapter=item.adapter, forbidden=item.forbidden)
        for case in drawn
    ]
    return judge(item, drawn, outcomes)
