"""A course folder with the real exercise, and the corpus graded once for all tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from autograder.course import Course
from autograder.limits import Limits
from tests.autograder import postgresql as servers
from tests.submissions import builder

NAME = "tp1_layers"
ROOT = Path(__file__).parents[2]
CANARY = "CANARY-7d1f"  # in everything that student code must not read
FAST = Limits(cell_seconds=8, call_seconds=2)


@dataclass(frozen=True)
class Graded:
    """The corpus after one run of the grader."""

    course: Course

    def result(self, key: str) -> dict[str, Any]:
        path = self.course.result(NAME, student(key))
        return dict(json.loads(path.read_text(encoding="utf-8")))


def student(key: str) -> str:
    return key.replace("/", ".").replace("_", "-")


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


def lay_out(root: Path, exercise: dict[str, Any], keys: tuple[str, ...]) -> Course:
    course = Course(root)
    course.exercise(NAME).parent.mkdir(parents=True)
    course.exercise(NAME).write_text(json.dumps(exercise), encoding="utf-8")
    for key in keys:
        target = root / "submitted" / student(key) / NAME
        builder.hand_in(exercise, builder.corpus()[key], target, NAME)
    return course


@pytest.fixture(scope="session")
def graded(exercise: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Grade the whole corpus, once however many workers run the tests."""
    from autograder.grade import grade

    shared = tmp_path_factory.getbasetemp().parent if _is_worker() else tmp_path_factory.mktemp("s")
    root = shared / "graded-corpus"
    with FileLock(f"{root}.lock"):
        if not (root / "done").exists():
            shutil.rmtree(root, ignore_errors=True)
            course = lay_out(root, exercise, tuple(builder.corpus()))
            secret = root / "solutions" / NAME / f"{NAME}.md"
            secret.parent.mkdir(parents=True)
            secret.write_text(CANARY, encoding="utf-8")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CONVBOOK_CANARY", CANARY)
                grade(course, NAME, jobs=2, limits=FAST)
            (root / "done").touch()
    return Graded(Course(root))


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
