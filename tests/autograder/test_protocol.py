"""Plain values cross exactly; nothing else crosses, whoever wrote it."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import pickle
import struct
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox.inside import protocol
from autograder.sandbox.inside.protocol import (
    FrameReader,
    Message,
    ProtocolError,
    decode,
    encode,
    framed,
    pack,
    pack_answer,
    place_of,
    read_frame,
    unpack,
    write_all,
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


@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3, 4), (1,) * 12, (10**6,)], ids=str)
def test_arrays_cross_as_numpy_writes_them(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
    (blob,) = encode(array).blobs
    assert blob == npy(array)
    assert (np.load(io.BytesIO(blob)) == array).all()


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
    "array named twice": Message({"value": [{"$npy": 0}, {"$npy": 0}]}, (npy(np.zeros(1)),)),
    "arrays out of order": Message(
        {"value": [{"$npy": 1}, {"$npy": 0}]}, (npy(np.zeros(1)), npy(np.zeros(1)))
    ),
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


BLOBS = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda descr, fortran, shape, data: header(
            f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}", data
        ),
        st.sampled_from(
            ["<f8", ">i2", "|b1", "|u1", "<f2", "<f16", "<f3", "|i8", "|O", "<U1", "<c8", "f4,i2"]
        ),
        st.sampled_from([True, False, 2]),
        st.lists(st.integers(-1, 2**70) | st.integers(0, 3), max_size=14).map(tuple),
        st.binary(max_size=40),
    ),
)
TAGGED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$dict", "$npy", "$float", "$pickle"]), inner)
        | st.builds(lambda inner: {"$dict": [["key", inner]]}, inner)
        | st.builds(lambda place: {"$npy": place}, st.integers(-1, 3))
    ),
    max_leaves=12,
)


def is_plain(value: object) -> bool:
    if type(value) is list:
        return all(is_plain(part) for part in value)
    if type(value) is dict:
        return all(type(key) is str and is_plain(part) for key, part in value.items())
    if type(value) is np.ndarray:
        return value.dtype.kind in "biuf" and value.dtype.isnative
    return value is None or type(value) in (bool, int, float, str)


@given(TAGGED, st.lists(BLOBS, max_size=3))
def test_any_message_is_a_plain_value_or_refused(value: Any, blobs: list[bytes]) -> None:
    text = json.dumps({"value": value}).encode()
    frame = b"".join(struct.pack("<I", len(part)) + part for part in (text, *blobs))
    try:
        decoded = decode(unpack(frame))
    except ProtocolError:
        return
    assert is_plain(decoded)
    assert repr(decode(unpack(pack(encode(decoded))))) == repr(decoded)


@given(st.data())
def test_any_change_to_a_message_is_a_plain_value_or_refused(data: st.DataObject) -> None:
    frame = bytearray(pack(encode([1.5, {"a": np.arange(6).reshape(2, 3)}, "text", None])))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode(unpack(bytes(frame)))
    except ProtocolError:
        return
    assert is_plain(decoded)


@given(st.lists(st.integers(0, 2**70) | st.just(0), min_size=1, max_size=14), BLOBS)
def test_any_shape_of_an_array_is_an_array_or_refused(shape: list[int], data: bytes) -> None:
    blob = header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}", data)
    with contextlib.suppress(ProtocolError):
        assert is_plain(decode(Message({"value": {"$npy": 0}}, (blob,))))


GREEDY = {
    "empty lists": b"[" + b"[]," * 200_000 + b"[]]",
    "small dicts": b'{"$dict":[' + b'["a",{"$dict":[["",0]]}],' * 30_000 + b'["a",0]]}',
    "tags": b"[" + b'{"$dict":[]},' * 50_000 + b"0]",
    "unknown tags": b"[" + b'{"":0},' * 100_000 + b"0]",
    "floats": b"[" + b"1e1," * 200_000 + b"0]",
    "names": b'{"$dict":[' + b",".join(b'["%x",0]' % k for k in range(60_000)) + b"]}",
    "text": b'"' + b"\\u0101" * 100_000 + b'"',
}


@pytest.mark.parametrize("name", GREEDY)
def test_decoding_takes_memory_in_proportion(name: str) -> None:
    """At most `MEMORY_FACTOR` bytes for each byte of JSON, so that MAX_JSON bounds it."""
    frame = with_json(b'{"value":' + GREEDY[name] + b"}")
    tracemalloc.start()
    with contextlib.suppress(ProtocolError):
        decode(unpack(frame))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < protocol.MEMORY_FACTOR * len(frame)


def test_decoding_an_array_takes_its_size_a_few_times() -> None:
    frame = pack(encode(np.zeros(2**20)))
    tracemalloc.start()
    decode(unpack(frame))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(frame)


def test_the_order_of_bytes_is_made_the_machines() -> None:
    swapped = np.arange(3, dtype=np.int32).astype(">i4")
    decoded = decode(unpack(pack(encode(swapped))))
    assert (decoded.dtype, decoded.tolist()) == (np.dtype("int32"), [0, 1, 2])


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
    data = b"".join(map(framed, frames))
    writer = threading.Thread(target=write_all, args=(write, data))
    writer.start()
    assert [read_frame(read) for _ in frames] == frames
    writer.join()
    os.close(write)
    assert read_frame(read) is None
    os.close(read)


def test_an_answer_says_what_it_answers() -> None:
    message = Message({"outcome": "value"}, (b"x",))
    (frame,) = FrameReader().feed(pack_answer(7, 2, message))
    place, content = place_of(frame)
    assert (place, unpack(content)) == ((7, 2), message)
    with pytest.raises(ProtocolError, match="does not say what it answers"):
        place_of(b"1234567")


def test_reader_refuses_a_frame_beyond_its_limit_before_it_comes() -> None:
    reader = FrameReader(limit=100)
    assert reader.feed(b"\x02\x00") == []
    assert reader.feed(b"\x00\x00ab") == [b"ab"]
    with pytest.raises(ProtocolError, match="larger than 100"):
        reader.feed(struct.pack("<I", 101))
