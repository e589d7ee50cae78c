"""Another course folder: nbgrader's commands are safe in it, or nothing is graded there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from autograder import new_course
from autograder.__main__ import main
from autograder.course import Course
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, ROOT
from tests.autograder.test_nbgrader import hand_in, nbgrader
from tests.submissions import builder

STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'mine'\n"


@pytest.mark.parametrize("command", [["grade", NAME], ["feedback", NAME], ["formgrader"]])
@pytest.mark.parametrize("text", ["", STOCK])
def test_a_folder_in_which_nbgrader_is_not_safe_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    text: str,
) -> None:
    def served(*_arguments: object) -> None:
        raise AssertionError("this process would become a server")

    monkeypatch.setattr(os, "execve", served)
    if text:
        (tmp_path / "nbgrader_config.py").write_text(text, encoding="utf-8")
    assert main([*command, "--course", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert ("does not name this grader" if text else "no nbgrader_config.py") in said
    assert f"python -m autograder course {tmp_path}" in said


def test_a_course_folder_is_made_once_and_keeps_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "2027"
    assert main(["course", str(folder)]) == 0
    assert f"grade PRACTICAL --course {folder}" in capsys.readouterr().out
    course = Course.opened(folder)
    assert course.settings.CourseDirectory.root == str(folder)
    assert course.settings.CourseDirectory.course_id == "2027"
    assert course.gradebook == f"sqlite:///{folder}/gradebook.db"
    assert course.exercise(NAME).read_bytes() == Course(ROOT).exercise(NAME).read_bytes()

    course.exercise(NAME).write_text("of this year", encoding="utf-8")
    with pytest.raises(GradingError, match="never replaced"):
        new_course.make(folder)
    (folder / "nbgrader_config.py").unlink()
    new_course.make(folder)
    assert course.exercise(NAME).read_text(encoding="utf-8") == "of this year"


@pytest.fixture
def other(exercise: dict[str, Any], tmp_path: Path) -> Course:
    """Another course folder with one submission, which leaves a file wherever it runs free."""
    course = new_course.make(tmp_path / "course")
    source = f"open({str(tmp_path / 'free')!r}, 'w').close()"
    hand_in(course, "ada", builder.fill(exercise, [("own", source)]))
    return course


@pytest.mark.sandbox
@pytest.mark.slow
def test_nbgraders_commands_there_use_the_sandbox(other: Course, tmp_path: Path) -> None:
    nbgrader(other, "generate_assignment", NAME, PYTHONPATH="")
    assert "ada: " in nbgrader(other, "autograde", NAME, PYTHONPATH="")
    assert '"sandbox": "bubblewrap"' in other.result(NAME, "ada").read_text(encoding="utf-8")
    assert not (tmp_path / "free").exists()


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["moved", "mistyped"])
def test_without_its_settings_nbgrader_stops(other: Course, tmp_path: Path, trouble: str) -> None:
    nbgrader(other, "generate_assignment", NAME)
    path = other.root / "nbgrader_config.py"
    text = path.read_text(encoding="utf-8")
    if trouble == "moved":
        path.write_text(text.replace(str(ROOT), str(tmp_path / "gone")), encoding="utf-8")
    else:
        path.write_text(f"{text}\nc.Exchange.root = tmp\n", encoding="utf-8")
    said = nbgrader(other, "autograde", NAME, expect=1)
    assert ("no longer in" if trouble == "moved" else "name 'tmp' is not defined") in said
    assert not (tmp_path / "free").exists()
    assert not (other.root / "autograded").exists()
