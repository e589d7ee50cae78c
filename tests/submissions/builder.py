"""Make submissions from the corpus: small files of answers, put into the exercise notebook.

A submission is a folder `VERDICT/NAME/` with `expected.json` and, usually, `answers.py`: cells in
the percent format, each headed by the name of the cell it fills (`# %% q01-output_size`), or by
`# %% own` for a cell of the student's own at that place. `"base": "graded/perfect"` starts from
the answers of another one. What cannot be an answer (links, broken files) is made by `BREAKS`.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HEAD = re.compile(r"^# %% (\[markdown\] )?(\S+)\n", re.MULTILINE)
Notebook = dict[str, Any]


def corpus() -> dict[str, Path]:
    """Return the folders of all submissions, by `VERDICT/NAME`."""
    found = sorted(HERE.glob("*/*/expected.json"))
    return {path.parent.relative_to(HERE).as_posix(): path.parent for path in found}


def expected(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected.json").read_text(encoding="utf-8")))


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


def fill(exercise: Notebook, cells: list[tuple[str, str]]) -> Notebook:
    """Return the exercise with answers in it; own cells stand after the answer before them."""
    notebook = copy.deepcopy(exercise)
    place = -1
    for name, source in cells:
        if name == "own":
            place += 1
            cell = {"cell_type": "code", "id": f"own-{place}", "metadata": {}, "source": source}
            notebook["cells"].insert(place, {**cell, "outputs": [], "execution_count": None})
            continue
        place = next(
            at
            for at, cell in enumerate(notebook["cells"])
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
        )
        notebook["cells"][place]["source"] = source
    return notebook


def hand_in(exercise: Notebook, folder: Path, target: Path, assignment: str) -> None:
    """Write the submission of a corpus folder into the student's folder `target`."""
    target.mkdir(parents=True)
    notebook = fill(exercise, answers(folder))
    path = target / f"{assignment}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    spoil = expected(folder).get("break")
    if spoil:
        BREAKS[spoil](path, notebook)


def _cut(path: Path, _notebook: Notebook) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:1000], encoding="utf-8")


def _latin(path: Path, _notebook: Notebook) -> None:
    path.write_bytes(b'{"cells": [], "nbformat": 4, "author": "Andr\xe9"}')


def _old_format(path: Path, notebook: Notebook) -> None:
    path.write_text(json.dumps({**notebook, "nbformat": 3}), encoding="utf-8")


def _link(path: Path, _notebook: Notebook) -> None:
    outside = path.parent.parent.parent.parent / "gradebook.db"
    path.unlink()
    path.symlink_to(outside)


def _missing(path: Path, _notebook: Notebook) -> None:
    path.unlink()


def _two(path: Path, notebook: Notebook) -> None:
    path.with_name("Untitled.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _huge(path: Path, _notebook: Notebook) -> None:
    with path.open("wb") as file:
        file.truncate(2**30)  # a gigabyte that takes no room


def _pipe(path: Path, _notebook: Notebook) -> None:
    path.unlink()
    os.mkfifo(path)


def _deep(path: Path, _notebook: Notebook) -> None:
    path.write_text("[" * 100_000, encoding="utf-8")


def _other_cells(path: Path, notebook: Notebook) -> None:
    path.write_text(json.dumps({**notebook, "cells": []}), encoding="utf-8")


def _cells_of(notebook: Notebook, suffix: str) -> list[dict[str, Any]]:
    return [
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id", "").endswith(suffix)
    ]


def _edited_checks(path: Path, notebook: Notebook) -> None:
    """Every check passes and is worth 1000 points, says the notebook."""
    for cell in _cells_of(notebook, "-check"):
        cell["source"] = "1000"
        cell["metadata"]["nbgrader"]["points"] = 1000
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _copied_cells(path: Path, notebook: Notebook) -> None:
    """Every cell twice, as copy and paste in JupyterLab leaves them."""
    twice = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(2)]
    path.write_text(json.dumps({**notebook, "cells": twice}), encoding="utf-8")


def _deleted_checks(path: Path, notebook: Notebook) -> None:
    gone = _cells_of(notebook, "-check")
    kept = [cell for cell in notebook["cells"] if cell not in gone]
    path.write_text(json.dumps({**notebook, "cells": kept}), encoding="utf-8")


BREAKS: dict[str, Callable[[Path, Notebook], None]] = {
    "cut off": _cut,
    "not UTF-8": _latin,
    "format 3": _old_format,
    "link": _link,
    "missing": _missing,
    "two": _two,
    "huge": _huge,
    "pipe": _pipe,
    "deep": _deep,
    "no cells": _other_cells,
    "edited checks": _edited_checks,
    "copied cells": _copied_cells,
    "deleted checks": _deleted_checks,
}
