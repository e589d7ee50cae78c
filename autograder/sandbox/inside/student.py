"""The process in which a student's cells and functions run, inside the sandbox.

It answers one request after the other: run this cell, call this function with these arguments.
Nothing here is trusted by the grader: a student's code can change all of it. What leaves is bytes,
which the checker reads with `protocol.decode`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import (
    Message,
    ProtocolError,
    decode,
    encode,
    pack,
    pack_answer,
    read_frame,
    unpack,
    write_all,
)
from convbook.check import public
from convbook.check.call import call as call_function

MAX_TEXT = 2000  # characters of an error's message
WARM_UP = "import matplotlib.pyplot\nmatplotlib.pyplot.plot([0, 1])\ndel matplotlib"  # loads fonts
TIMEOUT = Message({"outcome": "timeout"})
# Answers to calls go out together: they are of one item, which a call that hangs fails as a whole.
HELD_SECONDS, HELD_BYTES = 0.05, 64 * 1024
PRELOADED = (
    "matplotlib.pyplot",
    "torch.nn.functional",
    "torch.nested._internal.nested_tensor",  # which `backward` imports
    "convbook.check.adapters",
)


class TimeUp(BaseException):
    """Raised in a call that took too long; not an Exception, so that few loops swallow it."""


_shell: Any = None
_run: Any = None  # kept apart from the shell, where a notebook may replace it


def preload() -> None:
    """Load what notebooks import, and make the shell, once for all students."""
    global _shell, _run
    import torch
    from matplotlib import font_manager

    from autograder.sandbox.inside.shell import Shell

    torch.set_num_threads(1)
    torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2, 2))  # lazy set-up
    for name in PRELOADED:
        import_module(name)
    sys.stdin = None
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    _shell = Shell.instance(user_module=module)
    _shell.enable_matplotlib("inline")
    _run = _shell.run
    _run(WARM_UP)
    vars(font_manager)["_get_font"].cache_clear()  # each holds a file open: children close all
    _practise()


def _practise() -> None:
    """Go the way of a submission's calls once, on public cases: children find all of it warm."""
    from torch import nn, zeros

    for question in public.question_ids():
        for item in public.question(question).values():
            for arguments in item.arguments:
                values = decode(unpack(pack(encode(arguments))))
                call_function(
                    lambda *_, **__: 0, values, adapter=item.adapter, forbidden=item.forbidden
                )
    # Last: what was learned of a type is forgotten when another abstract base class is registered.
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 1))(
        zeros(1, 1, 4, 4)
    )


def draw() -> None:
    """Draw the stand-in's images once for all students whose notebooks load them."""
    from convbook.data import standin

    standin()


def main(requests: int, responses: int, limits: Limits) -> None:
    """Answer requests until their pipe ends."""
    sys.path.insert(0, "")  # as in a notebook: modules that a cell wrote can be imported
    while (frame := read_frame(requests)) is not None:
        message = unpack(frame)
        number, do = message.body["number"], message.body["do"]
        most, waiting, since = HELD_BYTES if do == "calls" else 0, b"", time.monotonic()
        for at, reply in enumerate(ANSWERS[do](message, limits)):
            waiting += pack_answer(number, at, reply)
            if len(waiting) > most or time.monotonic() - since > HELD_SECONDS:
                _print_all()
                write_all(responses, waiting)
                waiting, since = b"", time.monotonic()
        _print_all()
        write_all(responses, waiting)


def _print_all() -> None:
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()


def cells(message: Message, limits: Limits) -> Iterator[Message]:
    """Run cells one after the other; the mark of each ends what it printed."""
    for source, mark in zip(message.body["sources"], message.body["marks"], strict=True):
        reply = run_cell(Message({"source": source}), limits)
        _print_all()
        with contextlib.suppress(OSError):  # a notebook may close what it prints to
            os.write(1, mark.encode())
        yield reply


def run_cell(message: Message, limits: Limits) -> Message:
    """Run one cell of the notebook; an exception ends the cell, not the process.

    The reply holds the pictures that the cell showed, as many as are allowed, and tells how many
    there were.
    """
    error = _run(message.body["source"])
    shown = _shell.pictures
    kept = [picture for picture in shown if len(picture) <= limits.picture][: limits.pictures]
    body = {"error": describe(error) if error is not None else None, "shown": len(shown)}
    return Message(body, tuple(kept))


def redraw(message: Message, limits: Limits) -> Message:
    """Draw pictures again, each from its bytes; nothing for one that cannot be read.

    Asked of a fresh process, in which nothing of a student ran: the bytes alone may be hostile.
    """
    from autograder.sandbox.inside.pictures import redrawn

    return Message({}, tuple(redrawn(picture, limits.picture) for picture in message.blobs))


def calls(message: Message, limits: Limits) -> Iterator[Message]:
    """Make calls of one function, a blob of arguments each; after one that took too long, none."""
    reply = None
    for arguments in message.blobs:
        reply = TIMEOUT if reply is TIMEOUT else call(message.body, arguments, limits)
        yield reply


def call(body: dict[str, Any], sent: bytes, limits: Limits) -> Message:
    """Call one function of the student; the reply holds its value, an error or a time-out."""
    try:
        arguments = decode(unpack(sent))
        if body["function"] not in _shell.user_ns:
            words = (
                f"when all its cells have run, the notebook has no function {body['function']!r}"
            )
            return Message({**_error("NameError", words).body, "undefined": True})
        with _alarm(limits.call_seconds):
            outcome = call_function(
                _shell.user_ns[body["function"]],
                arguments,
                adapter=body["adapter"],
                forbidden=tuple(body["forbidden"]),
            )
            if "error" in outcome:
                return _error(**outcome["error"])
            packed = pack(encode(outcome["value"]))
    except TimeUp:
        return TIMEOUT
    except ProtocolError as error:
        return _error("NotPlain", f"the function returned {error}")
    except BaseException as error:
        return _error(**describe(error))
    if len(packed) > limits.value:
        return _error("TooLarge", f"the function returned more than {limits.value} bytes")
    return Message({"outcome": "value"}, (packed,))


def _error(type: str, message: str) -> Message:  # noqa: A002
    return Message({"outcome": "error", "error": {"type": type, "message": message}})


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_signal: int, _frame: object) -> None:
        raise TimeUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def describe(error: BaseException) -> dict[str, str]:
    """Return the type and the message of an error, whatever its `__str__` does."""
    try:
        message = str(error)[:MAX_TEXT]
    except BaseException as inner:
        message = f"(its message cannot be shown: {type(inner).__name__})"
    return {"type": type(error).__name__[:100], "message": message}


def lay_out(message: Message, _limits: Limits) -> Message:
    """Write the files of training runs beside the notebook, whose cells load them."""
    for name, content in zip(message.body["paths"], message.blobs, strict=True):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Message({})


ANSWERS: dict[str, Callable[[Message, Limits], Iterable[Message]]] = {
    "cells": cells,
    "cell": lambda message, limits: [run_cell(message, limits)],
    "calls": calls,
    "lay_out": lambda message, limits: [lay_out(message, limits)],
    "redraw": lambda message, limits: [redraw(message, limits)],
}
