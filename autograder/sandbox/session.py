"""The conversation with one student's process: its cells in order, then the calls.

A cell that dies or hangs ends the cells: the process is started again, what stood before that cell
is run again, and the calls follow. A call that dies or hangs fails its item alone.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import secrets
import select
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from autograder.sandbox.inside import pictures
from autograder.sandbox.inside.limits import MIB, Limits
from autograder.sandbox.inside.protocol import (
    FrameReader,
    Message,
    ProtocolError,
    pack,
    pack_request,
    place_of,
    unpack,
)
from autograder.sandbox.sandbox import Child, Sandbox
from convbook.errors import GradingError

SLACK = 1.0  # seconds that a call has beyond its own alarm, before its process is killed
TICK_MS = 200  # between two looks at whether grading was stopped
PIPE_BYTES = 64 * 1024  # that a pipe holds
OVERHEAD = 64 * 1024  # bytes of an answer beyond its value
REDRAW_SECONDS = 20.0  # for all pictures of a submission
BEGINNING = 60  # characters of a cell's first line
LAY_OUT_SECONDS = 20.0  # for all files
VALUE = pack(Message({"outcome": "value"}))  # how an answer begins that holds one
ANSWER_JSON = 1024 * 1024  # bytes of JSON of an answer, which are read here; values are not


class StoppedError(GradingError):
    """Grading was interrupted by the user."""


@dataclass(frozen=True)
class Cell:
    """A code cell to run: its name for reports, and its source."""

    name: str
    source: str

    @property
    def beginning(self) -> str:
        """Its first line, by which an author finds it: notebooks show no numbers of cells."""
        lines = self.source.split("\n")
        first = next((line.strip() for line in lines if line.strip()), "")
        return "".join(each if each.isprintable() else "?" for each in first[:BEGINNING])


@dataclass(frozen=True)
class CellReport:
    """What became of a cell: how it ended, its error if any, what it printed and showed.

    `pictures` are PNG in base64, drawn again by the grader; `lost` tells of those that are missing.
    """

    name: str
    status: Literal["ok", "error", "died", "timeout"]
    error: str = ""
    output: str = ""
    cut: bool = False
    pictures: list[str] = field(default_factory=list)
    lost: str = ""


class Call(NamedTuple):
    """One call to make: its item, its request, the bytes of its arguments, who may see them."""

    item: str
    request: dict[str, Any]
    arguments: bytes
    public: bool = False

    @property
    def kind(self) -> tuple[str, bool]:
        """What calls that are made together share."""
        return self.item, self.public


@dataclass
class Session:
    """What a submission came to: a report a cell, an outcome a call, and why it is not whole."""

    cells: list[CellReport] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    reason: str = ""

    def answered(self, call: int, frame: bytes) -> None:
        """Keep the bytes of the answer to a call for the checker."""
        self.outcomes[call] = {"kind": "answer", "blob": len(self.answers)}
        self.answers.append(frame)


class AnswerError(GradingError):
    """The process did not answer: it died, or its time was over."""

    def __init__(self, kind: Literal["died", "timeout"], words: str) -> None:
        super().__init__(words)
        self.kind, self.words = kind, words


def _read(frame: bytes) -> Message:
    try:
        return unpack(frame, ANSWER_JSON)
    except ProtocolError:
        raise _forged() from None


def _forged() -> AnswerError:
    return AnswerError("died", "wrote to the pipe that the grader reads")


class Conversation:
    """Requests to a child and its answers, within their time; its output is read all along."""

    def __init__(
        self, child: Child, limits: Limits, deadline: float, stop: threading.Event
    ) -> None:
        self._child, self._limits, self._deadline, self._stop = child, limits, deadline, stop
        self._reader = FrameReader(limits.value + OVERHEAD)
        self._number = 0
        self._due: deque[tuple[int, int]] = deque()  # a request's number, and which of its answers
        self._outgoing: deque[memoryview] = deque()
        self._incoming: deque[bytes] = deque()
        self._apart = False  # whether an answer counts when a later one is bad
        self._trouble: AnswerError | None = None  # what came after the answers that count
        self._output = _Printed(limits)
        os.set_blocking(child.requests, False)

    def ask(self, body: dict[str, Any], blobs: tuple[bytes, ...], seconds: float) -> Message:
        """Send one request and return its answer; see `answer`."""
        self.send(body, blobs)
        return self.answer(seconds)

    def send(
        self,
        body: dict[str, Any],
        blobs: tuple[bytes, ...],
        answers: int = 1,
        *,
        apart: bool = False,
    ) -> None:
        """Hand over a request, which goes out at once or while its answers are waited for.

        Where its answers stand `apart`, those that came before a bad one count.
        """
        self._apart = apart
        self._number += 1
        self._due += [(self._number, at) for at in range(answers)]
        frame = pack_request(Message({**body, "number": self._number}, blobs))
        self._outgoing.append(memoryview(frame))
        self._write()

    def answer(self, seconds: float) -> Message:
        """Return the next answer that is due.

        Raises:
            AnswerError: the process died, hung, or answered what was not asked.
            StoppedError: grading was interrupted.
        """
        return _read(self.frame(seconds))

    def frame(self, seconds: float) -> bytes:
        """Return the next answer that is due, unread; as `answer` does."""
        until = 0.0 if self._incoming else min(time.monotonic() + seconds, self._deadline)
        while not self._incoming:
            if self._stop.is_set():
                raise StoppedError("Grading was stopped.")
            if self._trouble is not None:
                raise self._trouble
            if time.monotonic() > until:
                raise AnswerError("timeout", f"ran longer than {seconds:g} seconds")
            self._turn(until)
        self._due.popleft()
        return self._incoming.popleft()

    def _turn(self, until: float) -> None:
        """Move what can be moved now, or wait a moment for something to move."""
        child = self._child
        poller = select.poll()
        poller.register(child.responses, select.POLLIN)
        poller.register(child.output, select.POLLIN)
        if self._outgoing:
            poller.register(child.requests, select.POLLOUT)
        wait = min(TICK_MS, max(1, int((until - time.monotonic()) * 1000)))
        ready = {fd for fd, _event in poller.poll(wait)}
        if child.output in ready:
            self._read_output()
        if child.requests in ready:
            self._write()
        if child.responses in ready:
            try:
                self._read_answers()
            except AnswerError as trouble:
                self._trouble = trouble
                if not self._apart:
                    self._incoming.clear()
                elif len(self._incoming) == len(self._due):
                    self._incoming.pop()  # it came with the last one

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._outgoing:
                written = os.write(self._child.requests, self._outgoing[0])
                self._outgoing[0] = self._outgoing[0][written:]
                if not self._outgoing[0]:
                    self._outgoing.popleft()

    def _read_answers(self) -> None:
        data = os.read(self._child.responses, PIPE_BYTES)
        if not data:
            raise self._died()
        try:
            for frame in self._reader.feed(data):
                self._take_in(frame)
        except ProtocolError as error:
            raise AnswerError("died", f"answered more than is allowed ({error})") from None

    def _take_in(self, frame: bytes) -> None:
        """Keep an answer for its turn; the first one to each request counts, later ones do not.

        A process that forked in the middle of a call answers it twice.
        """
        try:
            place, message = place_of(frame)
        except ProtocolError:
            raise _forged() from None
        at = len(self._incoming)
        awaited = self._due[min(at, len(self._due) - 1)]  # all are there: the last one
        if place > awaited:
            raise _forged()
        if place == awaited and at < len(self._due):
            self._incoming.append(message)

    def _died(self) -> AnswerError:
        ended = self._child.wait(10.0)
        return AnswerError("died", ended.words())

    def _read_output(self) -> bool:
        try:
            data = os.read(self._child.output, PIPE_BYTES)
        except BlockingIOError:
            return False
        self._output.add(data)
        return bool(data)

    def expect_marks(self, marks: Sequence[str]) -> None:
        """Let each of these words, in turn, end what `take_output` returns at a time."""
        self._output.marks.extend(mark.encode() for mark in marks)

    def take_output(self) -> tuple[str, bool]:
        """Return what was printed up to the next mark, or since the last; and whether it was cut.

        Where the mark is missing, a notebook prints to somewhere else: then all there is.
        """
        for _ in range(64):  # what is in the pipe; a process that prints for ever must not hold us
            if self._output.ready or not self._read_output():
                break
        return self._output.take()


class _Printed:
    """What a process prints, as much as is allowed, in pieces that end with marks."""

    def __init__(self, limits: Limits) -> None:
        self.marks: deque[bytes] = deque()  # those to come
        self.ready: deque[tuple[bytes, bool]] = deque()  # whole pieces, and whether they were cut
        self._limits, self._room = limits, limits.outputs
        self._kept, self._cut = bytearray(), False
        self._last = b""  # may be the beginning of the next mark

    def add(self, data: bytes) -> None:
        """Take in what was read."""
        data = self._last + data
        while (place := self._next_mark(data)) is not None:
            skipped, end = place
            for _ in range(skipped):  # those cells print to somewhere else
                self.marks.popleft()
                self._end()
            self._keep(data[:end])
            data = data[end + len(self.marks.popleft()) :]
            self._end()
        end = max(0, len(data) - max(map(len, self.marks), default=1) + 1)
        self._keep(data[:end])
        self._last = data[end:]

    def _next_mark(self, data: bytes) -> tuple[int, int] | None:
        """Return which of the marks to come is there, and where."""
        places = ((k, data.find(mark)) for k, mark in enumerate(self.marks))
        return next(((k, end) for k, end in places if end >= 0), None)

    def take(self) -> tuple[str, bool]:
        """Return the next piece; where none is whole, what there is of it."""
        if not self.ready:
            self._keep(self._last)
            self._last = b""
            self._end()
            if self.marks:
                self.marks.popleft()
        piece, cut = self.ready.popleft()
        return piece.decode("utf-8", errors="replace"), cut

    def _keep(self, data: bytes) -> None:
        room = max(0, min(self._limits.output, self._room) - len(self._kept))
        self._kept += data[:room]
        self._cut = self._cut or len(data) > room

    def _end(self) -> None:
        self._room -= len(self._kept)
        self.ready.append((bytes(self._kept), self._cut))
        self._kept, self._cut = bytearray(), False


@contextlib.contextmanager
def run(
    sandbox: Sandbox,
    cells: Sequence[Cell],
    calls: Iterable[Sequence[Call]],
    limits: Limits,
    stop: threading.Event,
    files: Mapping[str, bytes] | None = None,
    *,
    images: bool = False,
) -> Iterator[Session]:
    """Run a submission's cells and make the calls, restarting its process where it must be.

    What it came to is known while its last process has still to end, which takes some milliseconds.

    Args:
        sandbox: where it runs.
        cells: of the notebook.
        calls: of its functions, in parts; the first is asked for when the cells have run, each
            other one when those before it are made: until then somebody may choose them.
        limits: of the submission.
        stop: is set when grading is interrupted.
        files: what lies beside the notebook, by path.
        images: whether the cells load the stand-in's images, as `Sandbox.spawn` takes it.
    """
    runner = _Runner(list(cells), iter(calls), limits)
    deadline = time.monotonic() + limits.total_seconds
    with contextlib.ExitStack() as alive:
        for _ in range(1 + limits.restarts):
            alive.close()  # the one before
            child = alive.enter_context(sandbox.spawn(limits, images=images))
            talk = Conversation(child, limits, deadline, stop)
            _lay_out(talk, files or {})
            done = runner.run_cells(talk) and runner.make_calls(talk)
            late = time.monotonic() > deadline
            if done or late:
                break
        if not done:
            runner.give_up(late)
        if any(runner.album):
            alive.close()
            child = alive.enter_context(sandbox.spawn(limits))
            until = time.monotonic() + REDRAW_SECONDS
            runner.hang(_redrawn(runner.album, Conversation(child, limits, until, stop)))
        yield runner.session


def not_run(why: str) -> dict[str, Any]:
    """Return the outcome of a call that was never made."""
    return {"kind": "not run", "why": f"Not run: {why}."}


def _lay_out(talk: Conversation, files: Mapping[str, bytes]) -> None:
    """Put files into the folder of a fresh process."""
    if files:
        talk.ask({"do": "lay_out", "paths": list(files)}, tuple(files.values()), LAY_OUT_SECONDS)


def _redrawn(album: list[list[bytes]], talk: Conversation) -> list[list[bytes]]:
    """Return the pictures of each cell as a process drew them again that ran nothing of a student.

    Nothing stands for a picture that could not be read, whatever it did to its reader.
    """
    sent = tuple(picture for shown in album for picture in shown)
    try:
        drawn = talk.ask({"do": "redraw"}, sent, REDRAW_SECONDS).blobs
    except AnswerError:
        drawn = ()
    left = iter(drawn if len(drawn) == len(sent) else [b""] * len(sent))
    return [[next(left) for _ in shown] for shown in album]


class _Runner:
    """How far a submission has come, over the restarts of its process."""

    def __init__(self, cells: list[Cell], parts: Iterator[Sequence[Call]], limits: Limits) -> None:
        self.session = Session()
        self.album: list[list[bytes]] = []  # what each cell showed, as it came
        self._cells, self._parts, self._limits = cells, parts, limits
        self._calls: list[Call] = []  # those that are known
        self._groups: deque[list[int]] = deque()  # the calls that remain, those to send together
        self._room = limits.values  # for what the functions return
        self._failed: dict[str, str] = {}  # how a call of an item failed
        self._ended = ""  # the cell that ended the cells, and how

    def _expect(self) -> bool:
        """Ask for more calls; False when there are none."""
        part = next(filter(None, self._parts), None)
        if part is None:
            return False
        places = range(len(self._calls), len(self._calls) + len(part))
        self._calls += part
        self.session.outcomes += [{} for _ in places]  # nothing: not called yet
        together = itertools.groupby(places, key=lambda k: self._calls[k].kind)
        self._groups.extend(list(group) for _kind, group in together)
        return True

    def run_cells(self, talk: Conversation) -> bool:
        """Run the cells that are known to end; False when one of them did not.

        Of a cell that is run again nothing is shown: hidden inputs were in the process before.
        """
        reports = self.session.cells
        if self._cells:
            # All at once, so that their process waits for nobody.
            secret = secrets.token_hex(8)  # that no notebook prints by chance
            marks = [f"\x1e{secret} {index}\x1e" for index in range(len(self._cells))]
            talk.expect_marks(marks)
            body = {"do": "cells", "sources": [cell.source for cell in self._cells], "marks": marks}
            talk.send(body, (), answers=len(self._cells), apart=True)
        for index, cell in enumerate(self._cells):
            try:
                answer = talk.answer(self._limits.cell_seconds)
                if answer.body.keys() != {"error", "shown"}:
                    raise _forged()
            except AnswerError as failure:
                report = CellReport(cell.name, failure.kind, failure.words, *talk.take_output())
                if index < len(reports):
                    report = replace(reports[index], status=failure.kind, error=failure.words)
                reports[index:], self.album[index + 1 :] = [report], []
                self._cells = self._cells[:index]
                self._ended = (
                    f"cell {cell.name} {failure.words} (it begins with “{cell.beginning}”)"
                )
                self.session.reason = f"{self._ended}; what stood above it counts"
                return False
            output = talk.take_output()
            if index >= len(reports):
                reports.append(self._report(cell, answer, output))
        return True

    def _report(self, cell: Cell, answer: Message, output: tuple[str, bool]) -> CellReport:
        kept, lost = self._pictures(answer)
        self.album.append(kept)
        error = answer.body.get("error")
        if not isinstance(error, dict):
            return CellReport(cell.name, "ok", "", *output, lost=lost)
        words = f"{str(error.get('type'))[:100]}: {str(error.get('message'))[:2000]}"
        return CellReport(cell.name, "error", words, *output, lost=lost)

    def _pictures(self, answer: Message) -> tuple[list[bytes], str]:
        """Return the pictures of a cell that are within the limits, and what to say of the rest."""
        limits = self._limits
        room = limits.album - sum(len(picture) for shown in self.album for picture in shown)
        kept: list[bytes] = []
        for picture in answer.blobs[: limits.pictures]:
            if len(picture) <= min(limits.picture, room):
                kept.append(picture)
                room -= len(picture)
        shown = answer.body.get("shown")
        shown = shown if type(shown) is int and shown > len(answer.blobs) else len(answer.blobs)
        if shown == len(kept):
            return kept, ""
        return kept, (
            f"{len(kept)} of {min(shown, 999)} pictures are kept: {limits.pictures} of a cell at "
            f"most, {limits.picture / MIB:g} MiB each and {limits.album / MIB:g} MiB in all"
        )

    def hang(self, album: list[list[bytes]]) -> None:
        """Put the pictures that were drawn again into the reports."""
        cells = self.session.cells
        for index, drawn in enumerate(album):
            good = [each for each in drawn if pictures.is_png(each, self._limits.picture)]
            words = [cells[index].lost] if cells[index].lost else []
            if len(good) < len(drawn):
                count = len(drawn) - len(good)
                words.append(f"{count} picture{'s' * (count > 1)} could not be read")
            encoded = [base64.b64encode(each).decode() for each in good]
            cells[index] = replace(cells[index], pictures=encoded, lost="; ".join(words))

    def make_calls(self, talk: Conversation) -> bool:
        """Make the calls that remain; False when the process must be started again for them.

        What is printed meanwhile goes into no report: it may be the inputs of a hidden case.
        """
        while due := self._due():
            arguments = tuple(self._calls[k].arguments for k in due)
            request = self._calls[due[0]].request
            talk.send({**request, "do": "calls"}, arguments, answers=len(due))
            for k in due:
                if not self._take(k, talk):
                    return not self._due()
        return True

    def _due(self) -> list[int]:
        """Return the calls to send next, together, so that their process waits for nobody.

        They are of one item: what a function does to its process meets no other item's answers.
        And they are all public or all hidden: what a function says of a public case is shown, and
        no hidden input has been in its process before. Calls of an item that failed are not made.
        """
        outcomes = self.session.outcomes
        while self._groups or self._expect():
            due = [k for k in self._groups[0] if not outcomes[k]]
            failed = self._failed.get(self._calls[self._groups[0][0]].item)
            if due and failed is None:
                return due
            for k in due:
                outcomes[k] = {"kind": failed}
            self._groups.popleft()
        return []

    def _take(self, k: int, talk: Conversation) -> bool:
        """Take the answer to call `k`; False when the process gave none."""
        item = self._calls[k].item
        try:
            frame = talk.frame(self._limits.call_seconds + SLACK)
            # A value is for the checker to read.
            body = {} if frame.startswith(VALUE) else _read(frame).body
        except AnswerError as failure:
            self._failed[item] = failure.kind
            return False
        if self._ended and body.get("undefined") is True:
            why = f"{self._ended}, and no cell from there on counts"
            self.session.outcomes[k] = not_run(why)
        elif item not in self._failed:  # else it came after one of them took too long
            self.session.answered(k, self._bounded(frame))
        if body.get("outcome") == "timeout":
            self._failed[item] = "timeout"
        return True

    def _bounded(self, frame: bytes) -> bytes:
        """Return an answer, or an error in its place when all answers together are too large."""
        if len(frame) <= self._room:
            self._room -= len(frame)
            return frame
        limit = self._limits.values
        words = f"what the functions returned takes more than {limit} bytes, all together"
        return pack(Message({"outcome": "error", "error": {"type": "TooLarge", "message": words}}))

    def give_up(self, late: bool) -> None:
        """Let the calls that were not made count as failed, and say why."""
        while self._expect():
            pass
        session = self.session
        why = (
            f"everything together took longer than {self._limits.total_seconds:g} seconds"
            if late
            else f"its process ended {1 + self._limits.restarts} times"
        )
        for k, call in enumerate(self._calls):
            failed = self._failed.get(call.item)
            session.outcomes[k] = session.outcomes[k] or (
                {"kind": failed} if failed else not_run(why)
            )
        session.reason = f"{session.reason}; {why}" if session.reason else why
