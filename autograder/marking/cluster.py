"""Workers of a dask.distributed cluster: `grade --dask ADDRESS`.

A worker runs nothing of a student's by itself: it carries bytes between its own two sandboxes, as
the command does on one machine. It needs this package and bubblewrap, and neither a course folder
nor a gradebook. What crosses the network of the cluster is text, made and read by `json`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import asdict
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import dask
from distributed import Client, KilledWorker, WorkerPlugin, get_worker
from distributed.client import ClosedClientError
from distributed.comm import get_address_host_port

from autograder.course import Assignment, grader_version
from autograder.marking.basis import WORKERS_ENDED, Basis
from autograder.marking.intake import Submission
from autograder.marking.pipeline import Pipeline
from autograder.marking.result import Result, validate
from autograder.marking.workers import Sandboxes
from autograder.runs.files import RunFile
from autograder.sandbox.inside.limits import DEFAULT, Limits
from autograder.sandbox.session import StoppedError
from convbook.errors import GradingError

VERSION = grader_version()  # of the code that this process has loaded
CONNECT_SECONDS = 10
PATIENCE_SECONDS = 60.0  # without any worker, before grading gives up
TICK_SECONDS = 2.0
LOST = (OSError, CancelledError, ClosedClientError)  # what a lost scheduler raises
RETRIES = 2  # on another worker, or on the same one with new sandboxes


class Cluster:
    """The workers behind the scheduler at an address, as `tcp://HOST:PORT`."""

    def __init__(self, address: str, basis: Basis, *, limits: Limits = DEFAULT) -> None:
        self._address, self._basis, self._limits = address, basis, limits
        self._terms = json.dumps({"basis": asdict(basis), "limits": asdict(limits)})
        self._client: Client | None = None

    def launch(self) -> None:
        """Connect, refuse workers that mark otherwise, and let all start their sandboxes.

        Raises:
            GradingError: no scheduler or no worker answers, or their grader is another one.
        """
        _quieten()
        try:
            get_address_host_port(self._address, strict=True)
            client = Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GradingError(
                "Connecting to a Dask scheduler.",
                got=f"{self._address}: {error}",
                next_step="start one (python -m dask scheduler) and pass the address that it shows",
            ) from None
        self._client = client
        try:
            versions = client.run(_version, on_error="return")
            if not versions:
                raise _no_worker(self._address)
            for who, version in [("scheduler", _of_scheduler(client)), *versions.items()]:
                if version != self._basis.version:
                    raise _another_grader(who, version, self._basis.version)
            client.register_plugin(Station())
        except LOST:
            raise _lost(self._address) from None

    def submit(self, submission: Submission) -> Future[Result]:
        """Hand a submission to the cluster; a worker that ends is replaced by another one."""
        if self._client is None:
            self.launch()
        executor = _open(self._client).get_executor(pure=False, retries=RETRIES)
        text = json.dumps(asdict(submission))
        try:
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GiB"}):
                remote = executor.submit(mark, self._terms, text)
        except LOST:
            raise _lost(self._address) from None
        future: Future[Result] = Future()
        remote.add_done_callback(lambda ended: self._settle(future, ended, submission))
        return future

    def _settle(self, future: Future[Result], ended: Future[str], submission: Submission) -> None:
        """Turn what became of a task into a result or an error of ours."""
        try:
            future.set_result(validate(json.loads(ended.result())))
        except CancelledError:
            future.set_exception(_lost(self._address))
        except KilledWorker as error:
            reason = f"{WORKERS_ENDED}: {error}"
            future.set_result(self._basis.review(submission.student, submission, reason[:2000]))
        except GradingError as error:
            future.set_exception(error)
        except Exception as error:
            # Whatever a cluster does to a task, it is no mistake of the submission.
            words = f"{type(error).__name__}: {error}"
            future.set_exception(GradingError("Marking on a Dask cluster.", got=words))

    @property
    def width(self) -> int:
        """Two a thread of the cluster, as it is now."""
        return max(2, 2 * self._threads())

    def wait(self, running: Collection[Future[Result]]) -> Collection[Future[Result]]:
        """Return those that have ended, one at least.

        Raises:
            GradingError: the cluster has had no worker for a while.
        """
        seen = time.monotonic()
        while not (done := wait(running, TICK_SECONDS, FIRST_COMPLETED).done):
            if self._threads():
                seen = time.monotonic()
            elif time.monotonic() - seen > PATIENCE_SECONDS:
                raise _no_worker(self._address)
        return done

    def _threads(self) -> int:
        try:
            return sum(_open(self._client).nthreads().values())
        except LOST:
            raise _lost(self._address) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            self._client.close()


class Station(WorkerPlugin):  # type: ignore[misc]
    """The sandboxes of one worker process: made once, ended with it."""

    name = "convbook-sandboxes"
    idempotent = True

    def setup(self, worker: object) -> None:
        """Start the sandboxes; a machine that cannot says so at its first submission."""
        del worker
        self._stop = threading.Event()
        self._sandboxes = Sandboxes()
        with contextlib.suppress(GradingError):
            self._sandboxes.launch()

    def teardown(self, worker: object) -> None:
        """End them, and what runs in them."""
        del worker
        self._stop.set()
        self._sandboxes.stop()

    def mark(self, basis: Basis, limits: Limits, submission: Submission) -> Result:
        """Mark one submission; sandboxes that broke are made anew for the next one."""
        pair = self._sandboxes.start(limits)
        try:
            measurer = self._sandboxes.measurer() if basis.assignment.runs else None
            return Pipeline(basis, *pair, self._stop, limits, measurer).mark(submission)
        except StoppedError:
            raise
        except GradingError:
            self._sandboxes.stop(pair)
            raise


def mark(terms: str, submission: str) -> str:
    """Mark one submission on a worker: text in, text out."""
    basis, limits = _terms(terms)
    worker = get_worker()
    if basis.version != VERSION:
        raise _another_grader(worker.address, VERSION, basis.version)
    body = json.loads(submission)
    body["cells"] = tuple(body["cells"])
    body["runs"] = tuple(RunFile(**each) for each in body["runs"])
    return json.dumps(worker.plugins[Station.name].mark(basis, limits, Submission(**body)))


@lru_cache(maxsize=4)
def _terms(text: str) -> tuple[Basis, Limits]:
    body = json.loads(text)
    assignment = body["basis"]["assignment"]
    assignment |= {key: tuple(assignment[key]) for key in ("cells", "questions")}
    basis = Basis(**{**body["basis"], "assignment": Assignment(**assignment)})
    return basis, Limits(**body["limits"])


def _quieten() -> None:
    """Let our errors say in words what these say of a lost connection in pages of traces."""
    names = ("distributed", "tornado", "asyncio")
    for name in (*names, *logging.root.manager.loggerDict):  # Dask gives some below a handler too
        if name.partition(".")[0] in names:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [logging.NullHandler()], False


def _version() -> str:
    return VERSION


def _of_scheduler(client: Client) -> object:
    """Return the version of the scheduler, which reads tasks too, or why there is none."""
    try:
        return client.run_on_scheduler(_version)
    except Exception as error:
        return error


def _open(client: Client | None) -> Any:
    if client is None:
        raise GradingError("Marking on a Dask cluster.", got="a cluster that was not launched")
    return client


def _no_worker(address: str) -> GradingError:
    return GradingError(
        "Marking on a Dask cluster.",
        got=f"no worker at {address}",
        rule="one worker at least, with bubblewrap and this grader",
        next_step="start workers (python -m dask worker ADDRESS), then run it again: it goes on",
    )


def _lost(address: str) -> GradingError:
    return GradingError(
        "Marking on a Dask cluster.",
        got=f"the scheduler at {address} ended or cannot be reached any more",
        rule="what was graded before is kept, what was being marked is not",
        next_step="start the scheduler and the workers again, then run this again: it goes on",
    )


def _another_grader(who: str, found: object, wanted: str) -> GradingError:
    return GradingError(
        "Marking on a Dask cluster.",
        got=f"{who}: {found}",
        rule=f"scheduler, workers and this command have the same grader: {wanted}",
        next_step="start scheduler and workers from the same copy of the repository as this",
    )
