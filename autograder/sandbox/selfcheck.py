"""Before the first submission: does an answer that is right come through, and nothing else?

A sandbox that hides too much fails everybody in the same way, and that reads as an honest 0. One
that hides too little lets a mark be forged.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from autograder.sandbox import probes, session
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import ProtocolError, decode, encode, pack, unpack
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Call, Cell
from convbook.errors import GradingError

CELL = Cell(
    "self-check",
    "import matplotlib.backends.backend_svg, numpy, torch\n"  # the first is not loaded before
    "print('printed')\n"
    "def twice(x):\n"
    "    return (2 * torch.ones(1, 1, 4, 4) * x).numpy().sum().item() / 16\n",
)
REQUEST: dict[str, Any] = {
    "item": "self-check",
    "function": "twice",
    "adapter": None,
    "forbidden": [],
}


def prove(students: Sandbox, limits: Limits) -> None:
    """Try a right answer, and whatever student code must not do, in a sandbox that was started.

    Raises:
        GradingError: nobody may be marked on this machine.
    """
    if students.unsafe:
        _prove_answer(students, limits)
        return
    with ThreadPoolExecutor(1) as pool:
        walls = pool.submit(probes.require, students)
        _prove_answer(students, limits)
        walls.result()


def _prove_answer(students: Sandbox, limits: Limits) -> None:
    """Run a cell and a call of ours as if a student had handed them in."""
    call = Call("self-check", REQUEST, pack(encode({"x": 21})))
    with session.run(students, [CELL], [[call]], limits, threading.Event()) as ran:
        report = ran.cells[0]
    if report.status != "ok" or "printed" not in report.output or _value(ran.answers) != 42:
        raise GradingError(
            "Trying the sandbox with an answer that is right.",
            got=f"the cell: {report.status} {report.error}; the call: {ran.outcomes}",
            rule="what is right outside must be right inside; nothing was graded",
            next_step="run `python -m autograder doctor` to see what this machine allows",
        )


def _value(answers: list[bytes]) -> object:
    try:
        return decode(unpack(unpack(answers[0]).blobs[0])) if answers else None
    except (ProtocolError, IndexError):
        return None
