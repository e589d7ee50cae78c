"""Make submissions from the corpus: small files of answers, put into the exercise notebook.

A submission is a folder `VERDICT/NAME/` with `expected.json` and, usually, `answers.py`: cells in
the percent format, each headed by the name of the cell it fills (`# %% q01-output_size`), or by
`# %% own` for a cell of the student's own at that place; `# %% top` stands before everything.
`"base": "graded/perfect"` starts from the answers of another one, files in `beside/` are handed in
beside the notebook, `"folder"` names the student's folder, and what cannot be written as answers
(links, broken files) is made by `"break"`, a function of `breaks.py`. `@NAME@` in the answers
becomes the value of that name: where the machine's listeners are, for instance.

What `expected.json` says: "family"; "state" and a part of the "reason"; "others", the marks of all
items ("full", "zero", or "none" where nothing is marked) but "items", by id, with "points" and, if
it matters, the "misconception", a part of the "problem" that is shown, or "hidden"; "output", a
part of what its cells print; "cut" and "repairs".
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.submissions.breaks import BREAKS, Notebook

HERE = Path(__file__).parent
HEAD = re.compile(r"^# %% (\[markdown\] )?(\S+)\n", re.MULTILINE)
VALUE = re.compile(r"@([A-Z]+)@")


def corpus() -> dict[str, Path]:
    """Return the folders of all submissions, by `VERDICT/NAME`."""
    found = sorted(HERE.glob("*/*/expected.json"))
    return {path.parent.relative_to(HERE).as_posix(): path.parent for path in found}


def expected(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected.json").read_text(encoding="utf-8")))


def points_due(wanted: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """Return the points that an item of a result must have, by what is expected of its submission.

    Nobody in the corpus answers a bonus question, unless it says so.
    """
    if item["id"] in wanted.get("items", {}):
        return float(wanted["items"][item["id"]]["points"])
    full = wanted["others"] == "full" and item["id"] not in extra()
    return float(item["max_points"]) if full else 0.0


@cache
def extra() -> frozenset[str]:
    """Return the items of bonus questions, in all practicals."""
    from autograder import questions  # stock nbgrader's bubble has the corpus, and no grader

    every = (question for each in questions.ASSIGNMENTS.values() for question in each)
    return frozenset(item.id for question in every if question.bonus for item in question.items)


def student(key: str) -> str:
    """Return the name of the student's folder in which a submission is handed in."""
    folder = expected(HERE / key).get("folder")
    return str(folder) if folder else key.replace("/", ".").replace("_", "-")


def answers(folder: Path) -> list[tuple[str, str]]:
    """Return the cells of `answers.py`, as (name, source), those of its base first."""
    base = expected(folder).get("base")
    cells = answers(HERE / base) if base else []
    path = folder / "answers.py"
    if not path.exists():
        return cells
    pieces = HEAD.split(path.read_text(encoding="utf-8"))[1:]
    for markdown, name, source in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        text = source.strip("\n")
        cells.append((name, re.sub(r"^# ?", "", text, flags=re.MULTILINE) if markdown else text))
    return cells


def fill(
    exercise: Notebook, cells: list[tuple[str, str]], values: Mapping[str, str] | None = None
) -> Notebook:
    """Return the exercise with answers in it; own cells stand after the answer before them."""
    notebook = copy.deepcopy(exercise)
    place = -1
    for number, (name, text) in enumerate(cells):
        source = VALUE.sub(lambda found: (values or {}).get(found[1], found[0]), text)
        if name in ("own", "top"):
            place = place + 1 if name == "own" else 0
            cell = {"cell_type": "code", "id": f"own-{number}", "metadata": {}, "source": source}
            notebook["cells"].insert(place, {**cell, "outputs": [], "execution_count": None})
            continue
        place = next(
            at
            for at, cell in enumerate(notebook["cells"])
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
        )
        notebook["cells"][place]["source"] = source
    return notebook


def hand_in(
    exercise: Notebook,
    folder: Path,
    target: Path,
    assignment: str,
    values: Mapping[str, str] | None = None,
) -> None:
    """Write the submission of a corpus folder into the student's folder `target`."""
    target.mkdir(parents=True)
    notebook = fill(exercise, answers(folder), values)
    path = target / f"{assignment}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    if (folder / "beside").exists():
        shutil.copytree(folder / "beside", target, dirs_exist_ok=True)
    broken = expected(folder).get("break")
    if broken:
        BREAKS[broken](path, notebook)
