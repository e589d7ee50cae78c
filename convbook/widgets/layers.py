"""Layers of `convbook.shapes` as plain dicts, the state of the widgets that show networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from convbook import shapes
from convbook.errors import ShapeError

_CLASSES: dict[str, type[shapes.Layer]] = {
    cls.__name__: cls
    for cls in (
        shapes.Conv,
        shapes.Pool,
        shapes.ReLU,
        shapes.Tanh,
        shapes.Scale,
        shapes.Softmax,
        shapes.BatchNorm,
        shapes.Dropout,
        shapes.Flatten,
        shapes.Linear,
        shapes.GlobalPool,
        shapes.GlobalAvgPool,
        shapes.Residual,
        shapes.Parallel,
    )
}


def to_dict(layer: shapes.Layer | Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer as {"type": "Conv", "channels": 32, ...}, blocks with their layers inside.

    Raises:
        ShapeError: a layer of no known type, or with numbers that it cannot have.
    """
    if not isinstance(layer, shapes.Layer):
        layer = from_dict(layer)
    plain: dict[str, Any] = {"type": type(layer).__name__}
    for field in fields(layer):
        plain[field.name] = _plain(getattr(layer, field.name))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, shapes.Layer):
        return to_dict(value)
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def from_dict(plain: Mapping[str, Any]) -> shapes.Layer:
    """Return the layer that `to_dict` wrote.

    Raises:
        ShapeError: a layer of no known type, or with numbers that it cannot have.
    """
    known = dict(plain) if isinstance(plain, Mapping) else {}
    cls = _CLASSES.get(str(known.pop("type", "")))
    names = {field.name for field in fields(cls)} if cls else set()
    if cls is None or not set(known) <= names:
        raise ShapeError(
            "Reading a layer.",
            got=repr(plain),
            rule=f"type is one of {', '.join(_CLASSES)}; the rest are that class's own fields",
            next_step='write it like {"type": "Conv", "channels": 32, "kernel_size": 5}',
        )
    try:
        return cls(**{name: _value(name, value) for name, value in known.items()})
    except TypeError as error:
        raise ShapeError(
            "Reading a layer.",
            got=repr(plain),
            rule=str(error),
            next_step="give the fields that have no default",
        ) from None


def _value(name: str, value: Any) -> Any:
    if name in ("layers", "shortcut"):
        return from_dicts(value)
    if name == "branches":
        return tuple(from_dicts(branch) for branch in value)
    return tuple(value) if isinstance(value, list) else value


def to_dicts(layers: Iterable[shapes.Layer | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each layer as a dict."""
    return [to_dict(layer) for layer in layers]


def from_dicts(plain: Iterable[Mapping[str, Any]]) -> tuple[shapes.Layer, ...]:
    """Return each dict as a layer."""
    return tuple(from_dict(layer) for layer in plain)
