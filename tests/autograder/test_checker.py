"""The checker: the same inputs for the same submission, and nothing believed that comes back."""

from __future__ import annotations

import contextlib
import fcntl
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.marking.checker import Checker, outcome_of
from autograder.questions import ASSIGNMENTS
from autograder.sandbox.inside.limits import CHECKER, MIB
from autograder.sandbox.inside.protocol import Message, decode, encode, pack, unpack
from autograder.sandbox.sandbox import Child, Sandbox
from autograder.sandbox.session import PIPE_BYTES, Conversation
from tests.autograder.runs import processes_below, require, settled

ITEM = "q01.conv_weights"


def cases(checker: Checker, **changes: str) -> tuple[Message, Message]:
    """Two messages with calls: the public ones, the hidden ones."""
    body = {"do": "cases", "items": [ITEM], "hash": "a", "version": "1", **changes}
    public, hidden = checker.cases(Message(body))
    checker.expect()
    return public, hidden


def test_inputs_depend_on_item_submission_and_version_alone() -> None:
    public, hidden = cases(Checker())
    assert cases(Checker()) == (public, hidden)
    for other in (cases(Checker(), hash="b"), cases(Checker(), version="2")):
        assert other[0] == public
        assert other[1].blobs != hidden.blobs


def test_no_expected_value_leaves_the_checker() -> None:
    """A request holds a name, how to call it and how often, arguments, and who may see them."""
    for message, public in zip(cases(Checker()), (True, False), strict=True):
        assert {frozenset(call) for call in message.body["calls"]} == {
            frozenset({"item", "function", "adapter", "forbidden", "public", "cases"})
        }
        assert {call["public"] for call in message.body["calls"]} == {public}
        for blob in message.blobs:
            assert decode(unpack(blob)).keys() == {"k", "z"}


def judged(*answers: object) -> dict[str, Any]:
    """The verdict on these values, one a case; the others are right."""
    checker = Checker()
    sent = [blob for message in cases(checker) for blob in message.blobs]
    arguments = [decode(unpack(blob)) for blob in sent]
    values = [each["k"] ** 2 * each["z"] + 1 for each in arguments]
    values[: len(answers)] = answers
    blobs = [pack(Message({"outcome": "value"}, (pack(encode(value)),))) for value in values]
    outcomes = [{"kind": "answer", "blob": number} for number in range(len(blobs))]
    message = checker.judge(Message({"outcomes": outcomes}, tuple(blobs)))
    return dict(message.body["verdicts"][0])


def test_right_values_get_the_points() -> None:
    verdict = judged()
    assert (verdict["points"], verdict["passed"]) == (1, True)


@pytest.mark.parametrize("answer", [0, None, "10", [10], {}, 1e300, float("nan"), True])
def test_wrong_values_get_none(answer: object) -> None:
    verdict = judged(answer)
    assert (verdict["points"], verdict["passed"]) == (0, False)
    assert verdict["first_failure"]["arguments"] == {"k": "3", "z": "1"}


VALUE = pack(encode(10))
ANSWERS: dict[str, bytes] = {
    "nothing": b"",
    "no message": b"\xff" * 40,
    "a verdict": pack(Message({"outcome": "value", "points": 1000, "passed": True})),
    "no outcome": pack(Message({}, (VALUE,))),
    "two values": pack(Message({"outcome": "value"}, (VALUE, VALUE))),
    "a broken value": pack(Message({"outcome": "value"}, (b"\x80\x04N.",))),
    "an error of odd types": pack(Message({"outcome": "error", "error": {"type": 1}})),
    "an unknown outcome": pack(Message({"outcome": "right"}, (VALUE,))),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_hostile_answers_are_errors_of_their_case(name: str) -> None:
    outcome = outcome_of({"kind": "answer", "blob": 0}, (ANSWERS[name],))
    assert outcome["error"]["type"] == "ProtocolError"


@pytest.mark.parametrize(
    ("entry", "answer", "outcome"),
    [
        ({"kind": "died"}, b"", {"died": True}),
        ({"kind": "timeout"}, b"", {"timeout": True}),
        ({"kind": "answer", "blob": 0}, pack(Message({"outcome": "timeout"})), {"timeout": True}),
        (
            {"kind": "answer", "blob": 0},
            pack(Message({"outcome": "error", "error": {"type": "E", "message": "m" * 9000}})),
            {"error": {"type": "E", "message": "m" * 2000}},
        ),
        (
            {"kind": "answer", "blob": 0},
            pack(Message({"outcome": "value"}, (VALUE,))),
            {"value": 10},
        ),
    ],
)
def test_answers_become_outcomes(entry: Any, answer: bytes, outcome: Any) -> None:
    assert outcome_of(entry, (answer,)) == outcome


@pytest.fixture(scope="module")
def checkers() -> Iterator[Sandbox]:
    with Sandbox("checker") as sandbox:
        yield sandbox


def memory(sandbox: Sandbox) -> int:
    """Bytes that the processes below a sandbox's server hold for themselves."""
    assert sandbox._server is not None
    total = 0
    for pid in processes_below(sandbox._server.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            held = Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()
            total += 1024 * int(held[0]) if held else 0
    return total


def mark(child: Child, answer: object) -> dict[str, Any]:
    """Let a real checker choose and judge once, all calls of the item giving the same answer."""
    talk = Conversation(child, CHECKER, time.monotonic() + 60, threading.Event())
    body = {"do": "cases", "items": [ITEM], "hash": "a", "version": "1"}
    talk.send(body, (), answers=2)
    count = sum(len(talk.answer(60).blobs) for _ in range(2))
    packed = pack(Message({"outcome": "value"}, (pack(encode(answer)),)))
    outcomes = [{"kind": "answer", "blob": number} for number in range(count)]
    judged = talk.ask({"do": "judge", "outcomes": outcomes}, (packed,) * count, 60)
    return dict(judged.body["verdicts"][0])


@pytest.mark.sandbox
def test_nothing_of_an_answer_stays_with_a_checker(checkers: Sandbox) -> None:
    with checkers.lend() as child:
        first = mark(child, 10)
        before = settled(lambda: memory(checkers))
    with checkers.lend() as again:
        assert again is child
        assert mark(again, np.zeros(MIB))["points"] == 0  # 8 MiB for each call
        assert settled(lambda: memory(checkers)) - before < 4 * MIB
        assert mark(again, 10) == first


@pytest.mark.sandbox
def test_a_checker_goes_on_while_nobody_reads(checkers: Sandbox) -> None:
    """The cells of a submission run meanwhile; all calls of a practical are half a megabyte."""
    items = [item.id for question in ASSIGNMENTS["tp1_layers"] for item in question.items]
    with checkers.lend() as child:
        talk = Conversation(child, CHECKER, time.monotonic() + 60, threading.Event())
        talk.send({"do": "cases", "items": items, "hash": "a", "version": "1"}, (), answers=2)
        require(20, lambda: waiting_in(child.responses) > 4 * PIPE_BYTES)
        for _ in range(2):  # whom it is lent to next must not find them
            talk.answer(60)


def waiting_in(pipe: int) -> int:
    """Bytes that a pipe holds."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.sandbox
def test_a_checker_that_failed_is_not_lent_again(checkers: Sandbox) -> None:
    with pytest.raises(KeyError), checkers.lend() as child:
        raise KeyError
    with checkers.lend() as other:
        assert other is not child
        assert mark(other, 10)["points"] == 0
