"""A student's process without torch and without IPython, for tests of the walls around it."""

from __future__ import annotations

import traceback
from typing import Any

from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import Message, pack_answer, read_frame, unpack, write_all

names: dict[str, Any] = {"__name__": "__main__"}


def preload() -> None:
    """Load nothing: the server is ready at once."""


def main(requests: int, responses: int, _limits: Limits) -> None:
    while (frame := read_frame(requests)) is not None:
        message, error = unpack(frame), None
        try:
            exec(message.body["source"], names)
        except BaseException as caught:
            traceback.print_exc()
            error = {"type": type(caught).__name__, "message": str(caught)}
        print(end="", flush=True)
        answer = Message({"error": error})
        write_all(responses, pack_answer(message.body["number"], 0, answer))
