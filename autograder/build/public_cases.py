"""The public cases of a question, as the JSON that convbook ships."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from autograder.questions.definition import Arguments, Item, Question
from autograder.questions.grading import compared
from convbook.check.plain import ARRAY, Plain, plain, to_json


def render(question: Question) -> str:
    """Return the text of `convbook/check/cases/QUESTION.json`."""
    head = {"question": question.id, "title": question.title}
    items = ",\n".join(_line(_item(item)) for item in question.items)
    return f'{_line(head)[:-1]}, "items": [\n{items}\n]}}\n'


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "signature": item.signature,
        "adapter": item.adapter,
        **({} if item.measure is None else {"measure": item.measure}),
        "forbidden": list(item.forbidden),
        "tolerance": item.tolerance,
        "cases": [
            {
                "arguments": _compact(to_json(arguments)),
                "expected": _value(item, item.reference, arguments),
            }
            for arguments in item.public
        ],
        "misconceptions": [
            {
                "id": known.id,
                "words": known.words,
                "hint": known.hint,
                "values": [_value(item, known.wrong, arguments) for arguments in item.public],
            }
            for known in item.misconceptions
        ],
    }


def _value(item: Item, function: Callable[..., Plain], arguments: Arguments) -> Any:
    return _compact(to_json(plain(compared(item, function, arguments))))


def _compact(data: Any, *, in_array: bool = False) -> Any:
    """Return JSON data with floats of ten digits: the last bits differ between machines.

    Whole numbers in an array are written without a point, since the array tells its dtype.
    """
    if isinstance(data, float):
        rounded = float(f"{data:.10g}")
        return int(rounded) if in_array and rounded.is_integer() else rounded
    if isinstance(data, list):
        return [_compact(entry, in_array=in_array) for entry in data]
    if isinstance(data, dict):
        return {key: _compact(entry, in_array=ARRAY in data) for key, entry in data.items()}
    return data
