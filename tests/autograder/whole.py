"""A whole practical, solved and empty, for tests that send both through the grader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.build.command import built
from autograder.course import Course
from autograder.grade import grade
from tests.autograder.conftest import ROOT
from tests.submissions import builder

Notebook = dict[str, Any]


def exercise(name: str) -> Notebook:
    """What students get."""
    path = ROOT / "exercises" / name / f"{name}.ipynb"
    found: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return found


def solved(name: str, switched_on: Callable[[str], str]) -> Notebook:
    """The exercise with the model answers in it, and each cell's source `switched_on`."""
    source = json.loads(built(name)[Path("source") / name / f"{name}.ipynb"])
    answers = [
        (cell["metadata"]["nbgrader"]["grade_id"], "".join(cell["source"]))
        for cell in source["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    notebook = builder.fill(exercise(name), answers)
    for cell in notebook["cells"]:
        cell["source"] = switched_on("".join(cell["source"]))
    return notebook


def graded(folder: Path, name: str, answers: Notebook) -> tuple[Course, dict[str, Any]]:
    """Grade two students, `solved` with these answers and `empty`; the course, their results."""
    course, empty = Course(folder), exercise(name)
    handed_in = {"solved": answers, "empty": empty}
    submitted = course.root / "submitted"
    notebooks = {
        course.exercise(name): empty,
        **{submitted / who / name / f"{name}.ipynb": each for who, each in handed_in.items()},
    }
    for path, notebook in notebooks.items():
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    grade(course, name, jobs=1)
    return course, {
        who: json.loads(course.result(name, who).read_text(encoding="utf-8")) for who in handed_in
    }
