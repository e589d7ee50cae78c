"""The process that knows the right answers: it chooses the inputs and judges what came back.

It shares nothing with the process of a student but bytes that the main process carries, and it
cannot reach the gradebook or a network. Hidden inputs come from (item, hash of the submission,
version of the grader) alone, so that every mark can be explained and repeated.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np

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


def preload() -> None:
    """Load the questions, and judge each once, so that children find all of it warm.

    The references need no torch, which takes seconds to load.
    """
    from autograder import questions
    from convbook.check.plain import fresh

    for item in (item for each in questions.ASSIGNMENTS.values() for q in each for item in q.items):
        cases = questions.cases(item, np.random.default_rng(0))
        answers = [item.reference(**fresh(case.arguments)) for case in cases]
        decoded = [decode(unpack(pack(encode(answer)))) for answer in answers]
        questions.judge(item, cases, [{"value": value} for value in decoded])


def main(requests: int, responses: int, _limits: Limits) -> None:
    """Serve one submission after the other: choose its cases, then judge what they came to.

    What a student's process answered is opened in a process forked for it, which ends with the
    verdicts: nothing of one submission is left for the next.
    """
    checker = Checker()
    while (frame := read_frame(requests)) is not None:
        message = unpack(frame)
        if message.body["do"] == "cases":
            _answer(message, checker.cases(message), responses)
        elif (pid := os.fork()) == 0:
            _answer(message, checker.judge(message), responses)
            os._exit(0)
        elif os.waitpid(pid, 0)[1] != 0:
            os._exit(1)  # it said why; this end tells the main process
        del frame, message


def _answer(message: Message, reply: Message, responses: int) -> None:
    write_all(responses, pack_answer(message.body["number"], 0, reply))


def seed(item_id: str, submission_hash: str, version: str) -> list[int]:
    """Return the entropy of an item's hidden inputs, from what names the submission."""
    name = "\n".join((item_id, submission_hash, version)).encode()
    return list(hashlib.sha256(name).digest())


def describe(assignment: str) -> list[dict[str, Any]]:
    """Return what the main process needs to know of a practical's questions."""
    from autograder import questions

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
    """The cases of one submission, and their verdicts."""

    def __init__(self) -> None:
        self._cases: dict[str, list[Any]] = {}

    def cases(self, message: Message) -> Message:
        """Choose the inputs: one call a case, its arguments as a blob at the same position.

        All public cases come first: what a function says of one is shown to its author, and no
        hidden input has been in its process yet.
        """
        from autograder import questions

        calls, blobs = [], []
        body, self._cases = message.body, {}
        for item_id in body["items"]:
            item = questions.item(item_id)
            rng = np.random.default_rng(seed(item_id, body["hash"], body["version"]))
            self._cases[item_id] = questions.cases(item, rng)
        for item_id, case in self._in_order():
            item = questions.item(item_id)
            calls.append(
                {
                    "item": item_id,
                    "function": item.function,
                    "adapter": item.adapter,
                    "forbidden": list(item.forbidden),
                    "public": case.public,
                }
            )
            blobs.append(pack(encode(case.arguments)))
        return Message({"calls": calls}, tuple(blobs))

    def _in_order(self) -> list[tuple[str, Any]]:
        """Return the cases in the order of their calls, each with its item."""
        pairs = [(item_id, case) for item_id, cases in self._cases.items() for case in cases]
        return sorted(pairs, key=lambda pair: not pair[1].public)

    def judge(self, message: Message) -> Message:
        """Judge the outcomes of all calls, in their order."""
        from autograder import questions

        taken: dict[str, list[Any]] = {item_id: [] for item_id in self._cases}
        for (item_id, _case), entry in zip(self._in_order(), message.body["outcomes"], strict=True):
            taken[item_id].append(outcome_of(entry, message.blobs))
        verdicts = []
        for item_id, cases in self._cases.items():
            verdict = questions.judge(questions.item(item_id), cases, taken[item_id])
            verdicts.append(_shown(verdict))
        return Message({"verdicts": verdicts})


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
    from convbook.check.plain import show

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
