"""The process that knows the right answers: it chooses the inputs and judges what came back.

It shares nothing with the process of a student but bytes that the main process carries, and it
cannot reach the gradebook or a network. Hidden inputs come from (item, hash of the submission,
version of the grader) alone, so that every mark can be explained and repeated.
"""

from __future__ import annotations

import hashlib
import resource
from importlib import import_module
from typing import Any

import numpy as np

from autograder.limits import Limits
from autograder.protocol import (
    Message,
    ProtocolError,
    decode,
    encode,
    pack,
    read_frame,
    unpack,
    write_frame,
)

MEMORY = 8 * 2**30  # bytes of address space of one checker


def preload() -> None:
    """Load the questions; their references need no torch, which takes seconds to load."""
    import_module("autograder.questions")


def main(requests: int, responses: int, _limits: Limits) -> None:
    """Serve one submission: choose its cases, then judge what they came to."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    checker = Checker()
    while (frame := read_frame(requests)) is not None:
        message = unpack(frame)
        reply = getattr(checker, message.body["do"])(message)
        body = {"answers": message.body["number"], **reply.body}
        write_frame(responses, pack(Message(body, reply.blobs)))


def seed(item_id: str, submission_hash: str, version: str) -> list[int]:
    """Return the entropy of an item's hidden inputs, from what names the submission."""
    name = "\n".join((item_id, submission_hash, version)).encode()
    return list(hashlib.sha256(name).digest())


class Checker:
    """The cases of one submission, and their verdicts."""

    def __init__(self) -> None:
        self._cases: dict[str, list[Any]] = {}

    def describe(self, message: Message) -> Message:
        """Tell what the main process needs to know of a practical's questions."""
        from autograder import questions

        described = [
            {
                "id": question.id,
                "title": question.title,
                "rubric": [[line.points, line.words] for line in question.rubric],
                "items": {item.id: item.points for item in question.items},
            }
            for question in questions.assignment(message.body["assignment"])
        ]
        return Message({"questions": described})

    def cases(self, message: Message) -> Message:
        """Choose the inputs: one call a case, its arguments as a blob at the same position."""
        from autograder import questions

        calls, blobs = [], []
        body = message.body
        for item_id in body["items"]:
            item = questions.item(item_id)
            rng = np.random.default_rng(seed(item_id, body["hash"], body["version"]))
            self._cases[item_id] = questions.cases(item, rng)
            for case in self._cases[item_id]:
                calls.append(
                    {
                        "item": item_id,
                        "function": item.function,
                        "adapter": item.adapter,
                        "forbidden": list(item.forbidden),
                    }
                )
                blobs.append(pack(encode(case.arguments)))
        return Message({"calls": calls}, tuple(blobs))

    def judge(self, message: Message) -> Message:
        """Judge the outcomes of all calls, in their order."""
        from autograder import questions

        outcomes = iter(message.body["outcomes"])
        verdicts = []
        for item_id, cases in self._cases.items():
            taken = [outcome_of(next(outcomes), message.blobs) for _ in cases]
            verdict = questions.judge(questions.item(item_id), cases, taken)
            verdicts.append(_shown(verdict))
        return Message({"verdicts": verdicts})


def outcome_of(entry: dict[str, Any], blobs: tuple[bytes, ...]) -> dict[str, Any]:
    """Turn what became of a call into an outcome with exact plain types.

    `entry` comes from the main process: "timeout", "died", or the position of the bytes that the
    student's process answered, which may hold anything.
    """
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
