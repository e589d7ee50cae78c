"""The public cases of a question, as the JSON that convbook ships."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from autograder.questions.definition import Arguments, Item, Question
from convbook.check.plain import Plain, plain, to_json


def render(question: Question) -> str:
    """Return the text of `convbook/check/cases/QUESTION.json`."""
    data = {
        "built_from": f"autograder/questions/{question.id}.py",
        "question": question.id,
        "title": question.title,
        "items": [_item(item) for item in question.items],
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "signature": item.signature,
        "adapter": item.adapter,
        "forbidden": list(item.forbidden),
        "tolerance": item.tolerance,
        "cases": [
            {
                "arguments": to_json(arguments),
                "expected": _value(item.reference, arguments),
            }
            for arguments in item.public
        ],
        "misconceptions": [
            {
                "id": known.id,
                "words": known.words,
                "hint": known.hint,
                "values": [_value(known.wrong, arguments) for arguments in item.public],
            }
            for known in item.misconceptions
        ],
    }


def _value(function: Callable[..., Plain], arguments: Arguments) -> Any:
    return _rounded(to_json(plain(function(**deepcopy(arguments)))))


def _rounded(data: Any) -> Any:
    """Return JSON data with floats of ten digits: the last bits differ between machines."""
    if isinstance(data, float):
        return float(f"{data:.10g}")
    if isinstance(data, list):
        return [_rounded(entry) for entry in data]
    if isinstance(data, dict):
        return {key: _rounded(entry) for key, entry in data.items()}
    return data
