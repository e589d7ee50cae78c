"""Who marks: threads of this process, each with a sandboxed child at a time; and in what order.

`cluster.Cluster` is the other kind of workers. Both take a `Submission` and give a result, so that
a class is marked in the same way whoever does it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from autograder.marking import intake
from autograder.marking.basis import Basis
from autograder.marking.intake import IntakeError, Submission
from autograder.marking.pipeline import Pipeline, failed_on_it
from autograder.marking.result import Result
from autograder.sandbox import selfcheck
from autograder.sandbox.inside.limits import DEFAULT, Limits
from autograder.sandbox.sandbox import Sandbox


class Workers(Protocol):
    """Those who mark."""

    @property
    def width(self) -> int:
        """How many submissions to hand out ahead of their results."""

    def launch(self) -> None:
        """Begin to get ready, while the caller does something else."""

    def submit(self, submission: Submission) -> Future[Result]:
        """Hand out a submission."""

    def wait(self, running: Collection[Future[Result]]) -> Collection[Future[Result]]:
        """Return those that have ended, one at least."""


class Sandboxes:
    """The pair that marking needs, students' and checker's; started and tried once.

    And a third for practicals with training runs, the measurer's.
    """

    def __init__(self, *, unsafe: bool = False, hidden: Sequence[Path] = ()) -> None:
        self._unsafe, self._hidden = unsafe, hidden
        self._lock = threading.Lock()
        self._pair: tuple[Sandbox, Sandbox] | None = None
        self._ready = False
        self._measurer: Sandbox | None = None
        self._measures = False  # whether it has answered

    def launch(self, *, runs: bool = False) -> None:
        """Start the servers that load torch, while the caller does something else.

        The students' always, the measurer's where there are training `runs`.
        """
        with self._lock:
            self._launch()
            if runs:
                self._launch_measurer()

    def _launch_measurer(self) -> Sandbox:
        if self._measurer is None:
            self._measurer = Sandbox("measurer", unsafe=self._unsafe, hidden=self._hidden)
            self._measurer.launch()
        return self._measurer

    def measurer(self) -> Sandbox:
        """Return the measurer's, ready; starting it first where nobody did.

        Raises:
            GradingError: the machine cannot grade.
        """
        with self._lock:
            found = self._launch_measurer()
            if not self._measures:
                try:
                    found.start()
                except BaseException:
                    self._stop()
                    raise
                self._measures = True
            return found

    def _launch(self) -> tuple[Sandbox, Sandbox]:
        if self._pair is None:
            roles = "student", "checker"
            students, checkers = (
                Sandbox(role, unsafe=self._unsafe, hidden=self._hidden) for role in roles
            )
            self._pair = students, checkers
            students.launch()  # alone: it loads torch, which takes longest
        return self._pair

    def start(self, limits: Limits) -> tuple[Sandbox, Sandbox]:
        """Return both, ready; starting them first where nobody did.

        Raises:
            GradingError: the machine cannot grade.
        """
        with self._lock:
            pair = students, checkers = self._launch()
            if not self._ready:
                try:
                    checkers.launch()
                    students.start()
                    checkers.start()
                    selfcheck.prove(students, limits)
                except BaseException:
                    self._stop()
                    raise
                self._ready = True
            return pair

    def stop(self, pair: tuple[Sandbox, Sandbox] | None = None) -> None:
        """End both, or do nothing when `pair` was replaced before; `start` makes new ones."""
        with self._lock:
            if pair is None or pair is self._pair:
                self._stop()

    def _stop(self) -> None:
        for sandbox in (*(self._pair or ()), self._measurer):
            if sandbox is not None:
                sandbox.stop()
        self._pair, self._ready = None, False
        self._measurer, self._measures = None, False


class Threads:
    """Threads of this process, which share a pair of sandboxes."""

    def __init__(
        self,
        basis: Basis,
        *,
        jobs: int | None = None,
        unsafe: bool = False,
        hidden: Sequence[Path] = (),
        limits: Limits = DEFAULT,
    ) -> None:
        self._basis, self._limits = basis, limits
        self._jobs = jobs or len(os.sched_getaffinity(0))
        self._stop = threading.Event()
        self._sandboxes = Sandboxes(unsafe=unsafe, hidden=hidden)
        self._pool = ThreadPoolExecutor(max_workers=self._jobs)

    @property
    def width(self) -> int:
        """Two a thread: the next one is there when the first has ended."""
        return 2 * self._jobs

    def launch(self) -> None:
        """Start the sandboxes, which load torch."""
        self._sandboxes.launch(runs=bool(self._basis.assignment.runs))

    def submit(self, submission: Submission) -> Future[Result]:
        """Hand a submission to a thread.

        Raises:
            GradingError: the machine cannot grade.
        """
        pair = self._sandboxes.start(self._limits)
        measurer = self._sandboxes.measurer() if self._basis.assignment.runs else None
        pipeline = Pipeline(self._basis, *pair, self._stop, self._limits, measurer)
        return self._pool.submit(pipeline.mark, submission)

    def wait(self, running: Collection[Future[Result]]) -> Collection[Future[Result]]:
        """Return those that have ended, one at least."""
        return wait(running, return_when=FIRST_COMPLETED).done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the threads and the sandboxes: at once after an exception, Ctrl-C too."""
        if kind is not None:
            self._stop.set()
        self._pool.shutdown(cancel_futures=True)
        self._sandboxes.stop()


def mark_all(
    basis: Basis,
    folders: Mapping[str, Path],
    workers: Workers,
    marked: Callable[[Submission], Result | None] = lambda _submission: None,
) -> Iterator[tuple[Submission | None, Result]]:
    """Yield each submission with its result as it ends; what cannot be read comes as None.

    Submissions are read when somebody is free to mark them, so that a thousand of them need no more
    memory than a few.

    Args:
        basis: of all results.
        folders: what was handed in, by student.
        workers: who marks.
        marked: finds the result of a submission that was marked elsewhere.
    """
    running: dict[Future[Result], Submission] = {}
    for student, folder in folders.items():
        try:
            runs = basis.assignment.run_names
            submission = intake.take(student, folder, basis.assignment.name, runs)
        except IntakeError as reason:
            yield None, _refused(basis, student, folder, str(reason))
            continue
        except Exception as error:
            # One folder must never stop the class, whatever it holds.
            yield None, _refused(basis, student, folder, failed_on_it(error))
            continue
        found = marked(submission)
        if found is not None:
            yield submission, found
            continue
        running[workers.submit(submission)] = submission
        while len(running) >= workers.width:
            yield from _ended(running, workers)
    while running:
        yield from _ended(running, workers)


def _refused(basis: Basis, student: str, folder: Path, reason: str) -> Result:
    """Return the result of what could not be read; when it was handed in is known all the same."""
    return {**basis.review(student, None, reason), "timestamp": intake.timestamp(folder)}


def _ended(
    running: dict[Future[Result], Submission], workers: Workers
) -> Iterator[tuple[Submission, Result]]:
    ended = workers.wait(running.keys())
    # What went well is kept, before what went wrong ends the run.
    for future in sorted(ended, key=lambda future: future.exception() is not None):
        yield running.pop(future), future.result()
