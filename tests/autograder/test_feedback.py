"""The page a student reads, and the notebook that formgrader shows."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser

from autograder.course import Assignment, Course, grade_id
from autograder.gradebook.marks import ManualMark
from autograder.marking import checker
from autograder.marking.pipeline import Graded, outputs
from autograder.pages import feedback, render
from tests.autograder import made
from tests.autograder.conftest import NAME
from tests.autograder.made import cell, picture, wrong

HOSTILE = (
    "<script>window.hacked = 1</script>"
    "<img src=http://127.0.0.1:9/ onerror=\"document.title='hacked'\">"
    "' onmouseover='hacked=1' \" autofocus onfocus=\"hacked=1\" {{ 7 * 7 }} javascript:hacked=1 "
    "</style></title></pre>\u202e" + "long" * 60
)


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return made.assignment()


@pytest.fixture
def result(assignment: Assignment) -> dict[str, Any]:
    return made.result(assignment)


def words(page: str) -> str:
    """The text of a page, in one line."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page.split("<main>")[1])).split())


def marked(assignment: Assignment, points: float) -> dict[str, ManualMark]:
    return {name: ManualMark(points, "", due=False) for name in assignment.prose}


def test_what_was_right_and_what_is_not_marked_yet(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    page = words(feedback.page(assignment, result, {}))
    assert f"{assignment.auto_points:g} of 40 points" in page
    assert "16 of 16 functions are right." in page
    assert "14 points of what a person marks are not marked yet." in page
    assert page.count("○ Not marked yet 2 at most") == len(assignment.prose)
    assert page.count("○ Partly marked") == len(assignment.questions)
    assert "✗" not in page


def test_states_are_told_by_words(assignment: Assignment, result: dict[str, Any]) -> None:
    wrong(result, 0)
    wrong(result, 5, points=0.5)
    for answer in result["prose"]:
        answer["answered"] = answer["grade_id"] in ("q01-prose", "q03-prose")
    page = words(feedback.page(assignment, result, marked(assignment, 2.0)))
    assert "output_size ✗ Not right 0 / 2" in page
    assert "conv_weights ✓ Right 1 / 1" in page
    assert "count_weights ◐ Partly right 0.5 / 1" in page
    assert "14 of 16 functions are right, 1 partly." in page
    assert "1. About q01 ◐ Partly right 4 / 6" in page
    assert "3. About q03 ✓ Right 6 / 6" in page
    unread = words(feedback.page(assignment, result, marked(assignment, 0.0)))
    assert "Written answer ✗ No answer 0 / 2" in unread


def test_a_failing_public_case_with_its_mistake_and_hint(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    told = {"words": "You rounded up.", "hint": "Draw it.", "misconception": "ceiling"}
    wrong(result, **told)
    failure = {"arguments": {"x": "7", "s": "2"}, "expected": "[3]", "got": "[4]"}
    result["items"][0]["first_failure"] = {"public": True, "problem": "4 came.", **failure}
    page = words(feedback.page(assignment, result, {}))
    for part in ("You rounded up.", "“ceiling”", "Hint: Draw it.", "Expected [3]", "You gave [4]"):
        assert part in page
    assert "Call output_size(x=7, s=2)" in page
    failure["arguments"] = {"image": "array of shape (2,):\n[1. 2.]", "s": "2"}
    result["items"][0]["first_failure"] |= failure
    page = words(feedback.page(assignment, result, {}))
    assert "Call output_size(image, s) image array of shape (2,): [1. 2.] s 2 Expected" in page


def test_a_call_is_told_as_the_student_s_function_takes_it(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    wrong(result)
    failure = {"arguments": {"kind": "max", "k": "2"}, "expected": "1", "got": "2", "problem": "."}
    result["items"][0]["first_failure"] = {"public": True, **failure}
    told = {"adapted": {"q01.output_size": "output_size(layer)"}}
    adapted = replace(assignment, questions=tuple({**q, **told} for q in assignment.questions))
    page = words(feedback.page(adapted, result, {}))
    assert "Call output_size(layer) with what is made of kind max k 2 Expected 1" in page


def test_the_adapted_calls_are_known() -> None:
    known = {key: call for each in checker.describe(NAME) for key, call in each["adapted"].items()}
    assert known["q02.equivariance_error"] == "equivariance_error(layer, image, shift)"
    assert "q01.output_size" not in known


def test_a_hidden_case_without_its_inputs(assignment: Assignment, result: dict[str, Any]) -> None:
    wrong(result)
    page = words(feedback.page(assignment, result, {}))
    assert "It is wrong in a hidden case" in page
    assert "Expected" not in page


def test_marks_comments_and_rubric_of_written_answers(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    name = next(iter(assignment.prose))
    manual = {name: ManualMark(1.5, "Well said.", due=False)}
    page = words(feedback.page(assignment, result, manual))
    assert "Written answer ◐ Partly right 1.5 / 2 because Your instructor writes Well said." in page
    assert "What earns points 1 Says why. 1 Gives a number." in page
    assert f"{assignment.auto_points + 1.5:g} of 40 points" in page


def test_a_mark_by_hand_stands_before_the_machines(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    wrong(result)
    manual = {"q01-output_size-check": ManualMark(1.0, "", due=False)}
    page = words(feedback.page(assignment, result, manual))
    assert "output_size ◐ Partly right 1 / 2" in page
    assert "Your instructor gave 1 points here, the machine 0." in page


def test_points_off_for_being_late(assignment: Assignment, result: dict[str, Any]) -> None:
    manual = marked(assignment, 2.0)
    assert "Handed in late" not in feedback.page(assignment, result, manual)
    late = words(feedback.page(assignment, result, manual, late_penalty=4.5))
    assert "35.5 of 40 points" in late
    assert "Handed in late: 4.5 of 40 points are taken off." in late
    assert "0 of 40 points" in words(feedback.page(assignment, result, manual, late_penalty=99))


def test_a_submission_that_needs_review_says_why(assignment: Assignment) -> None:
    changes: dict[str, Any] = {"state": "needs review", "points": 0}
    unread = made.result(assignment, reason="it is a link", items=[], prose=[], **changes)
    page = words(feedback.page(assignment, unread, {}))
    assert "could not be graded. It is a link. Your instructor sees this too. Hand in" in page
    assert "points" not in page


def test_a_student_is_not_asked_for_what_the_instructor_must_do(assignment: Assignment) -> None:
    changes: dict[str, Any] = {"state": "needs review", "points": 0}
    for words_of in feedback.INSTRUCTORS:
        reason = f"{words_of}: the rest"
        unread = made.result(assignment, reason=reason, items=[], prose=[], **changes)
        page = words(feedback.page(assignment, unread, {}))
        assert "Your instructor sees this too, and has to put it right: you need not hand" in page
        assert "Hand in again, or ask" not in page
        assert "the rest" not in page


def test_what_lies_beside_a_page_goes_when_the_submission_has_it_no_more(
    assignment: Assignment, result: dict[str, Any], tmp_path: Path
) -> None:
    there = Course(tmp_path)
    submitted = tmp_path / "submitted" / result["student"] / NAME
    submitted.mkdir(parents=True)
    (submitted / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    beside = there.feedback(NAME, result["student"]).with_name("timestamp.txt")
    feedback.write_page(there, assignment, result, {})
    assert beside.read_text() == "2026-03-01 12:00:00 UTC"
    (submitted / "timestamp.txt").unlink()
    feedback.write_page(there, assignment, result, {})
    assert not beside.exists()


def test_outputs_and_plots_stand_in_their_question(
    assignment: Assignment, result: dict[str, Any]
) -> None:
    lines = "\n".join(f"line {k}" for k in range(40))
    result["cells"] = [
        cell("number 2", "hello"),
        cell("q01-output_size", lines, cut=True),
        cell("q02-inputs_seen"),
        cell("number 20", pictures=[picture(), picture()], lost="1 picture could not be read"),
        cell("q03-max_pool", "Traceback", status="error", error="KeyError: 'x'"),
        cell("q04-first_failure", "", status="timeout", error="ran longer than 30 seconds"),
    ]
    page = feedback.page(assignment, result, {})
    sections = {name: words("<main>" + part) for name, part in parts(page).items()}
    assert "Cell number 2 hello" in sections["Before the first question"]
    assert "What it printed, 40 lines line 0" in sections["q01"]
    assert "It printed more than is kept here." in sections["q01"]
    assert "1 picture could not be read." in sections["q02"]
    assert page.count("<img ") == parts(page)["q02"].count("<img ") == 2
    assert 'alt="Picture 2 of 2 that cell number 20 shows"' in page
    assert "Cell q03-max_pool ✗ Stopped with an error KeyError: 'x'. Traceback" in sections["q03"]
    assert "✗ Ended the run It ran longer than 30 seconds." in sections["q04"]
    assert "an error stopped the cell q03-max_pool ." in words(page)
    assert "cell-q02-inputs_seen" not in page, "it showed nothing"
    assert "<details><summary>What it printed, 40 lines" in page
    assert "<details>" not in parts(page)["q03"]


def parts(page: str) -> dict[str, str]:
    """The sections of a page, by the id or the heading of each."""
    found = {}
    for part in page.split("<section")[1:]:
        name = re.match(r' id="(\w+)"', part) or re.search(r"<h2>(.*)</h2>", part)
        assert name is not None
        found[name[1]] = part
    return found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        (" 10%\r 50%\r100%\nnext", "100%\nnext"),
        ("100%\r\nnext\r", "100%\nnext"),
        ("a\x00b\x07\x08c\td", "abc\td"),
        ("\x1b]0;title\x07", "]0;title"),
    ],
)
def test_outputs_read_as_in_a_terminal(text: str, shown: str) -> None:
    assert render.readable(text) == shown


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("text", ["as usual", HOSTILE])
def test_the_page_is_good_to_read_and_runs_nothing(
    assignment: Assignment, browser: Browser, tmp_path: Path, text: str, width: int, theme: str
) -> None:
    manual = {
        "q01-prose": ManualMark(1.0, text, due=False),
        "q01-conv_weights-check": ManualMark(0.5, "", due=False),
    }
    path = tmp_path / "page.html"
    page = feedback.page(assignment, made.mixed(assignment, text), manual, late_penalty=2)
    path.write_text(page, encoding="utf-8")
    found = made.problems(browser, path, width, theme)
    assert found == {
        key: type(value)() if value is not None else None for key, value in found.items()
    }


@pytest.mark.browser
def test_what_is_folded_is_printed(
    assignment: Assignment, browser: Browser, tmp_path: Path, result: dict[str, Any]
) -> None:
    result["cells"] = [cell("number 2", "folded\n" * 30)]
    path = tmp_path / "page.html"
    path.write_text(feedback.page(assignment, result, {}), encoding="utf-8")
    with browser.new_page(color_scheme="dark") as page:
        page.goto(path.as_uri())
        text = page.locator("details pre")
        seen = "node => node.checkVisibility() && node.getBoundingClientRect().height > 100"
        assert not text.evaluate(seen)
        page.emulate_media(media="print")
        assert text.evaluate(seen)
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )


def test_the_notebook_for_formgrader_has_pictures_and_no_other_rich_output(
    assignment: Assignment, result: dict[str, Any], tmp_path: Path
) -> None:
    cells = [
        {**each, "outputs": []} if each["cell_type"] == "code" else each
        for each in assignment.cells
    ]
    name = "q01-output_size"
    result["cells"] = [cell(name, "<b>text</b>", pictures=[picture()], lost="one is missing")]
    feedback.write_notebook(Course(tmp_path), assignment, Graded(result, cells), outputs)
    path = Course(tmp_path).autograded(NAME, "ada") / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    shown = next(
        each["outputs"]
        for each in notebook["cells"]
        if each["metadata"].get("nbgrader", {}).get("grade_id") == name
    )
    assert [output["output_type"] for output in shown] == ["stream", "display_data"]
    assert shown[0]["text"] == "<b>text</b>… (one is missing)\n"
    assert shown[1]["data"] == {"image/png": picture()}


def test_the_notebook_for_formgrader_has_the_rubric_under_each_written_answer(
    assignment: Assignment, result: dict[str, Any], tmp_path: Path
) -> None:
    worth = [[0.5, "Says q_1 * q_2 | k[0]."], [1, "Gives `a` number."]]
    questions = tuple({**each, "rubric": worth} for each in assignment.questions)
    telling = replace(assignment, questions=questions)
    given = [dict(each) for each in assignment.cells]
    feedback.write_notebook(Course(tmp_path), telling, Graded(result, given), outputs)
    path = Course(tmp_path).autograded(NAME, "ada") / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    names = [grade_id(each) or each["id"] for each in notebook.cells]
    for name in assignment.prose:
        assert names[names.index(name) + 1] == f"rubric-{name}"
    rubrics = [each for each in notebook.cells if each["id"].startswith("rubric-")]
    assert len(rubrics) == len(assignment.prose)
    assert all(each["metadata"] == {} for each in rubrics), "nbgrader knows nothing of them"
    read, _ = HTMLExporter(template_name="basic").from_notebook_node(
        nbformat.v4.new_notebook(cells=rubrics[:1])
    )
    text = " ".join(html.unescape(re.sub("<[^>]*>", " ", read)).split())
    assert "0.5 : Says q_1 * q_2 | k[0]. 1 : Gives `a` number." in text
    answers = [each["source"] for each in notebook.cells if grade_id(each) in assignment.prose]
    assert answers == [assignment.by_id[name]["source"] for name in assignment.prose]


@pytest.mark.parametrize(
    "text",
    [
        "a < b <= 3 <5",
        "$x & y \\\\ \\frac{1}{2}$",
        "# head\n- *one* [1] `a[0]`",
        "cats & dogs (2 > 1)",
    ],
)
def test_plain_markdown_stays_as_it_is(text: str) -> None:
    assert feedback.inert(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<b>",
        "</b>",
        "<!-- -->",
        "<http://x>",
        "&lt;",
        "&#60;",
        "[a](b)",
        "![a][b]",
        "[a]: b",
        "\\href{a}{b}",
        "\\bbox[red]{a}",
        '\\mmlToken{mi}[href="a"]{b}',
        "see https://example.org",
        "see www.example.org",
    ],
)
def test_markdown_that_makes_more_than_text_is_taken_apart(text: str) -> None:
    assert feedback.inert(text) != text
    assert feedback.inert(text).replace("\u2060", "") == text


def test_questions_survive_as_json(assignment: Assignment, result: dict[str, Any]) -> None:
    again = replace(assignment, questions=tuple(json.loads(json.dumps(assignment.questions))))
    assert feedback.page(again, result, {}) == feedback.page(assignment, result, {})
