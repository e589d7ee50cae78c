"""Messages between the processes of the grader, and the plain values they carry.

A message is one frame on a pipe: `u32 length`, a JSON document and blobs, each with its length.
A *plain value* is None, a bool, an int, a float, a str, a list, a dict with str keys or a numeric
numpy array; nothing else crosses. Whatever is read comes out as exactly these types, whoever wrote
it, so that no object of a student is ever compared, printed or unpickled by the grader.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAX_FRAME = 64 * 2**20  # bytes in one message
MAX_JSON = 4 * 2**20  # bytes of JSON in one message
MAX_DEPTH = 32  # lists and dicts inside each other
MAX_DIGITS = 400  # of an int: 1000! has 2568, a size of a layer at most 20
MAX_NDIM = 12
MEMORY_FACTOR = 64  # bytes of memory that decoding takes at most for one byte of JSON
_U32 = struct.Struct("<I")
_PLACE = struct.Struct("<II")
_LARGEST = 10**MAX_DIGITS
# The one form of header that NumPy gives an array in C's order. Reading it with NumPy, which takes
# any Python literal, took 15 times as long: a tenth of the time of a submission.
_NPY, _LENGTH, _ALIGNED = b"\x93NUMPY\x01\x00", struct.Struct("<H"), 64
_HEADER = re.compile(
    rb"\{'descr': '([<>|][biuf][0-9]{1,2})', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,19}, ?)*[0-9]{0,19})\), \} *\n"
)


class ProtocolError(Exception):
    """Bytes that are no message, or a value that is not plain."""


@dataclass(frozen=True)
class Message:
    """One message: a JSON document and the binary blobs it refers to by position."""

    body: dict[str, Any]
    blobs: tuple[bytes, ...] = field(default=())


def pack(message: Message) -> bytes:
    """Return the bytes of `message`, without the length of the frame."""
    return b"".join(_parts(message))


def _parts(message: Message) -> list[bytes]:
    text = json.dumps(message.body, allow_nan=False, separators=(",", ":")).encode()
    parts = [_U32.pack(len(text)), text]
    for blob in message.blobs:
        parts += [_U32.pack(len(blob)), blob]
    return parts


def unpack(frame: bytes, max_json: int = MAX_JSON) -> Message:
    """Return the message in `frame`, or raise ProtocolError; never anything else."""
    text, blobs = _split(frame, max_json)
    try:
        body = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {type(error).__name__}") from None
    if type(body) is not dict:
        raise ProtocolError("a message is a JSON object")
    return Message(body, blobs)


def _split(frame: bytes, max_json: int) -> tuple[bytes, tuple[bytes, ...]]:
    pieces, at = [], 0
    while at < len(frame):
        if at + 4 > len(frame):
            raise ProtocolError("a frame ends inside a length")
        (size,) = _U32.unpack_from(frame, at)
        at += 4
        if at + size > len(frame):
            raise ProtocolError("a frame is shorter than it says")
        pieces.append(bytes(frame[at : at + size]))
        at += size
    if not pieces or len(pieces[0]) > max_json:
        raise ProtocolError("a frame begins with its JSON, of a limited size")
    return pieces[0], tuple(pieces[1:])


def framed(*parts: bytes) -> bytes:
    """Return a frame, given in parts, as it goes over a pipe: its length before it."""
    size = sum(map(len, parts))
    if size > MAX_FRAME:
        raise ProtocolError(f"a message of {size} bytes is larger than {MAX_FRAME}")
    return b"".join((_U32.pack(size), *parts))


def write_all(fd: int, data: bytes) -> None:
    """Write all of it to a blocking file descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def read_frame(fd: int) -> bytes | None:
    """Read one frame from a blocking file descriptor; None at its end."""
    head = _read_exactly(fd, 4)
    if head is None:
        return None
    (size,) = _U32.unpack(head)
    if size > MAX_FRAME:
        raise ProtocolError(f"a message of {size} bytes is larger than {MAX_FRAME}")
    return _read_exactly(fd, size)


def _read_exactly(fd: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def pack_request(message: Message) -> bytes:
    """Return the frame of a request, with its length."""
    return framed(*_parts(message))


def pack_answer(number: int, at: int, message: Message) -> bytes:
    """Return the frame of an answer, with its length: which request, which of its answers, what."""
    return framed(_PLACE.pack(number, at), *_parts(message))


def place_of(frame: bytes) -> tuple[tuple[int, int], bytes]:
    """Return what an answer answers, the number of a request and its place, and its message.

    Raises:
        ProtocolError: the frame is too short for that.
    """
    if len(frame) < _PLACE.size:
        raise ProtocolError("an answer that does not say what it answers")
    return _PLACE.unpack_from(frame), frame[_PLACE.size :]


class FrameReader:
    """Takes bytes as they come and hands out whole frames, never holding more than one's size."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that `data` completes."""
        self._buffer += data
        frames, at, end = [], 0, len(self._buffer)
        while end - at >= 4:
            (size,) = _U32.unpack_from(self._buffer, at)
            if size > self._limit:
                raise ProtocolError(f"a message of {size} bytes is larger than {self._limit}")
            if end - at - 4 < size:
                break
            frames.append(bytes(self._buffer[at + 4 : at + 4 + size]))
            at += 4 + size
        del self._buffer[:at]
        return frames


def encode(value: object) -> Message:
    """Return a plain value as a message; tuples become lists, scalars of numpy Python's.

    Raises:
        ProtocolError: the value is not plain; the message names its type.
    """
    blobs: list[bytes] = []
    body = {"value": _encode(value, blobs, 0)}
    return Message(body, tuple(blobs))


def _encode(value: object, blobs: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ProtocolError(f"a value nested deeper than {MAX_DEPTH} lists or dicts")
    if value is None or type(value) is bool or type(value) is str:
        return value
    if type(value) is int:
        return _encode_int(value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return _encode_int(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"$float": repr(number)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (list, tuple)):
        return [_encode(part, blobs, depth + 1) for part in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ProtocolError("a dict whose keys are not all text")
        return {"$dict": [[str(k), _encode(v, blobs, depth + 1)] for k, v in value.items()]}
    blobs.append(_npy(_as_array(value)))
    return {"$npy": len(blobs) - 1}


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    """Return the bytes of a file of an array, as `np.load` reads it."""
    kind, shape = array.dtype.str, array.shape
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    ahead = len(_NPY) + _LENGTH.size
    room = -(-(ahead + len(header) + 1) // _ALIGNED) * _ALIGNED - ahead
    return _NPY + _LENGTH.pack(room) + header.ljust(room - 1) + b"\n" + array.tobytes()


def _encode_int(number: int) -> int:
    if abs(number) >= _LARGEST:
        raise ProtocolError(f"an int of more than {MAX_DIGITS} digits")
    return number


def _as_array(value: object) -> np.ndarray[Any, Any]:
    if hasattr(value, "detach"):  # a torch tensor, without importing torch here
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        kind = type(value).__name__
        dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
        raise ProtocolError(f"{kind}{dtype}, where a number, text, list, dict or array is due")
    return np.asarray(value, order="C")


def decode(message: Message) -> Any:
    """Return the plain value of a message, in exact plain types, or raise ProtocolError."""
    if set(message.body) != {"value"}:
        raise ProtocolError("a value message has the one key 'value'")
    return _decode(message.body["value"], _Blobs(message.blobs), 0)


class _Blobs:
    """The blobs of a value, which refers to each of them once, in their order, as `encode` does.

    A value that named one blob many times would take memory without limit.
    """

    def __init__(self, blobs: Sequence[bytes]) -> None:
        self._blobs, self._taken = blobs, 0

    def take(self, number: Any) -> bytes:
        if type(number) is not int or number != self._taken or number >= len(self._blobs):
            raise ProtocolError("an array that is not there, or not in its turn")
        self._taken += 1
        return self._blobs[number]


def _decode(value: Any, blobs: _Blobs, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ProtocolError(f"a value nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        return [_decode(part, blobs, depth + 1) for part in value]
    if not isinstance(value, dict):
        if type(value) is int:
            _encode_int(value)
        if type(value) is float and not math.isfinite(value):
            raise ProtocolError("a bare NaN or infinity")
        return value
    if len(value) != 1:
        raise ProtocolError("an unknown tag")
    ((tag, content),) = value.items()
    decoder = _TAGS.get(tag)
    if decoder is None:
        raise ProtocolError("an unknown tag")
    return decoder(content, blobs, depth)


def _decode_dict(content: Any, blobs: _Blobs, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for pair in content if isinstance(content, list) else [None]:
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not str:
            raise ProtocolError("a dict is a list of pairs of a text and a value")
        result[pair[0]] = _decode(pair[1], blobs, depth + 1)
    return result


def _decode_float(content: Any, _blobs: _Blobs, _depth: int) -> float:
    if content not in ("nan", "inf", "-inf"):
        raise ProtocolError("a float out of JSON's range is nan, inf or -inf")
    return float(content)


def _decode_npy(content: Any, blobs: _Blobs, _depth: int) -> np.ndarray[Any, Any]:
    blob = blobs.take(content)
    start = len(_NPY) + _LENGTH.size
    if not blob.startswith(_NPY) or len(blob) < start:
        raise ProtocolError("not an npy array")
    end = start + _LENGTH.unpack_from(blob, len(_NPY))[0]
    header = _HEADER.fullmatch(blob, start, end)
    if header is None or end > len(blob):
        raise ProtocolError("not an npy array with a header as NumPy writes it")
    shape = tuple(int(side) for side in header[2].split(b",") if side.strip())
    try:
        dtype = np.dtype(header[1].decode())
    except (TypeError, ValueError):
        raise ProtocolError("an array of an unknown kind of numbers") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 16:
        raise ProtocolError(f"an array of {dtype.kind!r} is not numeric")
    # Also where a 0 makes it an empty one.
    if len(shape) > MAX_NDIM or math.prod(n for n in shape if n) > MAX_FRAME:
        raise ProtocolError("an array of an impossible shape")
    if math.prod(shape) * dtype.itemsize != len(blob) - end:
        raise ProtocolError("an array whose size is not that of its data")
    array = np.frombuffer(blob, dtype=dtype, offset=end)
    # In the machine's own order of bytes, and not in the memory of the message.
    return array.reshape(shape).astype(dtype.newbyteorder("="))


_TAGS: dict[str, Callable[[Any, _Blobs, int], Any]] = {
    "$dict": _decode_dict,
    "$float": _decode_float,
    "$npy": _decode_npy,
}
