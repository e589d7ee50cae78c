"""A course folder with the real exercise, and the corpus graded once for all tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from autograder.course import Course, load
from autograder.gradebook.gradebook import Gradebook
from autograder.sandbox.inside.limits import MIB, Limits
from tests.autograder import postgresql as servers
from tests.autograder.host import Watch, canary, watching
from tests.submissions import builder
from tests.submissions.builder import student

NAME = "tp1_layers"
ROOT = Path(__file__).parents[2]
NEIGHBOUR = "graded/canary_in_the_notebook"  # what others must not read of its notebook
FAST = Limits(cell_seconds=8, call_seconds=4, total_seconds=40, memory=1024 * MIB)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that wait for the whole corpus the time that it takes."""
    for item in items:
        if "graded" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(900))


@dataclass(frozen=True)
class Graded:
    """The corpus after one run of the grader, and what was seen on the machine meanwhile."""

    course: Course
    watch: Watch

    def result(self, key: str) -> dict[str, Any]:
        path = self.course.result(NAME, student(key))
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def copy(self, root: Path, *keys: str) -> Course:
        """Return a course that holds these submissions as graded, to be changed freely.

        The one of this object is for reading: other tests look at it at the same time.
        """
        submitted = [f"submitted/{student(key)}" for key in keys]
        for part in ("autograded", "exercises", "feedback", "reports", *submitted):
            shutil.copytree(self.course.root / part, root / part)
        for name in ("gradebook.db", "nbgrader_config.py"):
            shutil.copy(self.course.root / name, root)
        return Course(root)


@pytest.fixture(scope="session")
def exercise() -> dict[str, Any]:
    path = ROOT / "exercises" / NAME / f"{NAME}.ipynb"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture
def make_course(exercise: dict[str, Any], tmp_path: Path) -> Callable[..., Course]:
    """Make a course folder in which these submissions of the corpus were handed in."""

    def make(*keys: str) -> Course:
        return lay_out(tmp_path / "course", exercise, keys)

    return make


def lay_out(
    root: Path,
    exercise: dict[str, Any],
    keys: tuple[str, ...],
    values: Mapping[str, str] | None = None,
) -> Course:
    course = Course(root)
    course.exercise(NAME).parent.mkdir(parents=True)
    course.exercise(NAME).write_text(json.dumps(exercise), encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for key in keys:
        target = root / "submitted" / student(key) / NAME
        builder.hand_in(exercise, builder.corpus()[key], target, NAME, values)
    return course


@pytest.fixture(scope="session")
def graded(exercise: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Grade the whole corpus, once however many workers run the tests."""
    shared = tmp_path_factory.getbasetemp().parent if _is_worker() else tmp_path_factory.mktemp("s")
    root, seen = shared / "graded-corpus", shared / "graded-corpus.json"
    with FileLock(f"{root}.lock"):
        if not seen.exists():
            shutil.rmtree(root, ignore_errors=True)
            seen.write_text(json.dumps(asdict(_grade_corpus(root, exercise))), encoding="utf-8")
    return Graded(Course(root), Watch(**json.loads(seen.read_text(encoding="utf-8"))))


def _grade_corpus(root: Path, exercise: dict[str, Any]) -> Watch:
    """Grade every submission, with a canary in each place that none of them may read."""
    from autograder.grade import grade

    outside = root.with_name(f"{root.name}-outside")
    outside.mkdir(exist_ok=True)
    with watching(outside) as (values, watch), pytest.MonkeyPatch.context() as patch:
        values |= {"COURSE": str(root), "SUBMISSION": canary("submission")}
        course = lay_out(root, exercise, tuple(builder.corpus()), values)
        secret = root / "solutions" / NAME / f"{NAME}.md"
        secret.parent.mkdir(parents=True)
        secret.write_text(canary("solution"), encoding="utf-8")
        with Gradebook(course, load(course, NAME)) as book:
            book._book.add_student("nobody", last_name=canary("gradebook"))
        patch.setenv("CONVBOOK_CANARY", canary("environment"))
        grade(course, NAME, jobs=2, limits=FAST)
    return watch


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    with servers.running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database; of SQLite it is the default in the course folder."""
    if request.param == "sqlite":
        return "sqlite:///gradebook.db"
    server: servers.Server = request.getfixturevalue("postgresql")
    return server.new_database()
