"""Every text that a plot, a widget or a check shows, from one table.

The table is `texts.json`; another language is another table of the same keys.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from convbook.errors import ConvbookError

TABLE = Path(__file__).with_name("texts.json")


@cache
def _table() -> dict[str, Any]:
    return dict(json.loads(TABLE.read_text(encoding="utf-8")))


def _entry(key: str) -> Any:
    entry: Any = _table()
    for part in key.split("."):
        if not isinstance(entry, dict) or part not in entry:
            raise ConvbookError(
                "Looking up a text.",
                got=f"key {key!r}",
                rule=f"keys are the dotted names in {TABLE.name}",
                next_step="correct the key, or add its text to the table",
            )
        entry = entry[part]
    return entry


def text(key: str, **values: object) -> str:
    """Return the text at `key`, with `{names}` in it replaced by `values`."""
    return str(_entry(key)).format(**values)


def texts(key: str) -> dict[str, str]:
    """Return the section of texts at `key`, as a widget's `texts` state."""
    return {name: str(entry) for name, entry in _entry(key).items()}
