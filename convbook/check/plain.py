"""Plain values: the only things a check compares.

An answer may come as a Python number, a NumPy number, a tensor, a tuple, … It is turned into a
plain value first, by its exact type. So a comparison never runs a method that an answer brought
along, and the same words are said about `3`, `np.int64(3)` and `torch.tensor(3)`.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from convbook.errors import CheckFailed
from convbook.texts import text

# A plain value: None, bool, int, float, str, a numeric array, or a list or dict of plain values.
Plain = Any

# What stands for the output of a layer that cannot take its input.
FAILED = "cannot be computed"
# What a network's scores are when they depend on no other image.
STEADY = "the same with another image beside"
# And what they are when no layer behaves differently in train mode.
ALIKE = "the same in train mode"
# What stands for the answer of a function that refuses its arguments, as it should.
REFUSED = "raises ValueError"
MAX_DEPTH = 8
MOST_AXES, MOST_ROWS = 4, 2000  # of an array that is shown: axes, characters
_EXACT = (type(None), bool, int, float, str)
_NUMBERS = tuple({np.bool_, *(np.dtype(code).type for code in "bBhHiIlLqQefd")})
ARRAY = "__array__"  # the key that marks an array in JSON
FLOAT = "__float__"  # and the one that marks a number that JSON does not know: nan, inf, -inf


def plain(value: Any, *, depth: int = 0) -> Plain:
    """Turn an answer into a plain value.

    Args:
        value: what a student's function returned.
        depth: how many lists and dicts are around it.

    Returns:
        None, bool, int, float, str, an array of numbers, or a list or dict of plain values.
        Arrays and tensors without axes become numbers, tuples become lists.

    Raises:
        CheckFailed: `value` is, or holds, something that is none of these.
    """
    kind: type[Any] = type(value)
    if kind in _EXACT:
        return value
    if kind in _NUMBERS:
        return value.item()
    if kind is np.str_:
        return str.__str__(value)
    if kind is np.ndarray:
        return _plain_array(value)
    if depth >= MAX_DEPTH:
        raise CheckFailed(text("check.too_deep", limit=MAX_DEPTH))
    if kind is list or tuple in kind.__mro__:
        items = (list if kind is list else tuple).__iter__(value)
        return [plain(item, depth=depth + 1) for item in items]
    if dict in kind.__mro__:
        return {_key(key): plain(item, depth=depth + 1) for key, item in dict.items(value)}
    torch = sys.modules.get("torch")
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        return _plain_tensor(value)
    raise CheckFailed(text("check.not_plain", kind=kind.__name__))


def _plain_array(array: np.ndarray) -> Plain:
    if array.dtype.kind == "U":
        return array.tolist()
    if array.dtype.kind not in "biuf":
        raise CheckFailed(text("check.not_numbers", dtype=array.dtype))
    return array.item() if array.ndim == 0 else np.array(array, copy=True, order="C")


def _plain_tensor(tensor: Any) -> Plain:
    detached = tensor.detach().cpu()
    if str(detached.dtype) == "torch.bfloat16":
        detached = detached.float()
    return _plain_array(detached.resolve_conj().resolve_neg().numpy())


def fresh(value: Plain) -> Plain:
    """Return a copy of a plain value that shares no list, dict or array with it.

    A tuple, which arguments may hold, stays one. Four times as fast as `copy.deepcopy`.
    """
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)([fresh(item) for item in value])
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return value


def _key(key: object) -> str:
    if type(key) is not str:
        raise CheckFailed(text("check.not_a_key", kind=type(key).__name__))
    return key


def to_json(value: Plain) -> Any:
    """Return a plain value as JSON data; an array becomes a dict of its dtype and its rows."""
    if isinstance(value, np.ndarray):
        return {ARRAY: value.tolist(), "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if type(value) is float and not math.isfinite(value):
        return {FLOAT: str(value)}
    return value


def from_json(data: Any) -> Plain:
    """Return the plain value that `to_json` wrote."""
    if isinstance(data, list):
        return [from_json(item) for item in data]
    if isinstance(data, dict) and FLOAT in data:
        return float(data[FLOAT])
    if isinstance(data, dict) and ARRAY in data:
        return np.array(data[ARRAY], dtype=data["dtype"]).reshape(data["shape"])
    if isinstance(data, dict):
        return {key: from_json(item) for key, item in data.items()}
    return data


def show(value: Plain, *, limit: int = 300) -> str:
    """Return a plain value as a reader sees it: short, arrays with their shape."""
    if isinstance(value, np.ndarray):
        some = value if value.ndim <= MOST_AXES else value.reshape(-1)[:64]
        rows = np.array2string(some, precision=4, suppress_small=True, threshold=64, edgeitems=3)
        rows = rows if len(rows) <= MOST_ROWS else f"{rows[:MOST_ROWS]} …"
        written = f"array of shape {value.shape}"
        return f"{written}:\n{rows}" if value.size <= 64 else f"{written}, first rows:\n{rows}"
    if isinstance(value, dict):
        written = "{" + ", ".join(f"{key!r}: {show(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, list):
        written = "[" + ", ".join(show(item) for item in value) + "]"
    else:
        written = f"{value:.6g}" if type(value) is float and value % 1 else repr(value)
    return written if len(written) <= limit else f"{written[: limit - 2]} …"
