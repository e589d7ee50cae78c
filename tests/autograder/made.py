"""Results made for tests of pages, and the questions of a browser's tests to a page."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from autograder.course import Assignment, Course, is_bonus, load
from autograder.marking.result import SCHEMA_VERSION, validate
from tests.autograder.conftest import NAME, ROOT

READING = (ROOT / "tests/book/reading.js").read_text(encoding="utf-8")


def assignment() -> Assignment:
    """The real practical without its bonus, with titles and rubrics made up for its questions."""
    whole = load(Course(ROOT), NAME)
    found = replace(whole, cells=tuple(cell for cell in whole.cells if not is_bonus(cell)))
    items: dict[str, dict[str, float]] = {}
    for name, item in found.checks.items():
        points = found.by_id[name]["metadata"]["nbgrader"]["points"]
        items.setdefault(item.split(".")[0], {})[item] = points
    rubric = [[1, "Says why."], [1, "Gives a number."]]
    questions = tuple(
        {"id": key, "title": f"About {key}", "rubric": rubric, "items": worth}
        for key, worth in items.items()
    )
    return replace(found, questions=questions)


def result(practical: Assignment, **changes: Any) -> dict[str, Any]:
    """A result in which everything is right, but for `changes`."""
    items = [
        {
            "id": item,
            "points": worth,
            "max_points": worth,
            "passed": True,
            "cases": [
                {"public": True, "passed": True, "problem": None},
                {"public": False, "passed": True, "problem": None},
            ],
            "first_failure": None,
            "misconception": None,
            "words": "",
            "hint": "",
            "run": None,
        }
        for question in practical.questions
        for item, worth in question["items"].items()
    ]
    prose = [
        {"grade_id": name, "max_points": worth, "answered": True, "hash": "0", "source": "because"}
        for name, worth in practical.prose.items()
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "assignment": NAME,
        "student": "ada",
        "submission_hash": "0" * 64,
        "grader_version": "1",
        "sandbox": "bubblewrap",
        "state": "graded",
        "reason": "",
        "timestamp": None,
        "seconds": 0.5,
        "points": sum(item["points"] for item in items),
        "max_points": practical.auto_points,
        "items": items,
        "cells": [],
        "prose": prose,
        "repairs": [],
        "recorded": True,
        **changes,
    }


def wrong(graded: dict[str, Any], item: int = 0, points: float = 0, **changes: Any) -> None:
    """Let an item of a result be wrong."""
    found = graded["items"][item]
    graded["points"] += points - found["points"]
    found |= {"points": points, "passed": False, "first_failure": {"public": False}, **changes}


def cell(name: str, output: str = "", **changes: Any) -> dict[str, Any]:
    """What a cell came to."""
    report = {"status": "ok", "error": "", "cut": False, "pictures": [], "lost": ""}
    return {"name": name, "output": output, **report, **changes}


def picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def mixed(practical: Assignment, text: str) -> dict[str, Any]:
    """A result with something of everything; `text` is wherever a student can write."""
    graded = result(practical, student=f"eve {text}", state="partly graded", reason=text)
    failure = {"arguments": {"x": text}, "expected": text, "got": text, "problem": text}
    wrong(graded, 0, misconception="ceiling", words=text, hint=text)
    graded["items"][0]["first_failure"] = {"public": True, **failure}
    wrong(graded, 1)
    wrong(graded, 4, points=0.5)
    graded["prose"][0]["source"] = text
    graded["prose"][1]["answered"] = False
    graded["repairs"] = [text]
    graded["timestamp"] = text
    graded["cells"] = [
        cell("number 2", text),
        cell("q01-output_size", f"{text}\n" * 30, cut=True),
        cell("number 9", "a plot", pictures=[picture()], lost=text),
        cell("number 10", text, status="error", error=text),
        cell("q02-inputs_seen", text, status="died", error=text),
    ]
    return validate(graded)


def ask(page: Page, question: str) -> Any:
    """Ask an open page one of the questions of reading.js."""
    return page.evaluate(f"{READING}.{question}()")


def problems(browser: Browser, path: Path, width: int, theme: str) -> dict[str, Any]:
    """What is wrong with a page as readers meet it; everything in this is empty of a good page."""
    asked: list[str] = []
    with browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    ) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(f"a dialog: {dialog.message}"))
        page.goto(path.as_uri())
        page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
        levels = ask(page, "headings")
        return {
            "requests": [url for url in asked if url != path.as_uri() and url[:5] != "data:"],
            "script": page.evaluate("window.hacked ?? (document.title === 'hacked' || null)"),
            "made by a student": page.evaluate(
                "[...document.querySelectorAll('script, iframe, object, link, base, form, "
                "[onerror], [onfocus], [onmouseover], [href^=javascript]')].map((n) => n.outerHTML)"
            ),
            "sideways": ask(page, "stickingOut"),
            "contrast": ask(page, "poorContrast"),
            "silent pictures": ask(page, "picturesWithoutWords"),
            "broken pictures": page.evaluate(
                "[...document.images].filter((each) => !each.naturalWidth).length"
            ),
            "headings": [
                pair for pair in zip([0, *levels], levels, strict=False) if pair[1] > pair[0] + 1
            ],
            "loose cells": page.evaluate(
                "[...document.querySelectorAll('thead th:not([scope])')].map((th) => th.outerHTML)"
            ),
            "same ids": page.evaluate(
                "[...document.querySelectorAll('[id]')].map((node) => node.id)"
                ".filter((id, at, all) => /\\s/.test(id) || all.indexOf(id) !== at)"
            ),
            "dead links": page.evaluate(
                "[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.hash.slice(1))"
                ".filter((id) => !document.getElementById(decodeURIComponent(id)))"
            ),
            "out of reach": page.evaluate(
                "[...document.querySelectorAll('main *')].filter((n) => n.scrollWidth > "
                "n.clientWidth + 1 && getComputedStyle(n).overflowX === 'auto' && n.tabIndex < 0)"
                ".map((n) => n.className)"
            ),
        }
