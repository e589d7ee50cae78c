"""The course folder for somebody who knows only nbgrader: its commands, as they are typed."""

from __future__ import annotations

import csv
import getpass
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text

from autograder.course import Course, load
from autograder.gradebook.gradebook import Gradebook
from tests.autograder.conftest import NAME, ROOT, lay_out, student
from tests.autograder.postgresql import PASSWORD, Server
from tests.submissions import builder

BIN = Path(sys.executable).parent
CLASS = (
    "graded/perfect",
    "graded/partly_right",
    "graded/empty_stub",
    "graded/ceiling",
    "graded/numpy_ints_and_tuples",
    "graded/warnings_on_stderr",
    "graded/forge_displayhook",
    "graded/forge_always_equal",
    "graded/public_cases_only",
    "graded/edited_checks",
    "graded/deleted_checks",
    "graded/copied_cells",
    "partly_graded/os_exit",
    "needs_review/not_json",
    "needs_review/no_notebook",
    "needs_review/two_notebooks",
)
EVE, NEW = "eve", "of-the-future"
# Prints and raises what it is called with, unless it knows the case from its own checks.
CURIOUS = """
def conv_weights(k, z):
    known = {(3, 1): 10, (5, 3): 76, (1, 64): 65}
    if (k, z) not in known:
        secret = "LEAK" + f"-{k}-{z}"
        print(secret)
        raise ValueError(secret)
    return known[k, z]
"""
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def run(
    there: Course,
    *command: str | Path,
    expect: int = 0,
    cwd: Path | None = None,
    activated: bool = True,
    **more: str,
) -> str:
    """Run a command in the course folder, as typed there, and return what it said."""
    home = there.root.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {
        **{key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ},
        "PYTHONPATH": str(ROOT),  # a course folder has autograder/ in it; this one is a copy
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
        **more,
    }
    if activated:
        environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=cwd or there.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def nbgrader(there: Course, *words: str, **options: Any) -> str:
    return run(there, BIN / "nbgrader", *words, **options)


def ours(there: Course, *words: str, **options: Any) -> str:
    return run(there, sys.executable, "-m", "autograder", *words, **options)


def make(root: Path, exercise: Mapping[str, Any], keys: tuple[str, ...]) -> Course:
    there = lay_out(root, dict(exercise), keys)
    shutil.copy(ROOT / "exercises" / NAME / f"{NAME}.ipynb", there.exercise(NAME))
    return there


def hand_in(there: Course, name: str, notebook: Mapping[str, Any], when: str = "") -> Path:
    folder = there.root / "submitted" / name / NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    if when:
        (folder / "timestamp.txt").write_text(when, encoding="utf-8")
    return folder


def settings(there: Course, *lines: str) -> None:
    with (there.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def counted_bubblewrap(folder: Path) -> str:
    """Put a bwrap on the path that writes a line each time it is started."""
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(
        f'#!/bin/sh\necho started >> {folder}/log\nexec {shutil.which("bwrap")} "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def starts(folder: Path) -> int:
    return len((folder / "log").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def both(
    exercise: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Course, Course]:
    """The same class, graded by nbgrader's commands and by our own."""
    base = tmp_path_factory.mktemp("both")
    theirs, mine = (make(base / name / "course", exercise, CLASS) for name in ("nbgrader", "ours"))
    perfect = builder.answers(builder.corpus()["graded/perfect"])
    curious = [*perfect, ("q01-conv_weights", CURIOUS), ("q01-prose", HOSTILE)]
    future = builder.fill(exercise, perfect)
    for cell in future["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99
    eve = builder.fill(exercise, [*curious, ("own", f"print({HOSTILE!r})")])
    for there in (theirs, mine):
        hand_in(there, EVE, eve, "2026-03-01 14:00:00 UTC")
        hand_in(there, NEW, future)
        path = counted_bubblewrap(there.root.parent / "bin")
        if there is mine:
            ours(there, "grade", NAME, PATH=path)
        else:
            nbgrader(there, "generate_assignment", NAME)
            nbgrader(there, "autograde", NAME, PATH=path)
    return theirs, mine


def table(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a gradebook says of each submission and cell, without the ids of its rows."""
    engine = create_engine(url)
    of = """FROM {0} JOIN base_cell ON base_cell.id = {0}.cell_id
        JOIN submitted_notebook ON submitted_notebook.id = {0}.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"""
    queries = {
        "grades": "SELECT student_id, name, auto_score, manual_score, extra_credit, "
        "needs_manual_grade " + of.format("grade"),
        "comments": "SELECT student_id, name, auto_comment, manual_comment " + of.format("comment"),
        "submissions": "SELECT student_id, timestamp, late_submission_penalty FROM "
        "submitted_notebook JOIN submitted_assignment "
        "ON submitted_assignment.id = submitted_notebook.assignment_id",
        "cells": "SELECT name, source, locked FROM source_cell",
    }
    with engine.connect() as connection:
        found = {
            name: sorted(map(tuple, connection.execute(text(query))), key=str)
            for name, query in queries.items()
        }
    engine.dispose()
    return found


def test_generate_assignment_gives_the_exercise_byte_for_byte(both: tuple[Course, Course]) -> None:
    theirs, _ = both
    released = theirs.root / "release" / NAME
    assert [path.name for path in released.iterdir()] == [f"{NAME}.ipynb"]
    built = ROOT / "exercises" / NAME / f"{NAME}.ipynb"
    assert (released / f"{NAME}.ipynb").read_bytes() == built.read_bytes()


def test_autograde_gives_the_same_gradebook_as_grade(both: tuple[Course, Course]) -> None:
    theirs, mine = (table(there.gradebook) for there in both)
    assert {row[0] for row in mine["grades"]} == {*map(student, CLASS), EVE, NEW}
    assert theirs == mine
    for there in both:
        rows = (there.reports(NAME) / "marks.csv").read_text(encoding="utf-8")
        assert len(rows.splitlines()) == 1 + len(CLASS) + 2


@pytest.mark.parametrize("key", CLASS)
def test_autograde_finds_the_right_state(both: tuple[Course, Course], key: str) -> None:
    """Broken files and doubled cells stop nobody: nbgrader's own autograde ends at the first."""
    found = json.loads(both[0].result(NAME, student(key)).read_text(encoding="utf-8"))
    assert found["state"] == builder.expected(builder.corpus()[key])["state"]


def test_autograde_reads_a_schema_that_is_not_known_yet(both: tuple[Course, Course]) -> None:
    found = json.loads(both[0].result(NAME, NEW).read_text(encoding="utf-8"))
    assert (found["state"], found["points"]) == ("graded", found["max_points"])


def test_autograde_starts_the_sandbox_as_often_as_grade(both: tuple[Course, Course]) -> None:
    theirs, mine = (starts(there.root.parent / "bin") for there in both)
    assert theirs == mine


def test_generate_feedback_writes_our_page(both: tuple[Course, Course]) -> None:
    theirs, mine = both
    before = theirs.feedback(NAME, EVE).read_bytes()
    theirs.feedback(NAME, EVE).write_text("old", encoding="utf-8")
    said = nbgrader(theirs, "generate_feedback", NAME)
    assert f"{len(CLASS) + 2} pages" in said
    assert theirs.feedback(NAME, EVE).read_bytes() == before
    assert mine.feedback(NAME, EVE).read_bytes() == before


def test_no_hidden_case_is_in_what_autograde_leaves(both: tuple[Course, Course]) -> None:
    theirs, _ = both
    assert "A hidden case fails" in "".join(
        output["text"]
        for cell in json.loads(
            (theirs.autograded(NAME, EVE) / f"{NAME}.ipynb").read_text(encoding="utf-8")
        )["cells"]
        for output in cell.get("outputs", [])
    )
    for folder in ("autograded", "feedback", "reports"):
        for path in (theirs.root / folder).rglob("*.*"):
            assert path.is_dir() or "LEAK-" not in path.read_text(encoding="utf-8"), path
    assert "LEAK-" not in str(table(theirs.gradebook))


@pytest.mark.browser
def test_what_a_student_wrote_does_not_run_in_the_page(
    both: tuple[Course, Course], browser: Browser
) -> None:
    with browser.new_page() as tab:
        tab.goto(both[0].feedback(NAME, EVE).as_uri())
        assert HOSTILE in tab.inner_text("main")
        assert tab.evaluate("window.hacked") is None


def test_export_has_every_student(both: tuple[Course, Course]) -> None:
    theirs, _ = both
    nbgrader(theirs, "export", "--to", "marks.csv")
    rows = list(csv.DictReader(io.StringIO((theirs.root / "marks.csv").read_text())))
    given = {row["student_id"]: float(row["score"]) for row in rows}
    for key in CLASS:
        found = json.loads(theirs.result(NAME, student(key)).read_text(encoding="utf-8"))
        assert given[student(key)] == found["points"]
    assert {row["max_score"] for row in rows} == {"46.0"}


def test_autograde_again_grades_what_is_new_alone(both: tuple[Course, Course]) -> None:
    theirs, _ = both
    before = {name: theirs.result(NAME, name).stat().st_mtime_ns for name in (EVE, NEW)}
    said = nbgrader(theirs, "autograde", NAME, "--student", EVE)
    assert f"{EVE}: " in said
    assert f"{NEW}: " not in said
    assert theirs.result(NAME, EVE).stat().st_mtime_ns == before[EVE]
    nbgrader(theirs, "autograde", NAME, "--student", EVE, "--force")
    assert theirs.result(NAME, EVE).stat().st_mtime_ns > before[EVE]
    assert theirs.result(NAME, NEW).stat().st_mtime_ns == before[NEW]


@pytest.fixture
def small(exercise: dict[str, Any], tmp_path: Path) -> Course:
    return make(tmp_path / "course", exercise, ("graded/partly_right",))


def test_autograde_refuses_without_bubblewrap(small: Course) -> None:
    said = nbgrader(small, "autograde", NAME, PATH=str(small.root), expect=1)
    assert "apt-get install bubblewrap" in said
    assert "Traceback" not in said
    assert not small.result(NAME, student("graded/partly_right")).exists()


def test_autograde_refuses_what_students_say_of_themselves(small: Course) -> None:
    settings(small, "c.Autograde.create_student = False")
    said = nbgrader(small, "autograde", NAME, "--no-execute", expect=1)
    assert "no mark comes from what a submission says about itself" in said
    assert "create_student has no effect" in said


def test_autograde_for_nobody_is_explained(small: Course) -> None:
    settings(small, f"c.CourseDirectory.student_id_exclude = {student('graded/partly_right')!r}")
    said = nbgrader(small, "autograde", NAME, expect=1)
    assert "no student like '*'" in said


def test_autograde_tells_the_total_and_what_was_not_read(small: Course) -> None:
    shutil.rmtree(small.root / "submitted")
    hand_in(small, "ada", {})
    (small.root / "submitted" / f"{NAME}.ipynb").touch()
    said = nbgrader(small, "autograde", NAME)
    assert "] 1 needs review\n" in said
    assert f"1 thing in submitted/ was not read: '{NAME}.ipynb'" in said


def test_submissions_come_from_moodle_and_pages_go_back(small: Course) -> None:
    """By the commands of the README, as they stand there."""
    readme = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## From Moodle, and back\n")[2].partition("\n## ")[0]
    collect, give_back = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    notebook = small.exercise(NAME).read_bytes()
    archive = small.root / "downloaded" / NAME / "archive" / "moodle.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as file:
        for folder in (
            "Éloïse Dupont_1234_assignsubmission_file",
            "Jean_Luc D'Arc_77_assignsubmission_file_",
        ):
            file.writestr(f"{folder}/{NAME}.ipynb", notebook)
        file.writestr("Zoé_5_assignsubmission_onlinetext/onlinetext.html", "no notebook")
    shutil.rmtree(small.submissions)
    run(small, "bash", "-ec", collect)
    assert small.submitted(NAME).keys() == {"1234", "77"}
    for number in ("1234", "77", "55"):  # the last one has left
        small.feedback(NAME, number).parent.mkdir(parents=True)
        small.feedback(NAME, number).write_text(f"page of {number}", encoding="utf-8")
    small.reports(NAME).mkdir(parents=True)
    table = "student,state\n1234,graded\n77,graded\n"
    (small.reports(NAME) / "marks.csv").write_text(table, encoding="utf-8")
    run(small, "bash", "-ec", give_back)
    with zipfile.ZipFile(small.root / "pages.zip") as file:
        assert {name: file.read(name) for name in file.namelist() if name.endswith(".html")} == {
            f"x_{number}_assignsubmission_file_/{NAME}.html": f"page of {number}".encode()
            for number in ("1234", "77")
        }


def test_an_assignment_goes_through_the_exchange_and_back(
    small: Course, exercise: dict[str, Any], tmp_path: Path
) -> None:
    """Released, fetched, submitted, collected, graded, and the page fetched by the student."""
    exchange, ada = tmp_path / "exchange", tmp_path / "ada"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    ada.mkdir()
    lines = [f"c.Exchange.root = {str(exchange)!r}", f"c.Exchange.cache = {str(tmp_path / 'c')!r}"]
    settings(small, *lines)
    course_id = "c.CourseDirectory.course_id = 'convbook'"
    (ada / "nbgrader_config.py").write_text("\n".join(["c = get_config()", course_id, *lines]))
    shutil.rmtree(small.root / "submitted")

    nbgrader(small, "generate_assignment", NAME)
    nbgrader(small, "release_assignment", NAME)
    nbgrader(small, "fetch_assignment", NAME, cwd=ada)
    handed_out = ada / NAME / f"{NAME}.ipynb"
    assert handed_out.read_bytes() == small.exercise(NAME).read_bytes()
    answers = builder.answers(builder.corpus()["graded/perfect"])
    handed_out.write_text(json.dumps(builder.fill(exercise, answers)), encoding="utf-8")
    nbgrader(small, "submit", NAME, cwd=ada)

    nbgrader(small, "collect", NAME)
    who = getpass.getuser()
    assert f"{who}: 26 points by the machine, 26 in total" in nbgrader(small, "autograde", NAME)
    found = json.loads(small.result(NAME, who).read_text(encoding="utf-8"))
    assert found["timestamp"]
    nbgrader(small, "generate_feedback", NAME)
    nbgrader(small, "release_feedback", NAME)
    nbgrader(small, "fetch_feedback", NAME, cwd=ada)
    pages = list((ada / NAME / "feedback").rglob(f"{NAME}.html"))
    assert [page.read_bytes() for page in pages] == [small.feedback(NAME, who).read_bytes()]


@pytest.mark.parametrize("settings_of_ours", [True, False])
def test_the_commands_work_where_the_environment_is_not_activated(
    small: Course, settings_of_ours: bool
) -> None:
    """Without our settings nbgrader leaves tables without their version: `grade` writes it."""
    if not settings_of_ours:
        (small.root / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    bare = os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not (Path(folder) / "alembic").exists()
    )
    add = ("db", "assignment", "add", NAME)
    said = nbgrader(small, *add, PATH=bare, activated=False, expect=0 if settings_of_ours else 1)
    assert ("No such file or directory: 'alembic'" in said) != settings_of_ours
    assert (small.root / "gradebook.db").exists()
    with Gradebook(small, load(small, NAME)):
        pass
    said = nbgrader(small, "db", "upgrade")
    assert "Traceback" not in said
    nbgrader(small, *add)


@pytest.mark.postgresql
def test_the_commands_use_postgresql_too(small: Course, postgresql: Server) -> None:
    url = postgresql.new_database()
    said = nbgrader(small, "generate_assignment", NAME, CONVBOOK_GRADEBOOK=url)
    said += nbgrader(small, "autograde", NAME, CONVBOOK_GRADEBOOK=url)
    said += nbgrader(small, "generate_feedback", NAME, CONVBOOK_GRADEBOOK=url)
    said += nbgrader(small, "export", "--db", url)
    assert not (small.root / "gradebook.db").exists()
    assert PASSWORD not in said
    found = json.loads(small.result(NAME, student("graded/partly_right")).read_text())
    exported = (small.root / "grades.csv").read_text(encoding="utf-8")
    assert f",{found['points']},0.0,{found['points']},46.0" in exported
