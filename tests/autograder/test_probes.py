"""Each wall is missed when it is taken away, and nobody is graded without it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.__main__ import main
from autograder.course import Course
from autograder.grade import grade
from autograder.sandbox import bubblewrap, cgroup, probes, sandbox
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Conversation
from convbook.errors import GradingError
from tests.autograder.conftest import NAME

ROOT = Path(__file__).parents[2]
PROBES = {probe.attempt.__name__: probe for probe in probes.PROBES}
pytestmark = pytest.mark.sandbox
Plant = Callable[[str, str, str], None]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Take a wall away: run the modules inside the sandbox from a copy with a line changed.

    The copy runs cells by `plain_student`, which needs no torch and so starts at once.
    """
    copy = tmp_path / "autograder"
    shutil.copytree(bubblewrap.PACKAGE, copy, ignore=shutil.ignore_patterns("questions", "build"))
    for role in ("sandbox/inside/student.py", "marking/checker.py"):
        shutil.copy(ROOT / "tests/autograder/plain_student.py", copy / role)
    monkeypatch.setattr(bubblewrap, "PACKAGE", copy)

    def change(module: str, old: str, new: str) -> None:
        path = copy / f"sandbox/inside/{module}.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def missing(box: Sandbox) -> dict[str, str]:
    with box:
        return {probe.attempt.__name__: what for probe, what in probes.reached(box).items() if what}


@pytest.mark.parametrize("grouped", [True, False])
def test_all_walls_stand(plant: Plant, grouped: bool) -> None:  # noqa: ARG001 - for its copy
    assert missing(Sandbox("student", grouped=grouped)) == {}


def test_the_checker_has_the_same_walls(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(sandbox, "CHECKER", probes.LIMITS)
    assert missing(Sandbox("checker")) == {}


def test_a_course_in_a_folder_that_is_seen_is_covered(
    plant: Plant,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody may have put it below /usr; here the repository is added to what is seen."""
    monkeypatch.setattr(bubblewrap, "SYSTEM", (*bubblewrap.SYSTEM, str(ROOT)))
    monkeypatch.setenv("HOME", "/nowhere")  # the repository is there, and empty: also in a home
    assert missing(Sandbox("student")) == {}
    monkeypatch.setattr(bubblewrap, "_masks", lambda _hidden: [])
    if not ROOT.is_relative_to("/tmp"):  # which is another one inside anyway
        assert str(ROOT) in missing(Sandbox("student"))["files"]


class Holes:
    """A way to take each wall away; its name is the attempt that must get through."""

    @staticmethod
    def network(plant: Plant, patch: pytest.MonkeyPatch) -> None:
        _instead(patch, "--unshare-net", [])
        plant("confinement", ") | linux.CLONE_NEWNET", ")")

    @staticmethod
    def files(_plant: Plant, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(bubblewrap, "ETC", (*bubblewrap.ETC, "/etc/passwd"))

    @staticmethod
    def processes(plant: Plant, patch: pytest.MonkeyPatch) -> None:
        _instead(patch, "--unshare-pid", [])
        plant("confinement", "if hide_processes", "if False")

    @staticmethod
    def privileges(plant: Plant, _patch: pytest.MonkeyPatch) -> None:
        plant("forkserver", "uid = number if", "uid = 0 if")
        if os.geteuid() != 0:
            plant("confinement", "linux.set_no_new_privileges()", "pass")

    @staticmethod
    def system_calls(plant: Plant, _patch: pytest.MonkeyPatch) -> None:
        plant("confinement", "seccomp.install()", "pass")

    @staticmethod
    def writing(_plant: Plant, patch: pytest.MonkeyPatch) -> None:
        open_folder = ["--perms", "1777", "--tmpfs", f"{bubblewrap.INSIDE}/open"]
        _instead(patch, "--remount-ro", [*open_folder, "--remount-ro"])

    @staticmethod
    def environment(_plant: Plant, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("CONVBOOK_CANARY", "x")
        start = subprocess.Popen

        def leaky(command: Any, **options: Any) -> Any:
            environment = {**os.environ, **(options.pop("env", None) or {})}
            return start(command, env=environment, **options)

        patch.setattr(sandbox.subprocess, "Popen", leaky)

    @staticmethod
    def disk(plant: Plant, _patch: pytest.MonkeyPatch) -> None:
        plant("confinement", "size={limits.disk},", "")

    @staticmethod
    def many_processes(plant: Plant, patch: pytest.MonkeyPatch) -> None:
        plant("confinement", '("NPROC", limits.processes, limits.processes),', "")
        patch.setattr(cgroup, "places", list)

    @staticmethod
    def open_files(plant: Plant, _patch: pytest.MonkeyPatch) -> None:
        plant("confinement", '("NOFILE", limits.open_files, limits.open_files),', "")

    @staticmethod
    def processor(plant: Plant, _patch: pytest.MonkeyPatch) -> None:
        plant("confinement", "limits.cpu_seconds, limits", "9999, limits")

    @staticmethod
    def memory(plant: Plant, patch: pytest.MonkeyPatch) -> None:
        plant("watch", "if self._reason is None and self._memory.exceeded()", "if False")
        patch.setattr(cgroup, "places", list)

    @staticmethod
    def endless(_plant: Plant, patch: pytest.MonkeyPatch) -> None:
        ask = Conversation.ask

        def patient(self: Conversation, body: Any, blobs: Any, _seconds: float) -> Any:
            body["source"] = body["source"].replace("time.sleep(30)", "time.sleep(1)")
            return ask(self, body, blobs, 60)

        patch.setattr(Conversation, "ask", patient)


def _instead(patch: pytest.MonkeyPatch, option: str, others: list[str]) -> None:
    """Start bubblewrap with other options in the place of one."""
    command = bubblewrap.command

    def weaker(*arguments: Any) -> list[str]:
        words = command(*arguments)
        at = words.index(option)
        return words[:at] + others + words[at + 1 :]

    patch.setattr(bubblewrap, "command", weaker)


def test_each_wall_has_its_hole() -> None:
    assert {name for name in vars(Holes) if not name.startswith("_")} == set(PROBES)


@pytest.mark.parametrize("name", PROBES)
def test_a_wall_that_is_missing_is_named(
    name: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    getattr(Holes, name)(plant, monkeypatch)
    with Sandbox("student") as box, pytest.raises(GradingError) as caught:
        probes.require(box)
    assert f"'{PROBES[name].name}' does not hold" in caught.value.got


@pytest.mark.slow
def test_nobody_is_graded_behind_a_wall_with_a_hole(
    make_course: Callable[..., Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    Holes.files(lambda *_: None, monkeypatch)
    course = make_course("graded/perfect")
    with pytest.raises(GradingError, match="Trying the sandbox") as caught:
        grade(course, NAME)
    assert "/etc/passwd" in caught.value.got
    assert "doctor" in caught.value.next_step
    assert not (course.reports(NAME) / "results").exists()


def test_doctor_shows_every_wall_and_what_is_missing(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Holes.files(plant, monkeypatch)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("✓") == len(PROBES) - 1
    assert "✗ no files of the course" in printed.out
    assert "does not hold: /etc/passwd" in printed.err


@pytest.mark.parametrize("name", [name for name in PROBES if name not in ("endless", "memory")])
def test_each_attempt_succeeds_where_there_is_no_sandbox(name: str) -> None:
    """An attempt that could not succeed would show nothing. Run in a process of its own."""
    script = f"""
from autograder.sandbox import attempts, probes
from autograder.sandbox.sandbox import Sandbox
with probes._bait(Sandbox("student")) as bait:
    print("reached", attempts.{name}(bait))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert re.match("reached .", done.stdout), done.stderr
