"""The public cases of every question, as the data files that the build writes.

A file `cases/QUESTION.json` holds what a student's own check needs and no more: arguments,
expected values and the value of each known mistake on them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from convbook.check.diagnose import Mistake
from convbook.check.plain import Plain, from_json

FOLDER = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class PublicItem:
    """One function that a student writes, with its public cases.

    Attributes:
        id: `QUESTION.FUNCTION`.
        signature: how the function is called.
        adapter: the adapter it is called through, or None.
        measure: the measure that is taken of its values, or None.
        forbidden: dotted names that refuse while it is checked.
        tolerance: allowed difference of numbers that are not whole.
        arguments: the arguments of each case.
        expected: the right value of each case.
        mistakes: the known mistakes with their value on each case.
    """

    id: str
    signature: str
    adapter: str | None
    measure: str | None
    forbidden: tuple[str, ...]
    tolerance: float
    arguments: tuple[dict[str, Plain], ...]
    expected: tuple[Plain, ...]
    mistakes: tuple[Mistake, ...]

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.id.split(".")[1]


def question_ids() -> list[str]:
    """Return the ids of the questions that have public cases, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def question(question_id: str) -> dict[str, PublicItem]:
    """Return the items of a question by the name of their function."""
    data = json.loads((FOLDER / f"{question_id}.json").read_text(encoding="utf-8"))
    items = [_item(entry) for entry in data["items"]]
    return {item.function: item for item in items}


def item(item_id: str) -> PublicItem:
    """Return the item of that id."""
    question_id, _, function = item_id.partition(".")
    return question(question_id)[function]


def _item(entry: dict[str, Any]) -> PublicItem:
    cases = entry["cases"]
    return PublicItem(
        id=entry["id"],
        signature=entry["signature"],
        adapter=entry["adapter"],
        measure=entry.get("measure"),
        forbidden=tuple(entry["forbidden"]),
        tolerance=entry["tolerance"],
        arguments=tuple(from_json(case["arguments"]) for case in cases),
        expected=tuple(from_json(case["expected"]) for case in cases),
        mistakes=tuple(
            Mistake(
                known["id"],
                known["words"],
                known["hint"],
                tuple(from_json(value) for value in known["values"]),
            )
            for known in entry["misconceptions"]
        ),
    )
