"""The result of one submission: one JSON file, checked against a schema on every way."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from convbook.errors import GradingError

SCHEMA_VERSION = 4
STATES = ("graded", "partly graded", "needs review")

Result = dict[str, Any]

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}  # 50 times as fast to check as "anyOf"
_POINTS = {"type": "number", "minimum": 0}


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _or_null(schema: Any) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, schema]}


_PUBLIC_FAILURE = _object(
    public={"const": True},
    arguments={"type": "object", "additionalProperties": _TEXT},
    expected=_TEXT,
    got=_TEXT_OR_NULL,
    problem=_TEXT,
)
_HIDDEN_FAILURE = _object(public={"const": False})
_HASHES = {"type": "object", "additionalProperties": _TEXT}
# Of a training run: why a person must mark it, what a reader of its mark must know, and the
# hashes of its weights and of its curve, by which a copy is found; of a sweep, those of each run.
_RUN = _object(
    name=_TEXT,
    due=_TEXT,
    notes=_list(_TEXT),
    budget=_TEXT,
    images=_TEXT,
    measured=_TEXT,
    weights=_HASHES,
    curve=_HASHES,
)
_ITEM = _object(
    id=_TEXT,
    points=_POINTS,
    max_points=_POINTS,
    passed={"type": "boolean"},
    cases=_list(
        _object(public={"type": "boolean"}, passed={"type": "boolean"}, problem=_TEXT_OR_NULL)
    ),
    first_failure=_or_null({"anyOf": [_PUBLIC_FAILURE, _HIDDEN_FAILURE]}),
    misconception=_TEXT_OR_NULL,
    words=_TEXT,
    hint=_TEXT,
    run=_or_null(_RUN),
)
_CELL = _object(
    name=_TEXT,
    status={"enum": ["ok", "error", "died", "timeout"]},
    error=_TEXT,
    output=_TEXT,
    cut={"type": "boolean"},
    pictures=_list({"type": "string", "pattern": "^iVBORw0KGgo[A-Za-z0-9+/]+={0,2}$"}),
    lost=_TEXT,
)
_PROSE = _object(
    grade_id=_TEXT, max_points=_POINTS, answered={"type": "boolean"}, hash=_TEXT, source=_TEXT
)
SCHEMA = _object(
    schema_version={"const": SCHEMA_VERSION},
    assignment=_TEXT,
    student=_TEXT,
    submission_hash=_TEXT,
    grader_version=_TEXT,
    sandbox={"enum": ["bubblewrap", "none"]},
    state={"enum": list(STATES)},
    reason=_TEXT,
    timestamp=_TEXT_OR_NULL,
    seconds={"type": "number", "minimum": 0},
    points=_POINTS,
    max_points=_POINTS,
    items=_list(_ITEM),
    cells=_list(_CELL),
    prose=_list(_PROSE),
    repairs=_list(_TEXT),
    recorded={"type": "boolean"},
)


@cache
def _check() -> Callable[[Any], Any]:
    """Return the function that raises at the first mistake of a result, compiled from SCHEMA."""
    import fastjsonschema  # 50 times as fast as jsonschema, which every submission would notice

    return fastjsonschema.compile(SCHEMA)  # type: ignore[no-any-return]


def validate(result: Result) -> Result:
    """Return a result that keeps to the schema and adds up, or raise GradingError."""
    try:
        _check()(result)
    except ValueError as error:
        raise _wrong(result, str(error)[:300]) from None
    if any(item["points"] > item["max_points"] for item in result["items"]):
        raise _wrong(result, "an item with more points than it is worth")
    total = sum(item["points"] for item in result["items"])
    if abs(total - result["points"]) > 1e-9:
        raise _wrong(result, f"{result['points']:g} points, where its items give {total:g}")
    if (result["state"] == "graded") != (result["reason"] == ""):
        raise _wrong(result, "every state but 'graded' has a reason, and that one has none")
    return result


def _wrong(result: Result, got: str) -> GradingError:
    student = result.get("student") if isinstance(result, dict) else None
    return GradingError(
        f"Checking the result of {student!r}.",
        got=got,
        rule="a result keeps to autograder.marking.result.SCHEMA",
        next_step="grade this submission again with --force",
    )


def save(result: Result, path: Path) -> None:
    """Write a result, whole or not at all."""
    write_whole(path, json.dumps(validate(result), ensure_ascii=False) + "\n")


def load(path: Path) -> Result | None:
    """Read a result; None where there is none, or none that keeps to the schema."""
    try:
        return validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, GradingError):
        return None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever finds half of it.

    What is no Unicode text (half of a surrogate pair, which JSON allows) becomes a question mark.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            os.fchmod(fd, 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
