"""What lies in `submitted/`: nothing there is passed over without a word."""

from __future__ import annotations

import csv
import json
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader import api

from autograder import handed_in
from autograder.__main__ import main
from autograder.course import Course
from autograder.marking import intake
from autograder.sandbox.sandbox import Sandbox
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, student
from tests.autograder.test_hostile_pages import formgrader

# nbgrader's own, about SQLAlchemy
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
MakeCourse = Callable[..., Course]
BROKEN = "needs_review/not_json"  # graded without a sandbox


@pytest.fixture
def there(make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A class of one, whose submission needs no sandbox to be graded."""
    monkeypatch.setattr(Sandbox, "launch", lambda _self: None)
    return make_course(BROKEN)


def test_a_name_that_was_mistyped_is_asked_for(there: Course) -> None:
    (name,) = there.submitted(NAME)
    with pytest.raises(GradingError, match=rf"nothing of {name.upper()}x \(is it {name}\?\)"):
        handed_in.folders(there, NAME, [f"{name.upper()}x"])
    with pytest.raises(GradingError, match=r"nothing of zzzzzz\n"):
        handed_in.folders(there, NAME, ["zzzzzz"])


def test_what_lies_in_the_wrong_place_is_named(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    def place(name: str) -> None:
        path = there.submissions / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert handed_in.unread(there) == ""
    (there.submissions / "no-one-yet").mkdir()
    place(".DS_Store")
    assert handed_in.unread(there) == ""
    for name in (
        f"Ada/{NAME}.ipynb",
        f"bo/{NAME.upper()}/{NAME}.ipynb",
        f"cy/{NAME}",
        "stray\x1b[2J.ipynb",
    ):
        place(name)
    assert main(["grade", NAME, "--course", str(there.root)]) == 0
    said = capsys.readouterr()
    assert "1 needs review" in said.out
    names = [f"Ada/{NAME}.ipynb", f"bo/{NAME.upper()}", f"cy/{NAME}", "stray\x1b[2J.ipynb"]
    assert f"4 things in submitted/ were not read: {', '.join(map(repr, names))}. " in said.err
    assert f"submitted/STUDENT/PRACTICAL/PRACTICAL.ipynb, with PRACTICAL one of {NAME}" in said.err
    assert "\x1b" not in said.err


def test_a_name_too_long_for_a_file_stops_nobody(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    (there.submissions / ("x" * 255) / NAME).mkdir(parents=True)
    assert main(["grade", NAME, "--course", str(there.root)]) == 0
    said = capsys.readouterr()
    assert "1 needs review" in said.out
    assert "1 thing in submitted/ was not read: 'xxxx" in said.err


def test_a_name_of_a_folder_cannot_steer_a_terminal(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    (there.submissions / "eve\x1b[2J" / NAME).mkdir(parents=True)
    assert main(["grade", NAME, "--course", str(there.root)]) == 0
    said = capsys.readouterr()
    assert "'eve\\x1b[2J': needs review" in said.out
    assert "eve\x1b" not in said.out + said.err


def test_a_class_in_the_wrong_place_is_told_so(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(there.submissions)
    for number in range(12):
        folder = there.submissions / f"student-{number:02d}"
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").touch()
    assert main(["grade", NAME, "--course", str(there.root)]) == 1
    said = capsys.readouterr().err
    assert "nothing was handed in. 12 things in submitted/ were not read: 'student-00/" in said
    assert "student-09" in said
    assert "student-10" not in said
    assert "and 2 more" in said


@pytest.mark.parametrize("text", [b"garbage", b"", b"\xff", b"2026-99-99 12:00:00 UTC"])
def test_a_time_that_cannot_be_read_is_named(
    there: Course, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    path = there.submitted(NAME)[student(BROKEN)] / "timestamp.txt"
    path.write_bytes(text)
    assert main(["grade", NAME, "--course", str(there.root), "--quiet"]) == 0
    said = capsys.readouterr().err
    words = text.decode(errors="ignore")
    assert f"counts as in time: '{student(BROKEN)}: {words}'. Write one like 2026-" in said
    assert path.read_bytes() == text


def test_a_time_that_can_be_read_is_not_named(there: Course) -> None:
    folders = there.submitted(NAME)
    assert handed_in.undated(folders) == ""
    (folders[student(BROKEN)] / "timestamp.txt").write_text("2026-03-01 14:00:00 CET\n")
    assert handed_in.undated(folders) == ""


def test_who_was_renamed_leaves_the_tables_with_the_gradebook(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = student(BROKEN), "the-new-name"
    arguments = [NAME, "--course", str(there.root)]
    assert main(["grade", *arguments]) == 0
    (there.submissions / old).rename(there.submissions / new)
    capsys.readouterr()
    assert main(["grade", *arguments]) == 0
    said = capsys.readouterr().err
    assert f"in the tables because the gradebook has them: {old!r}. Who has left: nbgrader" in said
    assert students(there) == [old, new]

    with api.Gradebook(there.gradebook) as book:
        book.remove_student(old)
    for command in ("grade", "feedback"):
        assert main([command, *arguments]) == 0
        said = capsys.readouterr().err
        assert f"no longer in submitted/, so in no table: {old!r}" in said
        assert students(there) == [new]
        assert old not in (there.reports(NAME) / "summary.html").read_text(encoding="utf-8")
    assert there.result(NAME, old).exists()


def test_a_folder_is_renamed_as_its_reason_says(
    there: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = "Éloïse D'Arc_1234_assignsubmission_file", "1234"
    (there.submissions / student(BROKEN)).rename(there.submissions / old)
    arguments = ["grade", NAME, "--course", str(there.root)]
    assert main(arguments) == 0
    assert (
        f"{old}: needs review: {intake.FOLDER_NAME}: rename it and grade again. It may have "
        in (capsys.readouterr().out)
    )
    (there.submissions / old).rename(there.submissions / new)
    assert main(arguments) == 0
    assert "so in no table" in capsys.readouterr().err
    assert students(there) == [new]


def students(course: Course) -> list[str]:
    text = (course.reports(NAME) / "marks.csv").read_text(encoding="utf-8")
    return [row["student"] for row in csv.DictReader(text.splitlines())]


@pytest.mark.slow
def test_formgrader_shows_a_class_with_a_bad_time(make_course: MakeCourse, tmp_path: Path) -> None:
    there = make_course("graded/perfect", BROKEN)
    for folder, text in zip(there.submitted(NAME).values(), ("2026-03-01", "bad"), strict=True):
        (folder / "timestamp.txt").write_text(text, encoding="utf-8")
    with formgrader(there, tmp_path) as address:
        asked = address.replace("gradebook?", f"api/submissions/{NAME}?")
        with urllib.request.urlopen(asked, timeout=60) as answer:
            told = {row["student"]: row["timestamp"] for row in json.load(answer)}
    assert told == {student("graded/perfect"): "2026-03-01T00:00:00", student(BROKEN): None}
