"""Plain values cross exactly; nothing else crosses, whoever wrote it."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import struct
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import protocol
from autograder.protocol import (
    FrameReader,
    Message,
    ProtocolError,
    decode,
    encode,
    pack,
    read_frame,
    unpack,
    write_frame,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_come_back_the_same(value: Any) -> None:
    again = decode(unpack(pack(encode(value))))
    assert repr(again) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 3), np.uint8),
        np.array([True, False]),
        np.array(2.5),
    ],
    ids=str,
)
def test_arrays_come_back_the_same(array: np.ndarray[Any, Any]) -> None:
    again = decode(unpack(pack(encode([array, {"a": array}]))))
    for found in (again[0], again[1]["a"]):
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert (found == array).all()


class Same(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def test_a_subclass_comes_back_as_the_exact_type() -> None:
    again = decode(unpack(pack(encode([Same(3), np.int64(4), np.float32(0.5), np.bool_(1)]))))
    assert [type(value) for value in again] == [int, int, float, bool]
    assert again[0] != 5


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1: 2},
        {"a": {3}},
        b"bytes",
        1j,
        np.array([object()]),
        np.array(["text"]),
        np.array([1j]),
        10**500,
        lambda: None,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ProtocolError):
        encode(value)


def test_values_inside_themselves_are_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ProtocolError, match="nested deeper"):
        encode(loop)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    padded = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


EXABYTE = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000000,)}"
HOSTILE_MESSAGES = {
    "pickled array": Message({"value": {"$npy": 0}}, (npy(np.array([{}], dtype=object)),)),
    "pickle": Message({"value": {"$npy": 0}}, (pickle.dumps([1]),)),
    "array that is too large": Message({"value": {"$npy": 0}}, (header(EXABYTE),)),
    "array with code": Message({"value": {"$npy": 0}}, (header("__import__('os').abort()"),)),
    "array of negative size": Message(
        {"value": {"$npy": 0}}, (header(EXABYTE.replace("1", "-1")),)
    ),
    "array of records": Message(
        {"value": {"$npy": 0}}, (npy(np.zeros(2, dtype=[("a", "f8"), ("b", "i4")])),)
    ),
    "array that is not there": Message({"value": {"$npy": 7}}),
    "array by negative place": Message({"value": {"$npy": -1}}, (npy(np.zeros(1)),)),
    "array by a bool": Message({"value": {"$npy": True}}, (npy(np.zeros(1)), npy(np.zeros(1)))),
    "unknown tag": Message({"value": {"$pickle": 0}}),
    "two tags": Message({"value": {"$npy": 0, "$dict": []}}),
    "float that is text": Message({"value": {"$float": "1e5"}}),
    "dict of no pairs": Message({"value": {"$dict": [["a"]]}}),
    "dict with a number for a key": Message({"value": {"$dict": [[1, 2]]}}),
    "more keys": Message({"value": 1, "points": 1000}),
    "no value": Message({}),
}


@pytest.mark.parametrize("name", HOSTILE_MESSAGES)
def test_hostile_values_are_refused(name: str) -> None:
    message = HOSTILE_MESSAGES[name]
    with pytest.raises(ProtocolError):
        decode(unpack(pack(message)))


def with_json(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x01",
        struct.pack("<I", 2**31) + b"{}",
        with_json(b"[]"),
        with_json(b"{"),
        with_json(b"\xff\xfe"),
        with_json(b"[" * 200_000),
        with_json(b'{"value": ' + b"9" * 5000 + b"}"),
        with_json(b"{}") + b"\x00",
        with_json(b"{}" + b" " * protocol.MAX_JSON),
    ],
    ids=range(10),
)
def test_hostile_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack(frame)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(frame: bytes) -> None:
    try:
        message = unpack(frame)
    except ProtocolError:
        return
    assert type(message.body) is dict


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "-1e999"])
def test_numbers_out_of_range_in_json_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode(Message({"value": json.loads(text)}))


def test_not_finite_floats_cross() -> None:
    values = decode(unpack(pack(encode([math.nan, math.inf, -math.inf]))))
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_frames_cross_a_pipe_in_pieces() -> None:
    read, write = os.pipe()
    frames = [b"a" * 200_000, b"", b"b"]
    writer = threading.Thread(target=lambda: [write_frame(write, frame) for frame in frames])
    writer.start()
    assert [read_frame(read) for _ in frames] == frames
    writer.join()
    os.close(write)
    assert read_frame(read) is None
    os.close(read)


def test_reader_refuses_a_frame_beyond_its_limit_before_it_comes() -> None:
    reader = FrameReader(limit=100)
    assert reader.feed(b"\x02\x00") == []
    assert reader.feed(b"\x00\x00ab") == [b"ab"]
    with pytest.raises(ProtocolError, match="larger than 100"):
        reader.feed(struct.pack("<I", 101))
