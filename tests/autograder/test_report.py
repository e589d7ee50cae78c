"""The table of marks, and the page of the whole class."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser

from autograder.course import Assignment, Course
from autograder.gradebook.marks import ManualMark
from autograder.marking import result
from autograder.pages import report, summary
from autograder.pages.summary import Summary
from tests.autograder import made
from tests.autograder.conftest import NAME
from tests.autograder.made import wrong
from tests.autograder.test_feedback import HOSTILE

Marks = Mapping[str, ManualMark]


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return made.assignment()


def page(assignment: Assignment, *results: dict[str, Any], manual: Marks | None = None) -> str:
    made_of = Summary(assignment)
    for each in results:
        made_of.add(each, report.row(assignment, each, manual or {}), manual or {})
    return made_of.page()


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", text.split("<main>")[1])).split())


def unread(assignment: Assignment, student: str, reason: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"state": "needs review", "points": 0, "items": [], "prose": []}
    return made.result(assignment, student=student, reason=reason, **changes)


def section(text: str, heading: str) -> str:
    return words("<main>" + text.split(f">{heading}</h2>")[1].split("<h2")[0])


def test_states_and_reasons(assignment: Assignment) -> None:
    partly = made.result(
        assignment, student="alan", state="partly graded", reason="cell q01 ran too long"
    )
    shown = page(
        assignment,
        made.result(assignment),
        made.result(assignment, student="bo"),
        partly,
        unread(assignment, "zoe", "the notebook is a link"),
    )
    assert words(shown).startswith(
        "Practical 1. The layers of a convolutional network 4 submissions 2 ✓ graded "
        "1 ◐ partly graded 1 ✗ needs review 21 ○ to mark 26 points, mean"
    )
    look = section(shown, "Look at these")
    assert "zoe ✗ needs review The notebook is a link. result alan ◐ partly graded" in look
    assert "Cell q01 ran too long." in look
    assert "ada" not in look


def test_who_got_nothing_right_is_to_be_looked_at(assignment: Assignment) -> None:
    nothing = made.result(assignment, student="kim")
    for item in range(len(nothing["items"])):
        made.wrong(nothing, item)
    shown = page(assignment, made.result(assignment), nothing)
    assert section(shown, "Look at these").endswith("kim ✓ graded No function is right. result")


def test_what_is_to_be_marked_by_hand(assignment: Assignment) -> None:
    manual = {name: ManualMark(1.0, "", due=False) for name in list(assignment.prose)[1:]}
    shown = page(assignment, made.result(assignment), manual=manual)
    assert section(shown, "To be marked by hand").endswith("Answer To mark q01-prose 1 of 1")
    address = f"http://127.0.0.1:8890/formgrader/gradebook/{NAME}/{NAME}"
    assert f'<a href="{address}">' in shown
    manual["q01-prose"] = ManualMark(1.0, "", due=False)
    done = page(assignment, made.result(assignment), manual=manual)
    assert "To be marked by hand" not in done


def test_marks_of_each_question(assignment: Assignment) -> None:
    half, none = made.result(assignment, student="bo"), made.result(assignment, student="cy")
    wrong(half, 0)
    for item in range(3):
        wrong(none, item)
    manual = {"q01-prose": ManualMark(1.5, "", due=False)}
    three = (made.result(assignment), half, none, unread(assignment, "di", "a link"))
    shown = section(page(assignment, *three, manual=manual), "Marks")
    given = "none: 1, up to a quarter: 0, up to a half: 1, up to three quarters: 0, "
    functions = f"functions 3 2 1.63 4 {given}less than all: 0, all: 1"
    assert f"1. About q01 {functions} written answer 3 1.5 0 2 " in shown
    assert "2. About q02 functions 3 4 0 4 " in shown
    assert "written answer 0 \N{EN DASH} \N{EN DASH} 2 3. About" in shown


@pytest.mark.parametrize(
    ("mark", "step"),
    [(0, 0), (0.1, 1), (1, 1), (1.01, 2), (2, 2), (3, 3), (3.5, 4), (4, 5), (5, 5), (-1, 0)],
)
def test_steps_of_the_bars(mark: float, step: int) -> None:
    assert summary.spread([mark], 4)["bars"] == [int(step == k) for k in range(6)]


def test_the_most_frequent_mistakes(assignment: Assignment) -> None:
    results = []
    for number, name in enumerate(["ceiling", "swapped", "ceiling", "square", "square", "once"]):
        results.append(made.result(assignment, student=f"s{number}"))
        wrong(results[-1], misconception=name, words=f"You did {name}.")
    shown = section(page(assignment, *results), "Functions, and where they go wrong")
    assert (
        "q01.output_size 0 / 6 2 x ceiling : You did ceiling. s0, s2 "
        "2 x square : You did square. s3, s4 1 x swapped : You did swapped. s1 "
        "1 x others q01.conv_weights 6 / 6 q01" in shown.replace("\N{MULTIPLICATION SIGN}", "x")
    )


def test_the_most_frequent_mistakes_of_all_functions(assignment: Assignment) -> None:
    results = [made.result(assignment, student=f"s{number}") for number in range(7)]
    for number, each in enumerate(results):
        wrong(each, 0, misconception="ceiling" if number < 3 else "floor", words="Rounded.")
        if number < 6:
            wrong(each, 1, misconception="no bias", words="Forgot it.")
        if number == 0:
            wrong(each, 2, misconception="once", words="Nobody else did.")
    shown = section(page(assignment, *results), "Functions, and where they go wrong")
    worst = shown.replace("\N{MULTIPLICATION SIGN}", "x").split("Function Right")[0]
    assert worst == (
        "The most frequent mistakes that have a name, over all functions: "
        "6 x no bias in q01.conv_weights : Forgot it. "
        "4 x floor in q01.output_size : Rounded. "
        "3 x ceiling in q01.output_size : Rounded. "
    )


def test_a_mistake_of_many_names_some_of_them(assignment: Assignment) -> None:
    results = [made.result(assignment, student=f"s{number:02d}") for number in range(40)]
    for each in results:
        wrong(each, misconception="ceiling", words="Rounded.")
    shown = section(page(assignment, *results), "Functions, and where they go wrong")
    assert "s28, s29 and 10 more" in shown
    assert "s30" not in shown


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (None, "hidden cases"),
        ("This answer is not written yet.", "not written"),
        ("Your function did not come back in time.", "out of time"),
        ("Your function stopped with NameError: name 'x' is not defined\nhere", "NameError"),
        ("Your function stopped with a stomach ache", "something else"),
        ("3 was expected, 4 came.", "something else"),
    ],
)
def test_what_goes_wrong_has_a_name_of_ours_where_no_mistake_is_known(
    assignment: Assignment, problem: str | None, name: str
) -> None:
    graded = made.result(assignment)
    known = {"public": True, "arguments": {}, "expected": "3", "got": None, "problem": problem}
    wrong(graded, first_failure=known if problem else {"public": False})
    result.validate(graded)
    found = summary.mistake(graded["items"][0])
    assert found is not None
    assert (found.name, found.known) == (name, False)


def test_a_bonus_that_is_not_written_is_no_mistake(assignment: Assignment) -> None:
    [first, *_] = assignment.checks
    optional = replace(assignment)
    vars(optional)["bonus"] = frozenset({first})
    graded = made.result(assignment)
    problem = "This answer is not written yet."
    failure = {"public": True, "arguments": {}, "expected": "3", "got": None, "problem": problem}
    wrong(graded, first_failure=failure)
    assert "not written" in section(page(assignment, graded), "Functions, and where they go wrong")
    assert "not written" not in page(optional, graded)


def test_what_is_right_or_waits_for_a_person_is_no_mistake(assignment: Assignment) -> None:
    item = made.result(assignment)["items"][0]
    assert summary.mistake(item) is None
    run = {"name": "base", "due": "its curve is odd", "notes": []}
    assert summary.mistake({**item, "passed": False, "run": run}) is None
    assert summary.mistake({**item, "passed": False, "run": {**run, "due": ""}}) is not None


def test_the_slowest_come_first(assignment: Assignment) -> None:
    results = [
        made.result(assignment, student=f"s{number:02d}", seconds=float(number % 7))
        for number in range(20)
    ]
    slow = section(page(assignment, *results), "The slowest")
    assert re.findall(r"s\d\d", slow)[:4] == ["s06", "s13", "s05", "s12"]
    assert len(re.findall(r"s\d\d", slow)) == summary.SLOWEST


def test_links_lead_to_each_page_and_result(assignment: Assignment, tmp_path: Path) -> None:
    course = Course(tmp_path)
    student = "ada & bo #1 %41"
    shown = page(assignment, made.result(assignment, student=student))
    folder = course.reports(NAME)
    found = {html.unescape(link) for link in re.findall(r'href="([^"#h][^"]*)"', shown)}
    wanted = {course.feedback(NAME, student), course.result(NAME, student), folder / "marks.csv"}
    assert {(folder / unquote(link)).resolve() for link in found} == {
        path.resolve() for path in wanted
    }


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("text", ["as usual", HOSTILE])
def test_the_page_is_good_to_read_and_runs_nothing(
    assignment: Assignment, browser: Browser, tmp_path: Path, text: str, width: int, theme: str
) -> None:
    path = tmp_path / "summary.html"
    results = (made.mixed(assignment, text), unread(assignment, f"x{text}", text))
    path.write_text(page(assignment, *results), encoding="utf-8")
    found = made.problems(browser, path, width, theme)
    assert not any(found.values()), found


def test_a_class_of_a_thousand(assignment: Assignment) -> None:
    """The page stays small, whatever the results hold."""
    made_of = Summary(assignment)
    for number in range(1000):
        each = made.result(assignment, student=f"student-{number:04d}")
        each["cells"] = [made.cell("number 2", "x" * 60_000)]
        if number % 3:
            wrong(each, number % 16, misconception="ceiling", words="You rounded up.")
        made_of.add(each, report.row(assignment, each, {}), {})
    size = len(made_of.page().encode())
    assert size < 600_000, size


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_table_gives_spreadsheets_no_formula(assignment: Assignment, text: str) -> None:
    graded = made.result(assignment, reason=text, state="partly graded")
    row = report.row(assignment, graded, {})
    assert f",'{text}" in report.table(assignment, [row]).replace('"', "")


def test_table_is_the_same_however_long_it_took(assignment: Assignment) -> None:
    tables = [
        report.table(
            assignment,
            [report.row(assignment, made.result(assignment, seconds=seconds), {})],
        )
        for seconds in (0.5, 7.25)
    ]
    assert tables[0] == tables[1]
    [row] = csv.DictReader(io.StringIO(tables[0]))
    assert (row["student"], row["points"], row["q01.output_size"]) == ("ada", "26", "2")
    assert "seconds" not in row


def test_results_are_read_one_by_one(assignment: Assignment, tmp_path: Path) -> None:
    course = Course(tmp_path)
    for student in ("bo", "ada"):
        result.save(made.result(assignment, student=student), course.result(NAME, student))
    course.result(NAME, "broken").write_text("{", encoding="utf-8")
    found = report.results(course, assignment)
    assert next(found)["student"] == "ada"
    assert [each["student"] for each in found] == ["bo"]


def test_titles_of_questions_come_from_when_it_was_graded(
    assignment: Assignment, tmp_path: Path
) -> None:
    course = Course(tmp_path)
    bare = Assignment(NAME, assignment.cells, assignment.metadata, assignment.nbformat_minor)
    assert report._described(course, bare).questions == ()
    result.write_whole(course.questions(NAME), json.dumps(assignment.questions))
    titles = [each["title"] for each in report._described(course, bare).questions]
    assert titles == [each["title"] for each in assignment.questions]


def test_what_has_no_mark_is_empty_in_the_table(assignment: Assignment) -> None:
    old = {
        **{name: ManualMark(2.0, "", due=True, stale=True) for name in assignment.prose},
        "q01-output_size-check": ManualMark(1.5, "", due=False),  # given since it was not read
    }
    given = {
        "q02-prose": ManualMark(0.0, "", due=False),
        "q03-prose": ManualMark(None, "", due=False),  # nothing was written
    }
    rows = [
        report.row(assignment, made.result(assignment), given),
        report.row(assignment, unread(assignment, "bo", "a link"), old),
        report.row(assignment, unread(assignment, "cy", "a link"), {}, late_penalty=1.0),
    ]
    fresh, marked, empty = csv.DictReader(io.StringIO(report.table(assignment, rows)))
    assert (fresh["points"], fresh["q02-prose"], fresh["q01-prose"]) == ("26", "0", "")
    assert fresh["q03-prose"] == "0"
    assert (marked["points"], marked["q01.output_size"], marked["q01-prose"]) == ("1.5", "1.5", "")
    assert (marked["state"], marked["prose_due"]) == ("needs review", "7")
    names = [*assignment.checks.values(), *assignment.prose]
    names += ["points", "late_penalty", "auto_points", "prose_points"]
    assert {empty[name] for name in names} == {""}
    assert "\N{EN DASH}" in section(
        page(assignment, unread(assignment, "cy", "a link")), "Students"
    )


def test_marks_by_hand_to_look_at_again(assignment: Assignment) -> None:
    manual = {
        "q01-prose": ManualMark(1.0, "", due=True, stale=True),
        "q01-output_size-check": ManualMark(2.0, "", due=True, stale=True),
        "q02-prose": ManualMark(1.0, "", due=False),
        "q03-prose": ManualMark(None, "", due=True),
    }
    shown = page(assignment, made.result(assignment), manual=manual)
    again = section(shown, "Marks by hand to look at again")
    assert again.endswith("ada q01-prose, q01-output_size-check")
    assert "2 \N{WHITE CIRCLE} to look at again" in words(shown)
    row = report.row(assignment, made.result(assignment), manual)
    [line] = csv.DictReader(io.StringIO(report.table(assignment, [row])))
    assert line["look_again"] == "2"
    assert "to look at again" not in page(assignment, made.result(assignment))


def test_pages_are_counted_in_words() -> None:
    assert [report.counted(["ada"] * count) for count in (0, 1, 2)] == [
        "0 pages",
        "1 page",
        "2 pages",
    ]
