"""The process that knows the right answers: it chooses the inputs and judges what came back.

It shares nothing with the process of a student but bytes that the main process carries, and it
cannot reach the gradebook or a network. Hidden inputs come from (item, hash of the submission,
version of the grader) alone, so that every mark can be explained and repeated.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import numpy as np

from autograder import questions
from autograder.questions import Case
from autograder.sandbox.inside import linux
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
from convbook.check.diagnose import Outcome
from convbook.check.plain import Plain, show


@dataclass(frozen=True)
class Known:
    """The public cases of an item, the same for all: their arguments as sent, and what is right."""

    cases: list[Case]
    sent: list[bytes]
    right: list[Plain]


@cache
def known(item_id: str) -> Known:
    """Return the public cases of an item."""
    item = questions.item(item_id)
    cases = questions.public_cases(item)
    return Known(cases, [_sent(case) for case in cases], questions.expected(item, cases))


def preload() -> None:
    """Load the questions, and judge each once, so that children find all of it warm.

    The references need no torch, which takes seconds to load.
    """
    for item in (item for each in questions.ASSIGNMENTS.values() for q in each for item in q.items):
        public, cases = known(item.id), questions.hidden_cases(item, np.random.default_rng(0))
        right = [*public.right, *questions.expected(item, cases)]
        decoded = [decode(unpack(pack(encode(value)))) for value in right]
        outcomes = [{"value": value} for value in decoded]
        questions.judge(item, [*public.cases, *cases], outcomes, right)


def main(requests: int, responses: int, _limits: Limits) -> None:
    """Serve one submission after the other, each in a process forked for it.

    That opens what a student's process answered, and ends with the verdicts: nothing of one
    submission is left for the next.
    """
    while (frame := read_frame(requests)) is not None:
        pid = linux.fork()
        if pid == 0:
            _serve(frame, requests, responses)
        if os.waitpid(pid, 0)[1] != 0:
            os._exit(1)  # it said why; this end tells the main process


def _serve(frame: bytes | None, requests: int, responses: int) -> NoReturn:
    """Choose the cases of a submission, then judge what they came to."""
    checker = Checker()
    while frame is not None:
        message = unpack(frame)
        if message.body["do"] == "judge":
            _answer(message, checker.judge(message), responses)
            break
        for at, reply in enumerate(checker.cases(message)):
            _answer(message, reply, responses, at)
        checker.expect()  # while the calls are made
        frame = read_frame(requests)
    os._exit(0)


def _answer(message: Message, reply: Message, responses: int, at: int = 0) -> None:
    write_all(responses, pack_answer(message.body["number"], at, reply))


def seed(item_id: str, submission_hash: str, version: str) -> list[int]:
    """Return the entropy of an item's hidden inputs, from what names the submission."""
    name = "\n".join((item_id, submission_hash, version)).encode()
    return list(hashlib.sha256(name).digest())


def describe(assignment: str) -> list[dict[str, Any]]:
    """Return what the main process needs to know of a practical's questions."""
    return [
        {
            "id": question.id,
            "title": question.title,
            "rubric": [[line.points, line.words] for line in question.rubric],
            "items": {item.id: item.points for item in question.graded},
            "adapted": {item.id: item.signature for item in question.items if item.adapter},
        }
        for question in questions.assignment(assignment)
    ]


class Checker:
    """The cases of one submission, what is right for them, and the verdicts."""

    def __init__(self) -> None:
        self._hidden: dict[str, list[Case]] = {}
        self._right: dict[str, list[Plain]] = {}

    def cases(self, message: Message) -> Iterator[Message]:
        """Choose the inputs: how to call the function of each item, and a blob of arguments a case.

        The public ones come at once, the hidden ones when they are drawn. So all public cases are
        called first: what a function says of one is shown to its author, and no hidden input has
        been in its process yet.
        """
        body, self._hidden, self._right = message.body, {}, {}
        yield _calls({each: known(each).sent for each in body["items"]}, public=True)
        for each in body["items"]:
            rng = np.random.default_rng(seed(each, body["hash"], body["version"]))
            self._hidden[each] = questions.hidden_cases(questions.item(each), rng)
        drawn = {each: [_sent(case) for case in cases] for each, cases in self._hidden.items()}
        yield _calls(drawn, public=False)

    def expect(self) -> None:
        """Compute what is right for the cases that were chosen."""
        for each, cases in self._hidden.items():
            self._right[each] = questions.expected(questions.item(each), cases)

    def judge(self, message: Message) -> Message:
        """Judge the outcomes of all calls, in their order."""
        called = [each for each in self._hidden for _ in known(each).cases]
        called += [each for each, cases in self._hidden.items() for _ in cases]
        came: dict[str, list[Outcome]] = {each: [] for each in self._hidden}
        for each, outcome in zip(called, message.body["outcomes"], strict=True):
            came[each].append(outcome_of(outcome, message.blobs))
        verdicts = []
        for each, hidden in self._hidden.items():
            cases = [*known(each).cases, *hidden]
            right = [*known(each).right, *self._right[each]]
            verdict = questions.judge(questions.item(each), cases, came[each], right)
            verdicts.append(_shown(verdict))
        return Message({"verdicts": verdicts})


def _sent(case: Case) -> bytes:
    return pack(encode(case.arguments))


def _calls(sent: dict[str, list[bytes]], *, public: bool) -> Message:
    """Return calls with these arguments, by item."""
    requests = [
        {
            "item": item.id,
            "function": item.function,
            "adapter": item.adapter,
            "forbidden": list(item.forbidden),
            "public": public,
            "cases": len(sent[item.id]),
        }
        for item in map(questions.item, sent)
    ]
    return Message({"calls": requests}, tuple(blob for blobs in sent.values() for blob in blobs))


def outcome_of(entry: dict[str, Any], blobs: tuple[bytes, ...]) -> dict[str, Any]:
    """Turn what became of a call into an outcome with exact plain types.

    `entry` comes from the main process: "timeout", "died", "not run" and why, or the position of
    the bytes that the student's process answered, which may hold anything.
    """
    if entry["kind"] == "not run":  # words of ours, shown as they are
        return {"error": {"type": "CheckFailed", "message": entry["why"]}}
    if entry["kind"] != "answer":
        return {entry["kind"]: True}
    try:
        answer = unpack(blobs[entry["blob"]])
        kind = answer.body.get("outcome")
        if kind == "value" and len(answer.blobs) == 1:
            return {"value": decode(unpack(answer.blobs[0]))}
        if kind == "timeout":
            return {"timeout": True}
        if kind == "error":
            error = answer.body.get("error")
            if isinstance(error, dict) and all(
                type(error.get(key)) is str for key in ("type", "message")
            ):
                return {"error": {key: error[key][:2000] for key in ("type", "message")}}
    except ProtocolError as error:
        return {"error": {"type": "ProtocolError", "message": str(error)}}
    return {"error": {"type": "ProtocolError", "message": "the answer could not be read"}}


def _shown(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return a verdict as JSON, its values in the words that a reader sees."""
    failure = verdict["first_failure"]
    if failure is not None and failure["public"]:
        arguments = {name: show(value) for name, value in failure["arguments"].items()}
        got = None if failure["got"] is None else show(failure["got"])
        failure = {
            "public": True,
            "arguments": arguments,
            "expected": show(failure["expected"]),
            "got": got,
            "problem": failure["problem"],
        }
    return {**verdict, "first_failure": failure}
