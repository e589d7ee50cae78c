"""From one submission to one result: sanitize, run, judge."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.course import Cell, grade_id, is_check
from autograder.marking.basis import OUR_FAULT, Basis
from autograder.marking.intake import IntakeError, Submission
from autograder.marking.result import Result
from autograder.marking.sanitize import Sanitized, sanitize
from autograder.runs import measuring
from autograder.sandbox import selfcheck, session
from autograder.sandbox.inside.limits import DEFAULT, Limits
from autograder.sandbox.inside.protocol import Message, encode, pack
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import (
    AnswerError,
    Call,
    CellReport,
    Conversation,
    Session,
    StoppedError,
)
from convbook.errors import GradingError

CHECKER_SECONDS = 120.0
CHECKER_BYTES = 512 * 2**20
CHOSEN = 2  # answers of the checker with calls: public ones, hidden ones
PLAIN_CALL: dict[str, Any] = {"adapter": None, "forbidden": []}
NO_ARGUMENTS = pack(encode({}))


@dataclass(frozen=True)
class Graded:
    """A result, and the cells that it is about."""

    result: Result
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Pipeline:
    """All that marking a submission needs, shared by the threads that do it."""

    basis: Basis
    students: Sandbox
    checkers: Sandbox
    stop: threading.Event
    limits: Limits = DEFAULT
    measurers: Sandbox | None = None  # for a practical with training runs

    def mark(self, submission: Submission) -> Result:
        """Mark one submission; whatever is wrong with it becomes its state.

        Raises:
            StoppedError: grading was interrupted.
            GradingError: the sandbox is broken, so that nothing can be said of the submission.
        """
        start = time.monotonic()
        try:
            sanitized = sanitize(submission, self.basis.assignment)
            ran, verdicts = self._run(submission, sanitized)
            marked = self._result(submission, sanitized, ran, verdicts)
        except StoppedError:
            raise
        except IntakeError as reason:
            marked = self.basis.review(submission.student, submission, str(reason))
        except Exception as error:
            # One submission must never stop the class, whatever it found in us.
            self._require_sandboxes(error)
            marked = self.basis.review(submission.student, submission, failed_on_it(error))
        marked["seconds"] = round(time.monotonic() - start, 3)
        return marked

    def _require_sandboxes(self, error: Exception) -> None:
        """Refuse to go on when not the submission failed but what it should have run in."""
        try:
            with self.checkers.spawn(self.limits) as child:
                until = time.monotonic() + CHECKER_SECONDS
                checker = Conversation(child, self.limits, until, self.stop)
                nothing = {"do": "cases", "items": [], "hash": "", "version": ""}
                checker.send(nothing, (), answers=CHOSEN)
                list(self._calls(checker))
            selfcheck.prove(self.students, self.limits)
        except Exception as broken:
            raise GradingError(
                "Running a submission in the sandbox.",
                got=f"{error}; and then, with an answer of ours: {broken}",
                rule="nobody is marked by a sandbox that is broken; what is graded is kept",
                next_step="run it again to go on; `python -m autograder doctor` tries the machine",
            ) from error

    def _run(
        self, submission: Submission, sanitized: Sanitized
    ) -> tuple[Session, list[dict[str, Any]]]:
        """Let the checker choose the inputs, the student's process answer, the checker judge."""
        assignment = self.basis.assignment
        items = [item for item in assignment.checks.values() if item not in assignment.runs]
        patient = replace(self.limits, value=CHECKER_BYTES)
        with self.checkers.lend() as child:
            deadline = time.monotonic() + self.limits.total_seconds + 2 * CHECKER_SECONDS
            checker = Conversation(child, patient, deadline, self.stop)
            seed = {"hash": submission.hash, "version": self.basis.version}
            # While the cells run.
            checker.send({"do": "cases", "items": items, **seed}, (), answers=CHOSEN)
            more = [
                Call(item, {**PLAIN_CALL, "item": item, "function": function}, NO_ARGUMENTS)
                for item, function in assignment.readings.items()
            ]
            public = 0

            def parts() -> Iterator[list[Call]]:
                # What is read off runs is told in words, so no hidden input may be there before.
                nonlocal public
                chosen = self._calls(checker)
                first = next(chosen)
                public = len(first)
                yield first
                yield more
                yield from chosen

            cells = cells_to_run(sanitized.cells)
            files = {file.path: file.data for file in submission.runs if not file.trouble}
            with session.run(
                self.students,
                cells,
                parts(),
                self.limits,
                self.stop,
                files,
                images=assignment.loads_images,
            ) as ran:
                read = ran.outcomes[public : public + len(more)]
                outcomes = ran.outcomes[:public] + ran.outcomes[public + len(more) :]
                checker.send({"do": "judge", "outcomes": outcomes}, tuple(ran.answers))
            judged = self._answer(checker)
        return ran, [*judged.body["verdicts"], *self._measured(submission, ran, read)]

    def _measured(
        self, submission: Submission, ran: Session, outcomes: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Let the measurer judge the training runs, and what was read off them."""
        if self.measurers is None:
            return []
        assignment = self.basis.assignment
        read = {
            item: (outcome, ran.answers[outcome["blob"]] if "blob" in outcome else b"")
            for item, outcome in zip(assignment.readings, outcomes, strict=True)
        }
        seed = {"hash": submission.hash, "version": self.basis.version}
        body, blobs = measuring.request(assignment.runs, submission.runs, read, seed)
        with self.measurers.spawn(self.limits) as child:
            deadline = time.monotonic() + CHECKER_SECONDS
            talk = Conversation(child, self.limits, deadline, self.stop)
            talk.send(body, blobs)
            verdicts: list[dict[str, Any]] = self._answer(talk).body["verdicts"]
        return verdicts

    def _calls(self, checker: Conversation) -> Iterator[list[Call]]:
        """Yield the calls that the checker chose, the public ones, then the hidden ones."""
        for _ in range(CHOSEN):
            yield calls_of(self._answer(checker))

    def _answer(self, checker: Conversation) -> Message:
        try:
            return checker.answer(CHECKER_SECONDS)
        except AnswerError as failure:
            raise GradingError(
                "Asking the checker.",
                got=f"its process {failure.words}; {checker.take_output()[0][-1000:]}",
                next_step="this is a mistake in a question or in the grader: report it",
            ) from None

    def _result(
        self,
        submission: Submission,
        sanitized: Sanitized,
        ran: Session,
        verdicts: list[dict[str, Any]],
    ) -> Result:
        order = list(self.basis.assignment.checks.values())
        verdicts = sorted(verdicts, key=lambda verdict: order.index(verdict["id"]))
        return {
            **self.basis.frame(submission.student, submission),
            "state": "partly graded" if ran.reason else "graded",
            "reason": ran.reason,
            "points": round(sum(verdict["points"] for verdict in verdicts), 6),
            "items": verdicts,
            "cells": [dict(vars(report)) for report in ran.cells],
            "prose": [
                {
                    "grade_id": name,
                    "max_points": points,
                    "answered": sanitized.answered(name, self.basis.assignment),
                    "hash": hashlib.sha256(sanitized.by_id[name]["source"].encode()).hexdigest(),
                    "source": sanitized.by_id[name]["source"],
                }
                for name, points in self.basis.assignment.prose.items()
            ],
            "repairs": sanitized.repairs,
        }


def calls_of(chosen: Message) -> list[Call]:
    """Return the calls that the checker chose, an item after the other."""
    requests: list[tuple[dict[str, Any], bool]] = []  # one a case
    for request in chosen.body["calls"]:
        requests += [(request, request.pop("public"))] * request.pop("cases")
    return [
        Call(request["item"], request, blob, public)
        for (request, public), blob in zip(requests, chosen.blobs, strict=True)
    ]


def failed_on_it(error: Exception) -> str:
    """Return the reason of a submission on which the grader itself failed."""
    return f"{OUR_FAULT}: {type(error).__name__}: {error}"[:2000]


def cells_to_run(cells: Sequence[Cell]) -> list[session.Cell]:
    """Return the code cells of a notebook but the check cells, which the calls replace."""
    return [
        session.Cell(cell_name(cell, number), cell["source"])
        for number, cell in enumerate(cells, 1)
        if cell["cell_type"] == "code" and not is_check(cell) and cell["source"].strip()
    ]


def cell_name(cell: Cell, number: int) -> str:
    """Return how reports name a cell: by nbgrader's name, or by its place in the notebook."""
    return grade_id(cell) or f"number {number}"


def outputs(cells: Sequence[Cell], graded: Result) -> list[Cell]:
    """Return the cells with what running them gave, and each check with its verdict."""
    reports = {report["name"]: CellReport(**report) for report in graded["cells"]}
    verdicts = {item["id"]: item for item in graded["items"]}
    shown = []
    for number, cell in enumerate(cells, 1):
        text, given = "", []
        report = reports.get(cell_name(cell, number))
        if cell["cell_type"] == "code" and is_check(cell):
            text = verdict_text(verdicts[cell["metadata"]["convbook"]["item"]])
        elif cell["cell_type"] == "code" and report is not None:
            text = report.output + ("\n… (cut)\n" if report.cut else "")
            text += f"This cell {report.error}.\n" if report.status in ("died", "timeout") else ""
            text += f"… ({report.lost})\n" if report.lost else ""
            given = [_picture(encoded) for encoded in report.pictures]
        printed = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
        shown.append({**cell, "outputs": [*printed, *given]} if "outputs" in cell else cell)
    return shown


def _picture(encoded: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"image/png": encoded}, "metadata": {}}


def verdict_text(verdict: dict[str, Any]) -> str:
    """Return a verdict in a few lines, for the output of its check cell."""
    run = verdict["run"]
    if run and run["due"]:
        return f"{verdict['id']}: a person marks this run: {run['due']}\n"
    mark = "right" if verdict["passed"] else "not right"
    lines = [f"{verdict['id']}: {mark}, {verdict['points']:g} of {verdict['max_points']:g} points"]
    failure = verdict["first_failure"]
    if failure is not None:
        lines.append(failure["problem"] if failure["public"] else "A hidden case fails.")
    lines += [verdict[key] for key in ("words", "hint") if verdict[key]]
    lines += run["notes"] if run else []
    return "\n".join(lines) + "\n"
