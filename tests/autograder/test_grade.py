"""The command, as an instructor uses it: again, interrupted, without a sandbox, on bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from autograder import course, lock
from autograder.__main__ import main
from autograder.course import Course, described, grader_version, load
from autograder.grade import grade
from autograder.gradebook.gradebook import Gradebook
from autograder.marking import result
from autograder.pages import report
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.sandbox import Sandbox
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, ROOT, Graded, student
from tests.autograder.runs import processes_below, within
from tests.submissions import builder

MakeCourse = Callable[..., Course]
slow = [pytest.mark.sandbox, pytest.mark.slow]


def no_sandbox(_self: Sandbox) -> None:
    raise AssertionError("a sandbox was started")


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_is_graded_is_not_graded_again(
    graded: Graded,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = graded.copy(tmp_path / "course", "graded/perfect", "partly_graded/os_exit")
    monkeypatch.setattr(Sandbox, "launch", no_sandbox)
    names = [student("graded/perfect"), student("partly_graded/os_exit")]
    again = grade(there, NAME, students=names)
    assert [each.skipped for each in again] == [True, True]
    arguments = ["grade", NAME, "--course", str(there.root), "--student", names[0]]
    assert main(arguments) == 0
    assert "1 graded (1 of them before, unchanged)" in capsys.readouterr().out


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("change", ["version", "sandbox", "not recorded", "gradebook", "result"])
def test_what_has_changed_is_graded_again(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Without the sandbox of this test's name, starting one is the sign."""
    name = student("graded/perfect")
    there = graded.copy(tmp_path / "course", "graded/perfect")
    path = there.result(NAME, name)
    found = json.loads(path.read_text(encoding="utf-8"))
    if change == "version":
        monkeypatch.setattr("autograder.marking.basis.grader_version", lambda: "another")
    elif change == "gradebook":
        (there.root / "gradebook.db").unlink()
    elif change == "result":
        path.write_text("{", encoding="utf-8")
    else:
        found["recorded"] = change != "not recorded"
        found["sandbox"] = "none" if change == "sandbox" else "bubblewrap"
        path.write_text(json.dumps(found), encoding="utf-8")
    monkeypatch.setattr(Sandbox, "launch", no_sandbox)
    with pytest.raises(AssertionError, match="a sandbox was started"):
        grade(there, NAME, students=[name])


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_worse_submission_leaves_no_old_mark_and_no_mark_by_hand_is_lost(
    make_course: MakeCourse, exercise: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = make_course("graded/perfect")
    name = student("graded/perfect")
    grade(there, NAME)
    assignment = load(there, NAME)
    with Gradebook(there, assignment) as book:
        notebook = book._book.find_submission_notebook(NAME, NAME, name)
        mark = next(each for each in notebook.grades if each.name == "q01-prose")
        mark.manual_score, mark.needs_manual_grade = 1.5, False
        comment = next(each for each in notebook.comments if each.name == "q01-prose")
        comment.manual_comment = "Well said."
        book._book.db.commit()
    assert main(["feedback", NAME, "--course", str(there.root)]) == 0
    page = there.feedback(NAME, name).read_text(encoding="utf-8")
    assert "Well said." in page
    assert "27.5 <small>of" in page

    same = result.load(there.result(NAME, name))
    assert same is not None
    with Gradebook(there, assignment) as book:  # the same answer: its mark stays as it is
        book.record(same, same)
        assert not book.manual(name)["q01-prose"].due
        other = {**same, "prose": [{**each, "hash": "another"} for each in same["prose"]]}
        book.record(other, same)
        assert book.manual(name)["q01-prose"].due
        assert book.manual(name)["q01-prose"].points == 1.5

    shutil.rmtree(there.submitted(NAME)[name])
    builder.hand_in(exercise, builder.corpus()["needs_review/not_json"], there.root / "x", NAME)
    shutil.move(there.root / "x", there.root / "submitted" / name / NAME)
    monkeypatch.setattr(Sandbox, "launch", no_sandbox)
    grade(there, NAME)
    with Gradebook(there, assignment) as book:
        notebook = book._book.find_submission_notebook(NAME, NAME, name)
        assert {each.auto_score for each in notebook.grades} == {None}
        manual = book.manual(name)["q01-prose"]
        assert (manual.points, manual.comment, manual.due) == (1.5, "Well said.", True)
    rows = (there.reports(NAME) / "marks.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].startswith(f"{name},needs review,")


@pytest.mark.sandbox
@pytest.mark.slow
def test_ctrl_c_ends_all_of_it(make_course: MakeCourse) -> None:
    there = make_course("partly_graded/endless_loop")
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--course", str(there.root)]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert within(120, lambda: looping(process.pid))
        below = processes_below(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"run it again to go on" in said
    assert b"Traceback" not in said
    # The kernel may still be clearing away what was killed.
    assert within(10, lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    assert not there.result(NAME, student("partly_graded/endless_loop")).exists()


def looping(pid: int) -> bool:
    """Are there both servers with bubblewrap's processes, and a job with its two, to stay?

    The grader's own proof of the sandbox looks the same, but is over at once.
    """
    before = processes_below(pid)
    time.sleep(1)
    return len(before) >= 9 and processes_below(pid) == before


@pytest.mark.sandbox
@pytest.mark.slow
def test_without_a_sandbox_only_when_told_and_loudly(
    make_course: MakeCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    there = make_course("graded/ceiling")
    name = student("graded/ceiling")
    arguments = ["grade", NAME, "--course", str(there.root), "--quiet", "--unsafe-no-sandbox"]
    assert main(arguments) == 0
    assert "YOUR rights" in capsys.readouterr().err
    found = json.loads(there.result(NAME, name).read_text(encoding="utf-8"))
    assert (found["sandbox"], found["state"], found["points"]) == ("none", "graded", 23)
    assert "graded without a sandbox" in there.feedback(NAME, name).read_text(encoding="utf-8")


def test_no_bubblewrap_is_said(
    make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = make_course("graded/perfect")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert main(["grade", NAME, "--course", str(there.root)]) == 1
    assert "apt-get install bubblewrap" in capsys.readouterr().err
    assert not (there.root / "gradebook.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([NAME], "nothing was handed in"),
        ([NAME, "--student", "nobody"], "nothing of nobody"),
        ([NAME, "--jobs", "0"], "one job at least"),
        (["tp9"], "exercises/tp9/tp9.ipynb"),
        (["tp1"], f"name one that there is: {NAME}"),
    ],
)
def test_bad_arguments_are_explained(
    make_course: MakeCourse, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    there = make_course()
    assert main(["grade", *arguments, "--course", str(there.root)]) == 1
    assert words in capsys.readouterr().err


def test_an_exercise_of_other_questions_is_refused() -> None:
    assignment = load(Course(ROOT), NAME)
    with pytest.raises(GradingError, match="names an item of the questions"):
        described(assignment, [{"id": "q01", "items": {}}])
    worth = dict.fromkeys(assignment.checks.values(), 100.0)
    with pytest.raises(GradingError, match="the questions give it 100"):
        described(assignment, [{"id": "q01", "items": worth}])


def test_a_gradebook_that_is_none_is_refused(make_course: MakeCourse) -> None:
    there = make_course()
    (there.root / "gradebook.db").write_bytes(b"marks: all good" * 100)
    with pytest.raises(GradingError, match="not a database"):
        Gradebook(there, load(there, NAME)).open()


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_a_gradebook_of_another_exercise_is_refused(make_course: MakeCourse) -> None:
    there = make_course()
    assignment = load(there, NAME)
    with Gradebook(there, assignment) as book:
        book._book.update_or_create_student("ada")
        book._book.update_or_create_submission(NAME, "ada")
    shorter = replace(assignment, cells=assignment.cells[:-12])
    with pytest.raises(GradingError, match="while marks of it are in the gradebook"):
        Gradebook(there, shorter).open()


def test_feedback_before_grading_is_explained(
    make_course: MakeCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feedback", NAME, "--course", str(make_course().root)]) == 1
    assert "grade first" in capsys.readouterr().err
    assert not any(report.results(Course(Path("/nowhere")), load(Course(ROOT), NAME)))


def test_version_names_what_a_mark_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before = grader_version()
    assert grader_version() == before
    monkeypatch.setattr(course.convbook, "__version__", "9.9")
    assert grader_version().split("+") == ["9.9", before.split("+")[1]]


@pytest.mark.parametrize(
    ("module", "same"),
    [
        ("course.py", False),
        ("questions/q01.py", False),
        ("marking/checker.py", False),
        ("sandbox/bubblewrap.py", False),
        ("sandbox/inside/student.py", False),
        ("build/steps.py", True),
    ],
)
def test_version_changes_with_a_line_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, same: bool
) -> None:
    copy = shutil.copytree(ROOT / "autograder", tmp_path / "autograder")
    monkeypatch.setattr(course.autograder, "__file__", str(copy / "__init__.py"))
    before = grader_version()
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write("# another line\n")
    assert (grader_version() == before) == same


def test_root_of_the_repository_is_a_course_folder() -> None:
    assert (ROOT / "nbgrader_config.py").exists()
    assert os.access(Course(ROOT).exercise(NAME), os.R_OK)


def test_the_readme_tells_every_limit() -> None:
    text = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")
    table = text.split("## Limits of a submission")[1].split("\n## ")[0]
    told = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            names, values, _ = (cell.strip() for cell in line.strip("|").split("|", 2))
            told |= dict(zip(names.replace("`", "").split(", "), values.split(", "), strict=True))
    units = {"KiB": 2**10, "MiB": 2**20}
    assert {
        name: int(value.split()[0]) * units.get(value.split()[-1], 1)
        for name, value in told.items()
    } == asdict(DEFAULT)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
@pytest.mark.parametrize(
    "path", [lock.NAME, "gradebook.db.lock", "downloaded/tp1_layers/archive/a.zip", "submitted/a/b"]
)
def test_git_leaves_out_what_grading_makes(path: str) -> None:
    subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=True)


def test_another_python_is_told_where_the_packages_are() -> None:
    """`-S` leaves the packages of the environment out."""
    command = [sys.executable, "-S", "-m", "autograder", "doctor"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"no package '\w+' for .*\n.*\n.*make setup", done.stderr)
