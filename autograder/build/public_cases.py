"""The public cases of a question, as the JSON that convbook ships."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from autograder.questions import Item, Question
from convbook.check.plain import plain, to_json


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
                "expected": to_json(plain(item.reference(**deepcopy(arguments)))),
            }
            for arguments in item.public
        ],
        "misconceptions": [
            {
                "id": known.id,
                "words": known.words,
                "hint": known.hint,
                "values": [
                    to_json(plain(known.wrong(**deepcopy(arguments)))) for arguments in item.public
                ],
            }
            for known in item.misconceptions
        ],
    }
