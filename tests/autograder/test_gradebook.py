"""Marks in nbgrader's own tables, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import csv
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from nbgrader import api
from sqlalchemy import create_engine, text

from autograder.__main__ import main
from autograder.course import Assignment, Course, load
from autograder.gradebook import database
from autograder.gradebook.gradebook import NO_ANSWER, Gradebook
from autograder.sandbox.sandbox import Sandbox
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, ROOT, student
from tests.autograder.postgresql import PASSWORD, Server
from tests.submissions import builder

MakeCourse = Callable[..., Course]
ADA = "ada"
CHECK, ANSWER, PROSE = "q01-output_size-check", "q01-output_size", "q01-prose"
DUE, LATE = "2026-03-01 12:00:00", "2026-03-01 14:00:00 UTC"
# nbgrader's own, about SQLAlchemy
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

HALF = """
from nbgrader.plugins import BasePlugin

class Half(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return {body}
"""


@pytest.fixture
def course(make_course: MakeCourse, database_url: str) -> Course:
    return configured(make_course(), f"c.CourseDirectory.db_url = {database_url!r}")


def configured(course: Course, *lines: str) -> Course:
    """The course, with these lines of settings besides the ones it has."""
    path = course.root / "nbgrader_config.py"
    old = path.read_text(encoding="utf-8") if path.exists() else "c = get_config()\n"
    path.write_text(old + "\n".join(lines) + "\n", encoding="utf-8")
    return Course(course.root)


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return load(course, NAME)


def result(assignment: Assignment, student: str = ADA, **changes: Any) -> dict[str, Any]:
    """A result with full marks for the machine's part and answered prose, but for `changes`.

    The bonus is left out.
    """
    worth = {
        item: float(assignment.by_id[name]["metadata"]["nbgrader"]["points"])
        for name, item in assignment.checks.items()
    } | {assignment.checks[name]: 0.0 for name in assignment.bonus & assignment.checks.keys()}
    items = [{"id": item, "points": points, "run": None} for item, points in worth.items()]
    prose = [{"grade_id": name, "answered": True, "hash": "a"} for name in assignment.prose]
    found = {"student": student, "state": "graded", "items": items, "prose": prose}
    return {**found, "timestamp": None, **changes}


def worse(assignment: Assignment, **changes: Any) -> dict[str, Any]:
    found = result(assignment, **changes)
    return {**found, "items": [{**item, "points": 0.0} for item in found["items"]]}


def unreadable(student: str = ADA) -> dict[str, Any]:
    nothing = {"state": "needs review", "items": [], "prose": []}
    return {"student": student, "timestamp": None, **nothing}


@contextmanager
def nbgraders(course: Course) -> Iterator[Any]:
    """The gradebook as nbgrader's commands and formgrader open it."""
    with api.Gradebook(course.gradebook, "convbook") as book:
        yield book


@contextmanager
def by_hand(course: Course, student: str = ADA) -> Iterator[Any]:
    """A student's notebook, to be changed as formgrader changes it."""
    with nbgraders(course) as book:
        yield book.find_submission_notebook(NAME, NAME, student)
        book.db.commit()


def named(rows: Any, name: str) -> Any:
    return next(row for row in rows if row.name == name)


def test_nbgrader_reads_the_marks(course: Course, assignment: Assignment) -> None:
    blank = [{"grade_id": name, "answered": False, "hash": "b"} for name in assignment.prose]
    with Gradebook(course, assignment) as book:
        book.record(result(assignment, timestamp=LATE), None)
        book.record(result(assignment, "bob", prose=blank), None)
        assert (book.has(ADA), book.has("eve")) == (True, False)
    with nbgraders(course) as book:
        found = {row["student"]: row for row in book.submission_dicts(NAME)}
        assert {name: row["score"] for name, row in found.items()} == {ADA: 26.0, "bob": 26.0}
        assert {row["max_score"] for row in found.values()} == {46.0}
        assert found[ADA]["timestamp"].isoformat() == "2026-03-01T14:00:00"
        assert (found[ADA]["needs_manual_grade"], found["bob"]["needs_manual_grade"]) == (1, 0)
        comments = book.find_submission_notebook(NAME, NAME, "bob").comments
        assert named(comments, PROSE).comment == NO_ANSWER


def test_the_same_twice_changes_nothing(course: Course, assignment: Assignment) -> None:
    same = result(assignment, timestamp=LATE)
    with Gradebook(course, assignment) as book:
        book.record(same, None)
        before = rows(course)
        book.record(same, same)
    with Gradebook(course, assignment) as book:
        book.record(same, same)
    assert rows(course) == before


def rows(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in the gradebook, ids too."""
    engine = create_engine(course.gradebook)
    with engine.connect() as connection:
        found = {
            table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=str)
            for table in api.Base.metadata.tables
        }
    engine.dispose()
    return found


def test_what_a_person_gave_survives_a_new_mark(course: Course, assignment: Assignment) -> None:
    first = result(assignment)
    with Gradebook(course, assignment) as book:
        book.record(first, None)
    with by_hand(course) as notebook:
        prose, check = named(notebook.grades, PROSE), named(notebook.grades, CHECK)
        prose.manual_score, prose.extra_credit, prose.needs_manual_grade = 1.5, 0.5, False
        check.manual_score, check.needs_manual_grade = 0.25, False
        named(notebook.grades, "q02-count_weights-check").extra_credit = 0.75
        named(notebook.comments, PROSE).manual_comment = "Well said."
        named(notebook.comments, ANSWER).manual_comment = "Copied from the board?"
    with Gradebook(course, assignment) as book:
        book.record(first, first)  # graded again: nothing is new
        mark = book.manual(ADA)
        assert (mark[PROSE].points, mark[PROSE].comment, mark[PROSE].due) == (
            2.0,
            "Well said.",
            False,
        )
        assert (mark[CHECK].points, mark[CHECK].comment, mark[CHECK].due) == (
            0.25,
            "Copied from the board?",
            False,
        )
        assert mark["q02-count_weights-check"].points == 1.75
        assert mark["q01-conv_weights-check"].points is None

        book.record(worse(assignment), first)  # handed in again, and the answer is another one
        mark = book.manual(ADA)
        assert (mark[CHECK].points, mark[CHECK].due) == (0.25, True)
        assert mark["q02-count_weights-check"].points == 0.75
        assert (mark[PROSE].points, mark[PROSE].due) == (2.0, False)

        other = [{**each, "hash": "other"} for each in first["prose"]]
        book.record(result(assignment, prose=other), first)
        assert (book.manual(ADA)[PROSE].points, book.manual(ADA)[PROSE].due) == (2.0, True)


def test_what_cannot_be_graded_keeps_no_old_mark(course: Course, assignment: Assignment) -> None:
    first = result(assignment)
    with Gradebook(course, assignment) as book:
        book.record(first, None)
        book.record(unreadable(), first)
    with by_hand(course) as notebook:
        assert {grade.auto_score for grade in notebook.grades} == {None}
        assert {grade.needs_manual_grade for grade in notebook.grades} == {True}
        assert notebook.score == 0


def test_a_penalty_is_nbgraders_own(
    course: Course, assignment: Assignment, caplog: pytest.LogCaptureFixture
) -> None:
    course = configured(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    caplog.set_level("INFO", logger="traitlets")
    with Gradebook(course, assignment) as book:
        book._book.update_or_create_assignment(NAME, duedate=DUE)
        book.record(result(assignment, timestamp=LATE), None)
        book.record(result(assignment, "bob", timestamp="2026-03-01 11:59:59 UTC"), None)
        book.record(result(assignment, "eve"), None)  # nobody knows when
        assert [book.late_penalty(name) for name in (ADA, "bob", "eve", "nobody")] == [26, 0, 0, 0]
        book.record(result(assignment), result(assignment))
        assert book.late_penalty(ADA) == 0, "the file with the time is gone"
        book.record(worse(assignment, timestamp=LATE), result(assignment))
        assert book.late_penalty(ADA) == 0  # never more than the score
    assert "Using late submission penalty" not in caplog.text


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("score / 2", 13.0),
        ("total_seconds_late / 3600", 2.0),
        ("None", 0.0),
        ("-5", 0.0),
        ("score + 5", 26.0),
    ],
)
def test_a_plugin_of_the_course_gives_the_penalty(
    course: Course, assignment: Assignment, body: str, points: float
) -> None:
    with Gradebook(with_plugin(course, body), assignment) as book:
        book._book.update_or_create_assignment(NAME, duedate=DUE)
        book.record(result(assignment, timestamp=LATE), None)
        assert book.late_penalty(ADA) == points
    with nbgraders(course) as book:
        assert book.find_submission(NAME, ADA).late_submission_penalty == points


def with_plugin(course: Course, body: str) -> Course:
    (course.root / "half.py").write_text(HALF.format(body=body), encoding="utf-8")
    sys.modules.pop("half", None)
    folder = f"import sys\nsys.path.insert(0, {str(course.root)!r})"
    return configured(course, folder, "c.AssignLatePenalties.plugin_class = 'half.Half'")


def test_a_plugin_that_fails_is_named_and_nothing_is_written(
    course: Course, assignment: Assignment
) -> None:
    with Gradebook(with_plugin(course, "1 / 0"), assignment) as book:
        book._book.update_or_create_assignment(NAME, duedate=DUE)
        with pytest.raises(GradingError, match=r"Half: ZeroDivisionError.*\n.*gives points"):
            book.record(result(assignment, timestamp=LATE), None)
        assert not book.has(ADA)


def test_a_plugin_that_is_not_there_is_named(course: Course, assignment: Assignment) -> None:
    there = configured(course, "c.AssignLatePenalties.plugin_class = 'nowhere.Half'")
    with (
        pytest.raises(GradingError, match=r"(?s)nowhere.*FILE\.CLASS.*nbgrader_config\.py"),
        Gradebook(there, assignment) as book,
    ):
        book.record(result(assignment, timestamp=LATE), None)


def test_penalties_follow_the_due_date_and_the_marks_by_hand(
    course: Course, assignment: Assignment
) -> None:
    course = with_plugin(course, "score / 2")
    with Gradebook(course, assignment) as book:
        book.record(result(assignment, timestamp=LATE), None)
        assert book.assign_late_penalties() == []
        book._book.update_or_create_assignment(NAME, duedate=DUE)
        assert book.assign_late_penalties() == [ADA]
        assert book.late_penalty(ADA) == 13
    with by_hand(course) as notebook:
        named(notebook.grades, PROSE).manual_score = 2
    with Gradebook(course, assignment) as book:
        assert book.assign_late_penalties() == [ADA]
        assert book.late_penalty(ADA) == 14
        book._book.grant_extension(NAME, ADA, hours=3)
        assert book.assign_late_penalties() == [ADA]
        assert (book.late_penalty(ADA), book.assign_late_penalties()) == (0, [])


def test_one_writer_at_a_time(course: Course, assignment: Assignment) -> None:
    first, second = Gradebook(course, assignment), Gradebook(course, assignment)
    first.claim()
    with pytest.raises(GradingError, match=r"another grader is at work[^\0]*one writer at a time"):
        second.claim()
    first.record(result(assignment), None)
    with second:  # reading is free
        assert second.has(ADA)
    first.close()
    second.claim()
    second.close()


def test_a_killed_writer_leaves_no_claim(course: Course, assignment: Assignment) -> None:
    program = (
        "import sys, time; from pathlib import Path; from autograder.gradebook import database\n"
        "with database.one_writer(sys.argv[1]): print('mine', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, course.gradebook], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mine\n"
        with pytest.raises(GradingError, match="another grader is at work"):
            Gradebook(course, assignment).claim()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Gradebook(course, assignment) as book:
        book.claim()


def test_names_that_the_tables_cannot_hold_are_left_out(
    course: Course, assignment: Assignment
) -> None:
    with Gradebook(course, assignment) as book:
        for name in ("x" * 129, "b\udce9"):
            book.record(unreadable(name), None)
            assert (book.has(name), book.manual(name), book.late_penalty(name)) == (False, {}, 0)
        book.record(result(assignment), None)
        assert book.has(ADA)


def test_a_gradebook_that_goes_away_is_told_and_keeps_nothing_half(
    course: Course, assignment: Assignment
) -> None:
    sqlite = course.gradebook.startswith("sqlite")
    if sqlite:
        course = configured(course, f"c.CourseDirectory.db_url = '{course.gradebook}?timeout=0.1'")
    first = result(assignment)
    with Gradebook(course, assignment) as book:
        book.record(first, None)
        engine = create_engine(course.gradebook)
        with engine.connect() as other:
            if sqlite:
                other.execute(text("BEGIN EXCLUSIVE"))
            else:
                ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                other.execute(
                    text(f"{ends} WHERE datname = current_database() AND pid != :me"),
                    {"me": other.scalar(text("SELECT pg_backend_pid()"))},
                )
            with pytest.raises(GradingError, match="Writing marks into the gradebook"):
                book.record(worse(assignment), first)
        engine.dispose()
        book.record(first, first)  # it is back
    with by_hand(course) as notebook:
        assert notebook.score == 26


def test_the_url_comes_from_nbgraders_settings(make_course: MakeCourse) -> None:
    there = make_course()
    assert there.gradebook == f"sqlite:///{there.root}/gradebook.db"
    there = configured(there, "c.CourseDirectory.db_url = 'sqlite:///marks/book.db'")
    assert there.gradebook == f"sqlite:///{there.root}/marks/book.db"
    there = configured(there, "c.CourseDirectory.db_url = 'postgresql://me@host/book'")
    assert there.gradebook == "postgresql://me@host/book"


def test_the_course_takes_its_gradebook_from_the_environment(
    make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = make_course()
    assert Course(there.root).gradebook == f"sqlite:///{there.root}/gradebook.db"
    monkeypatch.setenv("CONVBOOK_GRADEBOOK", "postgresql://me@host/book")
    assert Course(there.root).gradebook == "postgresql://me@host/book"


def test_settings_that_fail_stop_everything(make_course: MakeCourse) -> None:
    there = configured(make_course(), "c.CourseDirectory.db_url = 1 / 0")
    with pytest.raises(GradingError, match=r"nbgrader_config.py of [^\0]*ZeroDivisionError"):
        Gradebook(there, load(there, NAME)).open()


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/book", "me:***@127.0.0.1:1/book"),
        (f"postgresql://me:{SECRET}@host:port/book", "a text that is no database URL"),
        (f"me:{SECRET}@host", "a text that is no database URL"),
        (f"mysql://me:{SECRET}@host/book", "an SQLite file or a PostgreSQL database"),
        (f"postgresql+asdf://me:{SECRET}@host/book", "pip install 'psycopg[binary]'"),
        ("sqlite:////nowhere/book.db", "/nowhere/book.db"),
    ],
)
def test_a_url_that_does_not_work_is_explained_without_its_password(
    make_course: MakeCourse,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    words: str,
) -> None:
    there = configured(make_course("graded/perfect"), f"c.CourseDirectory.db_url = {url!r}")
    monkeypatch.setattr(Sandbox, "launch", lambda _self: None)
    assert main(["grade", NAME, "--course", str(there.root)]) == 1
    said = capfd.readouterr()
    assert words in said.err
    assert SECRET not in said.out + said.err
    assert not there.reports(NAME).exists()


@pytest.mark.postgresql
def test_a_wrong_password_is_not_shown(postgresql: Server, make_course: MakeCourse) -> None:
    right = postgresql.new_database()
    url = right.replace(":p%40ss", ":not-p%40ss")
    there = configured(make_course(), f"c.CourseDirectory.db_url = {url!r}")
    with pytest.raises(GradingError, match="password authentication failed") as caught:
        Gradebook(there, load(there, NAME)).open()
    assert PASSWORD not in str(caught.value)
    assert database.shown(right).count("***") == 1


@pytest.mark.sandbox
@pytest.mark.slow
def test_real_regrades_keep_what_people_gave_and_no_old_mark(
    make_course: MakeCourse,
    database_url: str,
    exercise: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Graded, marked by hand, handed in again late and worse, then unreadable; two students."""
    there = make_course("graded/perfect", "graded/partly_right")
    configured(there, f"c.CourseDirectory.db_url = {database_url!r}")
    there = with_plugin(there, "score / 2")
    ann, bob = student("graded/perfect"), student("graded/partly_right")
    hand_in(there, exercise, ann, "graded/perfect", "2026-03-01 11:00:00 UTC")
    hand_in(there, exercise, bob, "graded/partly_right", LATE)
    arguments = ["grade", NAME, "--course", str(there.root), "--quiet"]
    assert main(arguments) == 0
    assert csv_row(there, ann)["points"] == "26"
    assert (csv_row(there, bob)["points"], csv_row(there, bob)["late_penalty"]) == ("1.5", "0")

    with nbgraders(there) as book:
        book.update_or_create_assignment(NAME, duedate=DUE)
    with by_hand(there, ann) as notebook:
        prose, check = named(notebook.grades, PROSE), named(notebook.grades, CHECK)
        prose.manual_score, prose.extra_credit, prose.needs_manual_grade = 1.5, 0.5, False
        check.manual_score, check.needs_manual_grade = 1, False
        named(notebook.comments, PROSE).manual_comment = "Well said."
        named(notebook.comments, ANSWER).manual_comment = "Half of it is copied."

    hand_in(there, exercise, ann, "graded/ceiling", LATE)
    capsys.readouterr()
    assert main(arguments[:-1]) == 0
    said = capsys.readouterr().out
    assert f"1 mark by hand to look at again:\n  {ann}: {CHECK}\n" in said
    row = csv_row(there, ann)
    auto = float(row["auto_points"])
    assert (row["q01.output_size"], row[PROSE]) == ("1", "2")
    assert float(row["late_penalty"]) == (auto + 2) / 2
    assert float(row["points"]) == (auto + 2) / 2
    page = there.feedback(NAME, ann).read_text(encoding="utf-8")
    for words in (
        "Well said.",
        "Half of it is copied.",
        f"{(auto + 2) / 2:g} of {auto + 2:g} points are taken off",
    ):
        assert words in page
    kept = csv_row(there, bob)  # not graded again, but late by the due date that is new
    assert (kept["points"], kept["late_penalty"]) == ("0.75", "0.75")
    assert "0.75 of 1.5 points are taken off" in there.feedback(NAME, bob).read_text(
        encoding="utf-8"
    )

    hand_in(there, exercise, ann, "needs_review/not_json", LATE)
    assert main(arguments) == 0
    row = csv_row(there, ann)
    assert (row["state"], row["points"], row["late_penalty"]) == ("needs review", "", "")
    assert row["look_again"] == "2"
    with by_hand(there, ann) as notebook:
        assert {grade.auto_score for grade in notebook.grades} == {None}
        assert {grade.needs_manual_grade for grade in notebook.grades} == {True}
        prose, check = named(notebook.grades, PROSE), named(notebook.grades, CHECK)
        assert (prose.manual_score, prose.extra_credit, check.manual_score) == (1.5, 0.5, 1)
        assert named(notebook.comments, PROSE).manual_comment == "Well said."
    assert csv_row(there, bob) == kept

    with nbgraders(there) as book:
        book.update_or_create_assignment(NAME, duedate="2026-03-02 12:00:00")
    assert main(["feedback", NAME, "--course", str(there.root)]) == 0
    assert (csv_row(there, ann)["points"], csv_row(there, ann)["late_penalty"]) == ("", "")
    assert (csv_row(there, bob)["points"], csv_row(there, bob)["late_penalty"]) == ("1.5", "0")


def hand_in(there: Course, exercise: dict[str, Any], name: str, key: str, when: str) -> None:
    folder = there.root / "submitted" / name / NAME
    shutil.rmtree(folder)
    builder.hand_in(exercise, builder.corpus()[key], folder, NAME)
    (folder / "timestamp.txt").write_text(when, encoding="utf-8")


def csv_row(there: Course, name: str) -> dict[str, str]:
    with (there.reports(NAME) / "marks.csv").open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["student"] == name)


@pytest.mark.sandbox
@pytest.mark.slow
def test_two_graders_at_once_leave_one_gradebook_whole(
    make_course: MakeCourse, database_url: str
) -> None:
    keys = ("graded/perfect", "graded/partly_right", "graded/ceiling")
    there = configured(make_course(*keys), f"c.CourseDirectory.db_url = {database_url!r}")
    command = [sys.executable, "-m", "autograder", "grade", NAME, "--course", str(there.root)]
    graders = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [grader.communicate(timeout=250)[1] for grader in graders]
    ends = sorted(grader.returncode for grader in graders)
    assert ends in ([0, 1], [0, 0])  # the second may come when the first has ended
    assert (ends == [0, 1]) == any("another grading is running" in each for each in said)
    with nbgraders(there) as book:
        scores = {row["student"]: row["score"] for row in book.submission_dicts(NAME)}
    assert scores == {student(key): float(csv_row(there, student(key))["points"]) for key in keys}
