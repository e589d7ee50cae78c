"""What lies in `submitted/`: nothing there is passed over without a word."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from autograder import handed_in
from autograder.__main__ import main
from autograder.course import Course
from autograder.sandbox.sandbox import Sandbox
from tests.autograder.conftest import NAME

MakeCourse = Callable[..., Course]
BROKEN = "needs_review/not_json"  # graded without a sandbox


@pytest.fixture
def there(make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A class of one, whose submission needs no sandbox to be graded."""
    monkeypatch.setattr(Sandbox, "launch", lambda _self: None)
    return make_course(BROKEN)


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
