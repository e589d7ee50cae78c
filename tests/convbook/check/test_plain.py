import collections
import enum
import json

import numpy as np
import pytest
import torch

from convbook.check.compare import difference
from convbook.check.plain import fresh, from_json, plain, show, to_json
from convbook.errors import CheckFailed

Pair = collections.namedtuple("Pair", "rows columns")


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None


class EqualInt(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class LyingList(list):
    def __iter__(self):
        return iter([1, 2])


class LyingTuple(tuple):
    def __iter__(self):
        return iter([7, 7])


class Colour(enum.IntEnum):
    RED = 1


SCALARS = [
    (None, None),
    (True, True),
    (3, 3),
    (2.5, 2.5),
    ("a", "a"),
    (np.int64(3), 3),
    (np.uint8(3), 3),
    (np.float32(0.5), 0.5),
    (np.bool_(True), True),
    (np.array(3), 3),
    (torch.tensor(3), 3),
    (torch.tensor(2.5, requires_grad=True), 2.5),
    (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
]


@pytest.mark.parametrize(("value", "expected"), SCALARS)
def test_numbers_of_any_library_become_python_numbers(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, 2), [1, 2]),
        (Pair(1, 2), [1, 2]),
        (torch.Size([1, 2]), [1, 2]),
        ([np.int64(1), (torch.tensor(2),)], [1, [2]]),
        ({"a": (1,)}, {"a": [1]}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(int, a=np.int64(1)), {"a": 1}),
        ([np.str_("b"), "a"], ["b", "a"]),
        (np.array(["b", "a"]), ["b", "a"]),
        (LyingTuple((1, 2)), [1, 2]),
    ],
)
def test_sequences_become_lists(value, expected):
    assert plain(value) == expected


def test_arrays_and_tensors_become_arrays_of_their_own():
    array = np.arange(6.0).reshape(2, 3)
    copy = plain(array)
    array[:] = 0
    assert type(copy) is np.ndarray
    assert copy.sum() == 15
    for tensor in (torch.ones(2, 3), torch.nn.Parameter(torch.ones(2, 3)), torch.ones(3, 2).T):
        np.testing.assert_array_equal(plain(tensor), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (AlwaysEqual(), "object of type AlwaysEqual"),
        (EqualInt(3), "object of type EqualInt"),
        (LyingList([1]), "object of type LyingList"),
        (Colour.RED, "object of type Colour"),
        (1j, "object of type complex"),
        ({1, 2}, "object of type set"),
        (np.ma.array([1]), "object of type MaskedArray"),
        (np.array([object()]), "array of object"),
        (np.array([1j]), "array of complex128"),
        ([[AlwaysEqual()]], "object of type AlwaysEqual"),
        ({1: 2}, "keys of the dict must be strings: one of them is of type int"),
        ([[[[[[[[[1]]]]]]]]], "more than 8 deep"),
        (torch.nn.Linear(1, 1), "object of type Linear"),
    ],
)
def test_everything_else_is_refused(value, message):
    with pytest.raises(CheckFailed, match=message):
        plain(value)


def test_a_list_that_holds_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(CheckFailed, match="deep"):
        plain(endless)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2.5, "a", True, None],
        {"a": [1], "b": np.arange(6, dtype=np.int32).reshape(2, 3)},
        np.zeros((0, 3)),
        np.array([1.5, np.inf]),
    ],
)
def test_json_brings_back_what_went_in(value):
    back = from_json(json.loads(json.dumps(to_json(value))))
    assert difference(value, back, 0) is None
    assert getattr(back, "dtype", None) == getattr(value, "dtype", None)
    assert getattr(back, "shape", None) == getattr(value, "shape", None)


def test_a_number_that_json_does_not_know_is_brought_back_too():
    value = [float("inf"), {"a": float("-inf"), "b": float("nan")}]
    text = json.dumps(to_json(value), allow_nan=False)
    assert difference(value, from_json(json.loads(text)), 0) is None


def test_a_fresh_value_is_the_same_and_shares_nothing():
    value = {"a": [1, (2.5, [3])], "b": np.arange(4.0), "c": "text"}
    copy = fresh(value)
    assert difference(plain(copy), plain(value), 0) is None
    assert type(copy["a"][1]) is tuple
    copy["a"][1][1].append(4)
    copy["a"].append(5)
    copy["b"][0] = 9
    assert value["a"] == [1, (2.5, [3])]
    assert value["b"][0] == 0


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (3.0, "3.0"),
        (0.123456789, "0.123457"),
        ("a", "'a'"),
        ([1, [2, None]], "[1, [2, None]]"),
        ({"k": 3}, "{'k': 3}"),
        (list(range(500)), "[" + ", ".join(map(str, range(500)))[:297] + " …"),
        (np.array([[1.0, 2.0]]), "array of shape (1, 2):\n[[1. 2.]]"),
        (float("nan"), "nan"),
    ],
)
def test_values_are_shown_short(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize("shape", [(6,) * 8, (2,) * 12, (6,) * 4, (8, 8)], ids=str)
def test_arrays_of_many_axes_are_shown_short(shape):
    written = show(np.full(shape, 1 / 3))
    assert written.startswith(f"array of shape {shape}")
    assert len(written) < 2200


def test_large_arrays_are_shown_by_their_ends():
    written = show(np.zeros((100, 100)))
    assert written.startswith("array of shape (100, 100), first rows:")
    assert len(written) < 500
