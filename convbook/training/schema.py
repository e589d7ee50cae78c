"""What a record of training must hold, as a table, and the check of a value against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from convbook.errors import TrainingError

SCHEMA_VERSION = 1

Rule = tuple[str, Callable[[Any], bool]]
Schema = Mapping[str, Any]


def is_number(value: Any) -> bool:
    """Is this a number that a float can hold, neither infinite nor NaN?"""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int too large for a float
        return False


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TEXT: Rule = ("a text", lambda v: isinstance(v, str) and v != "")
TEXT_OR_NONE: Rule = ("a text or null", lambda v: v is None or isinstance(v, str))
COUNT: Rule = ("a whole number, 1 or more", lambda v: _whole(v) and v >= 1)
SEED: Rule = ("a whole number, 0 or more", lambda v: _whole(v) and v >= 0)
LOSS: Rule = ("a finite number, 0 or more", lambda v: is_number(v) and v >= 0)
SHARE: Rule = ("a number in [0, 1]", lambda v: is_number(v) and 0 <= v <= 1)
PLACES: Rule = (
    "an object of seeds and texts",
    lambda v: (
        isinstance(v, dict)
        and all(seed.isdecimal() and isinstance(place, str) for seed, place in v.items())
    ),
)
FLAG: Rule = ("true or false", lambda v: isinstance(v, bool))
OBJECT: Rule = ("an object", lambda v: isinstance(v, dict))
VERSION: Rule = (f"{SCHEMA_VERSION}", lambda v: _whole(v) and v == SCHEMA_VERSION)

# A schema is a rule, [schema] for a list of such, or {key: schema} for an object with these keys.
HISTORY: Schema = {
    "schema_version": VERSION,
    "config": OBJECT,  # `Config` checks its own values
    "data": {
        "source": TEXT,
        "fingerprint": TEXT,
        "test_fingerprint": TEXT,
        "n_train": COUNT,
        "n_test": COUNT,
    },
    "device": TEXT,
    "precision": TEXT,
    "threads": COUNT,
    "versions": {"python": TEXT, "torch": TEXT, "convbook": TEXT},
    "commit": TEXT_OR_NONE,
    "date": TEXT,
    "seconds": LOSS,
    "batches": {"every": COUNT, "loss": [LOSS], "accuracy": [SHARE]},
    "epochs": [
        {
            "epoch": COUNT,
            "train_loss": LOSS,
            "train_accuracy": SHARE,
            "test_loss": LOSS,
            "test_accuracy": SHARE,
            "lr": LOSS,
            "seconds": LOSS,
        }
    ],
}

RESULT: Schema = {
    "schema_version": VERSION,
    "experiment": TEXT,
    "title": TEXT,
    "note": TEXT,
    "complete": FLAG,
    "planned": {"seeds": [SEED], "epochs": COUNT},
    "diverged": PLACES,
    "runs": [HISTORY],
}


def check(value: Any, schema: Any, name: str, place: str = "") -> None:
    """Check `value`, read from `name`, against `schema`.

    Raises:
        TrainingError: naming the first field that is missing, unknown or of the wrong kind.
    """
    if isinstance(schema, tuple):
        rule, holds = schema
        if not holds(value):
            _refuse(name, f"{place or 'the whole'} = {_shorten(value)}", f"{place} is {rule}")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            _refuse(name, f"{place} = {_shorten(value)}", f"{place} is a list")
        for i, entry in enumerate(value):
            check(entry, schema[0], name, f"{place}[{i}]")
    else:
        _check_keys(value, schema, name, place)
        for key, inner in schema.items():
            check(value[key], inner, name, f"{place}.{key}" if place else key)


def _check_keys(value: Any, schema: Schema, name: str, place: str) -> None:
    where = place or "the record"
    if not isinstance(value, dict):
        _refuse(name, f"{where} = {_shorten(value)}", f"{where} is an object")
    # Checked first: another version may well have other keys, and that is what to say then.
    if "schema_version" in schema and "schema_version" in value:
        check(value["schema_version"], VERSION, name, "schema_version")
    missing, unknown = set(schema) - set(value), set(value) - set(schema)
    if missing or unknown:
        words = [f"missing {key}" for key in sorted(missing)]
        words += [f"unknown {key}" for key in sorted(unknown, key=str)]
        _refuse(name, f"{where} with " + ", ".join(words), f"{where} has {', '.join(schema)}")


def _shorten(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else words[:57] + "…"


def _refuse(name: str, got: str, rule: str) -> None:
    raise TrainingError(
        f"Reading {name}.",
        got=got,
        rule=rule,
        next_step="the record is damaged, was edited, or is something else: train again",
    )
