"""nbgrader's formgrader, in a real browser, on what the grader wrote."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from autograder.course import Course, load
from autograder.gradebook.gradebook import Gradebook
from autograder.gradebook.marks import ManualMark
from tests.autograder.conftest import NAME, ROOT, Graded, student

ADA = "graded/partly_right"
NAME_OF_ADA = student(ADA)
pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.slow,
    pytest.mark.browser,
    # nbgrader's own, about SQLAlchemy
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def course(graded: Graded, tmp_path: Path) -> Course:
    """One graded student's course, to be changed freely."""
    return graded.copy(tmp_path / "course", ADA)


@pytest.fixture
def address(course: Course, tmp_path: Path) -> Iterator[str]:
    """The address of formgrader as the command serves it."""
    port = free_port()
    command = [sys.executable, "-m", "autograder", "formgrader", "--no-browser"]
    command += ["--course", str(course.root), "--port", str(port)]
    log = (tmp_path / "log").open("w")
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
    ) as process:
        assert process.stdout is not None
        shown = process.stdout.readline()
        url = next(word for word in shown.split() if word.startswith("http"))
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.3)
        yield url
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    log.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "still served"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page(viewport={"width": 1200, "height": 900}) as tab:
        tab.set_default_timeout(60_000)
        yield tab


def test_a_written_answer_is_marked_by_hand(course: Course, address: str, page: Page) -> None:
    page.goto(address)
    page.get_by_role("link", name=NAME).first.wait_for()
    with Gradebook(course, load(course, NAME)) as book:
        found = book._book.find_submission_notebook(NAME, NAME, NAME_OF_ADA)
        key = found.id
    base = address.split("/formgrader/")[0]
    page.goto(f"{base}/formgrader/submissions/{key}/")
    wait_for_data(page)
    assert "0.5 of 1 points" in page.inner_text("body")
    assert page.get_by_text("What earns points in").count() == len(load(course, NAME).prose)
    typed(page, "input.score[id='q02-prose']", "1.5")
    mark = saved(course, "q02-prose", lambda mark: mark.points is not None)
    assert (mark.points, mark.due) == (1.5, False)


def wait_for_data(page: Page) -> None:
    """Until the page has its marks and comments: what is typed before that, it does not save."""
    machines = page.locator("input.score[id='q02-count_weights-check']")
    expect(machines).to_have_attribute("placeholder", "0.5", timeout=60_000)
    comment = page.locator("textarea[id='q01-prose-comment']")
    expect(comment).to_have_attribute("placeholder", re.compile("."), timeout=60_000)


def typed(page: Page, selector: str, words: str) -> None:
    field = page.locator(selector)
    field.fill(words)
    field.press("Tab")


def saved(course: Course, cell: str, holds: Callable[[ManualMark], bool]) -> ManualMark:
    """What the gradebook has for a cell, once the page has saved it."""
    deadline = time.monotonic() + 30
    while True:
        with Gradebook(course, load(course, NAME)) as book:
            mark = book.manual(NAME_OF_ADA)[cell]
        if holds(mark):
            return mark
        assert time.monotonic() < deadline, f"not saved in 30 seconds: {mark}"
        time.sleep(0.3)


def test_what_is_typed_survives_autograding_from_the_page(
    course: Course, address: str, page: Page
) -> None:
    """A mark over the machine's, extra credit and comments; then formgrader's own button."""
    with Gradebook(course, load(course, NAME)) as book:
        key = book._book.find_submission_notebook(NAME, NAME, NAME_OF_ADA).id
    base = address.split("/formgrader/")[0]
    page.goto(address)
    page.goto(f"{base}/formgrader/submissions/{key}/")
    wait_for_data(page)
    typed(page, "input.score[id='q02-count_weights-check']", "0.75")
    typed(page, "input[id='q01-prose_extra_credit']", "0.5")
    typed(page, "textarea[id='q01-prose-comment']", "Well <b>said</b>.")
    typed(page, "textarea[id='q02-count_weights-comment']", "Nearly.")
    assert saved(course, "q02-count_weights-check", lambda mark: mark.comment != "").points == 0.75
    assert saved(course, "q01-prose", lambda mark: mark.comment != "").points == 0.5

    before = course.result(NAME, NAME_OF_ADA).stat().st_mtime_ns
    page.goto(f"{base}/formgrader/manage_submissions/{NAME}")
    page.locator("tr", has_text=NAME_OF_ADA).locator(".autograde a").click()
    page.get_by_text("Successfully autograded").first.wait_for(timeout=120_000)
    assert course.result(NAME, NAME_OF_ADA).stat().st_mtime_ns > before

    override = saved(course, "q02-count_weights-check", lambda _mark: True)
    assert (override.points, override.comment) == (0.75, "Nearly.")
    prose = saved(course, "q01-prose", lambda _mark: True)
    assert (prose.points, prose.comment) == (0.5, "Well <b>said</b>.")
    shown = course.feedback(NAME, NAME_OF_ADA).read_text(encoding="utf-8")
    for words in ("gave 0.75 points here", "Nearly.", "Well &lt;b&gt;said&lt;/b&gt;."):
        assert words in shown
