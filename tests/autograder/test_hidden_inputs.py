"""Hidden inputs stay hidden: a submission that tells all it is given tells public cases only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import questions
from autograder.course import Course
from autograder.grade import grade
from autograder.marking.basis import OUR_FAULT
from autograder.marking.checker import seed
from autograder.pages import feedback
from autograder.sandbox.inside.limits import Limits
from tests.autograder.conftest import NAME
from tests.submissions import builder

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

# Each function tells what it is called with in another way; the later ones tell what all saw.
SPY = """
import os, sys, threading, time
import matplotlib.pyplot as plt

seen = []

def note(name, *values):
    seen.append("seen-" + "-".join(map(str, (name, *values))) + "-end")
    print(seen, flush=True)
    print(seen, file=sys.stderr, flush=True)
    with open(os.path.expanduser("~/seen"), "a") as file:
        file.write(seen[-1])
    display(seen)
    plt.figure(figsize=(1, 1)); plt.title(seen[-1]); plt.plot([1]); plt.show()
    return str(seen)

def tell():
    while True:
        time.sleep(0.01)
        print("thread", seen, flush=True)
threading.Thread(target=tell, daemon=True).start()
if os.path.exists(os.path.expanduser("~/seen")):
    print(open(os.path.expanduser("~/seen")).read())

def output_size(x, y, k, p, s):
    raise ValueError(note("output_size", x, y, k, p, s))

def conv_weights(k, z):
    return note("conv_weights", k, z)

def dense_weights(x, y, z, k, p, s):
    note("dense_weights", x, y, z, k, p, s)
    return seen

def inputs_seen(kind, x, y, z, k):
    raise type(note("inputs_seen", kind, x, y, z, k), (Exception,), {})("x")

def count_weights(kind, x, y, z, k, c):
    note("count_weights", kind, x, y, z, k, c)
    plt.plot([2])
    return {"seen": seen}

def max_pool(image, k, s):
    note("max_pool", float(image.sum()), k, s)
    if len(seen) > 40:
        os._exit(7)
    return image

def first_failure(layers, input_shape):
    raise SystemExit(str(seen))

def receptive_field(layers):
    raise KeyError(str(seen))

def first_layer_seeing(layers, size):
    note("first_layer_seeing", size)
    raise ValueError(str(seen)[-1500:])
"""
LAST = "print('last', seen)"


def told(item: str, a: dict[str, Any]) -> str | None:
    """The words in which the spy tells a case of an item."""
    name = item.split(".")[1]
    values = {
        "max_pool": lambda: (float(np.sum(a["image"])), a["k"], a["s"]),
        "first_layer_seeing": lambda: (a["size"],),
    }.get(name, lambda: tuple(a.values()))
    spied = f"def {name}(" in SPY and "note(" in SPY.split(f"def {name}(")[1].split("\ndef ")[0]
    return "-".join(map(str, ("seen", name, *values(), "end"))) if spied else None


def cases(result: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The cases that a submission was called with, made again from what its result says."""
    for each in result["items"]:
        item = questions.item(each["id"])
        entropy = seed(item.id, result["submission_hash"], result["grader_version"])
        for case in questions.cases(item, np.random.default_rng(entropy)):
            yield item.id, case


def everything(course: Course, student: str) -> dict[str, str]:
    """All that is written of a submission, by where it stands; pictures apart."""
    paths = {
        "page": course.feedback(NAME, student),
        "result": course.result(NAME, student),
        "notebook": course.autograded(NAME, student) / f"{NAME}.ipynb",
        "summary": course.reports(NAME) / "summary.html",
        "table": course.reports(NAME) / "marks.csv",
    }
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


def spied(exercise: dict[str, Any], course: Course, student: str) -> None:
    target = course.root / "submitted" / student / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True)
    cells = [("q07-first_layer_seeing", SPY), ("own", LAST)]
    target.write_text(json.dumps(builder.fill(exercise, cells)), encoding="utf-8")


def test_a_spy_tells_public_cases_only(
    make_course: Callable[..., Course], exercise: dict[str, Any]
) -> None:
    course = make_course()
    spied(exercise, course, "spy")
    grade(course, NAME, limits=Limits(cell_seconds=8, call_seconds=4))
    written = everything(course, "spy")
    result = json.loads(written["result"])
    assert result["state"] == "graded", result["reason"]
    words: dict[bool, set[str]] = {True: set(), False: set()}
    numbers: dict[bool, set[str]] = {True: set(), False: set()}
    for item, case in cases(result):
        words[case.public].add(str(told(item, case.arguments)))
        numbers[case.public] |= large(case.arguments)
        numbers[case.public] |= large(questions.item(item).reference(**case.arguments))
    hidden = words[False] - words[True]
    assert len(hidden) > 30
    secret = numbers[False] - numbers[True]
    assert len(secret) > 5
    for where, text in written.items():
        assert not [each for each in hidden if each in text], where
        assert not [each for each in secret if re.search(rf"(?<![\w.+/]){each}(?![\w.])", text)]
    # What was told of public cases did come through: the spy works.
    for where in ("page", "result", "notebook"):
        assert "seen-output_size-7-7-3-0-1-end" in written[where]
    assert "seen-first_layer_seeing" in written["page"]
    assert any(cell["output"].startswith("last []") for cell in result["cells"])
    assert [len(cell["pictures"]) for cell in result["cells"]] == [0] * len(result["cells"])


def large(value: Any) -> set[str]:
    """The numbers in a value that do not stand in a page by chance."""
    if isinstance(value, dict):
        return set().union(*(large(part) for part in value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*(large(part) for part in value))
    if isinstance(value, np.ndarray):
        return large(value.tolist())
    return {str(value)} if isinstance(value, (int, float)) and abs(value) >= 4000 else set()


def test_a_failure_of_the_grader_tells_the_student_nothing(
    make_course: Callable[..., Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make_course("graded/perfect")
    secret = "expected 717171 for x=818181"

    def fails(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("autograder.marking.pipeline.sanitize", fails)
    [graded] = grade(course, NAME)
    assert graded.state == "needs review"
    assert secret in graded.reason
    written = everything(course, "graded.perfect")
    assert secret in written["summary"], "its instructor must see why"
    for where in ("page", "notebook"):
        assert "717171" not in written[where]
    assert OUR_FAULT in written["notebook"]
    assert feedback.reason(json.loads(written["result"])) == OUR_FAULT
    assert Path(course.feedback(NAME, "graded.perfect")).exists()
