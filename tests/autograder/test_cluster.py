"""Grading on a real scheduler and real workers, as processes of their own that get killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import KilledWorker

from autograder.__main__ import main
from autograder.course import Course, load
from autograder.grade import grade
from autograder.marking import cluster as marking
from autograder.marking.basis import Basis
from autograder.marking.intake import take
from autograder.marking.result import Result
from autograder.pages import feedback
from tests.autograder.conftest import NAME, ROOT, student
from tests.autograder.runs import (
    Command,
    grading,
    marks,
    processes_below,
    recorded,
    require,
    slow_down,
    submissions_in_the_gradebook,
    within,
)

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
MakeCourse = Callable[..., Course]
KEYS = (
    "graded/ceiling",
    "graded/half_a_surrogate_pair",
    "graded/perfect",
    "needs_review/not_json",
    "partly_graded/os_exit",
)


@dataclass
class Cluster:
    """A scheduler and its workers, in a folder that holds nothing."""

    folder: Path
    path: str = os.environ["PATH"]
    package: Path = ROOT  # of the workers
    scheduler_package: Path = ROOT
    scheduler: Command | None = None
    workers: list[Command] = field(default_factory=list)

    def start(self, workers: int) -> str:
        """Return the address of the scheduler, once that many workers are there."""
        self.folder.mkdir()
        places = ("--host", "127.0.0.1", "--no-dashboard")
        file = self.folder.with_suffix(".json")
        listening = ("--port", "0", "--scheduler-file", str(file))
        self.scheduler = self._run(self.scheduler_package, "dask_scheduler", *places, *listening)
        require(60, lambda: file.exists() and bool(file.read_text(encoding="utf-8")))
        address = str(json.loads(file.read_text(encoding="utf-8"))["address"])
        alone = ("--nworkers", "1", "--nthreads", "1", "--no-nanny")
        scratch = ("--local-directory", str(self.folder.with_suffix(".scratch")))
        for _ in range(workers):
            self.workers.append(
                self._run(self.package, "dask_worker", address, *places, *alone, *scratch)
            )
        require(60, lambda: all("Registered to" in each.said() for each in self.workers))
        return address

    def _run(self, package: Path, program: str, *arguments: str) -> Command:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(package), "PATH": self.path}
        return Command(command, self.folder, environment, self.folder.with_suffix(".log"))

    def stop(self) -> None:
        for each in [*self.workers, self.scheduler]:
            if each is not None:
                each.kill()


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def make(**how: object) -> Cluster:
        made.append(Cluster(tmp_path / f"cluster-{len(made)}", **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


def test_the_same_table_one_at_a_time_in_parallel_and_on_a_cluster_that_loses_a_worker(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    there = make_course(*KEYS)
    slow_down(there, student("graded/perfect"), seconds=5)
    other, third = Course(tmp_path / "parallel"), Course(tmp_path / "cluster")
    for copy in (other, third):
        shutil.copytree(there.root, copy.root)
    cluster = make_cluster()
    address = cluster.start(workers=2)
    with grading(third, "--dask", address) as command:
        require(120, lambda: len(recorded(third)) >= 2)
        victim = cluster.workers[0]
        below = processes_below(victim.pid)
        assert len(below) >= 2, "its two sandboxes"
        victim.kill()
        assert command.wait(120) == 0, command.said()
    assert within(10, lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))

    grade(there, NAME, jobs=1)
    grade(other, NAME, jobs=2)
    assert marks(third) == marks(there) == marks(other)
    assert recorded(third).keys() == {student(key) for key in KEYS}
    assert submissions_in_the_gradebook(third) == sorted(student(key) for key in KEYS)
    assert list(cluster.folder.iterdir()) == [], "workers need and leave no files"


def test_a_killed_scheduler_is_said_and_the_next_run_goes_on(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster]
) -> None:
    there = make_course(*KEYS)
    slow_down(there, student("graded/perfect"), seconds=12)
    cluster = make_cluster()
    with grading(there, "--dask", cluster.start(workers=1)) as command:
        require(120, lambda: len(recorded(there)) >= 2)
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        assert command.wait(120) == 1
    assert "then run this again: it goes on" in command.said()
    assert "Traceback" not in command.said(), command.said()
    before = recorded(there)
    assert 2 <= len(before) < len(KEYS)

    command = grading(there, "--dask", make_cluster().start(workers=1))
    assert command.wait(120) == 0, command.said()
    after = recorded(there)
    read = [name for name in before if name != student("needs_review/not_json")]
    assert {name: after[name] for name in read} == {name: before[name] for name in read}
    assert submissions_in_the_gradebook(there) == sorted(student(key) for key in KEYS)


def test_what_dask_says_of_workers_that_ended_is_for_the_instructor(
    make_course: MakeCourse,
) -> None:
    there = make_course("graded/perfect")
    name = student("graded/perfect")
    basis = Basis.of(load(there, NAME))
    ended: Future[str] = Future()
    ended.set_exception(KilledWorker("mark-0", SimpleNamespace(address="tcp://10.0.0.7:4000"), 2))
    future: Future[Result] = Future()
    submission = take(name, there.submitted(NAME)[name], NAME)
    marking.Cluster("tcp://10.0.0.1:8786", basis)._settle(future, ended, submission)
    found = future.result()
    assert "mark-0" in found["reason"]
    assert feedback.reason(found) == "the workers that marked it ended, one after the other"
    assert feedback.reason(found) in feedback.INSTRUCTORS


def test_a_worker_with_another_grader_is_refused(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    package = tmp_path / "package"
    for name in ("autograder", "convbook"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "autograder" / "sandbox" / "session.py").open("a", encoding="utf-8") as file:
        file.write("# another grader\n")
    there = make_course("graded/ceiling")
    address = make_cluster(package=package).start(workers=1)
    command = grading(there, "--dask", address)
    assert command.wait(120) == 1
    assert "have the same grader" in command.said()
    assert recorded(there) == {}


@pytest.mark.parametrize("who", ["package", "scheduler_package"])
def test_a_cluster_without_the_grader_is_refused(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster], tmp_path: Path, who: str
) -> None:
    shutil.copytree(ROOT / "convbook", tmp_path / "package" / "convbook")
    there = make_course("graded/ceiling")
    address = make_cluster(**{who: tmp_path / "package"}).start(workers=1)
    command = grading(there, "--dask", address)
    assert command.wait(120) == 1
    assert "No module named 'autograder'" in command.said()
    assert "Traceback" not in command.said(), command.said()


def test_a_worker_without_bubblewrap_marks_nobody(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    there = make_course("graded/ceiling")
    address = make_cluster(path=str(tmp_path)).start(workers=1)
    command = grading(there, "--dask", address)
    assert command.wait(120) == 1
    assert "apt-get install bubblewrap" in command.said()
    assert recorded(there) == {}


def test_a_cluster_without_workers_is_said(
    make_course: MakeCourse, make_cluster: Callable[..., Cluster]
) -> None:
    command = grading(make_course("graded/ceiling"), "--dask", make_cluster().start(workers=0))
    assert command.wait(120) == 1
    assert "no worker at tcp://" in command.said()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dask", "tcp://127.0.0.1:1"), "Timed out trying to connect"),
        (("--dask", "nonsense"), "Must include protocol"),
        (("--dask", "tcp://127.0.0.1:1", "--jobs", "2"), "python -m dask worker --nthreads N"),
        (("--dask", "tcp://127.0.0.1:1", "--unsafe-no-sandbox"), "in their own sandboxes"),
    ],
)
def test_wrong_arguments_are_explained(
    make_course: MakeCourse, arguments: tuple[str, ...], words: str
) -> None:
    command = grading(make_course("graded/ceiling"), *arguments)
    assert command.wait(120) == 1
    assert words in command.said()
    assert "Traceback" not in command.said(), command.said()


def test_without_dask_it_is_said_what_to_install(
    make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = make_course("graded/ceiling")
    monkeypatch.delitem(sys.modules, "autograder.marking.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["grade", NAME, "--course", str(there.root), "--dask", "tcp://127.0.0.1:1"]) == 1
    assert "pip install distributed" in capsys.readouterr().err


def test_dask_is_loaded_for_a_cluster_only() -> None:
    program = "import sys, autograder.grade; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
