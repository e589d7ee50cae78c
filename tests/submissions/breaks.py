"""What cannot be written as answers: files that are broken, misnamed, or edited by hand.

Each function gets the path of a notebook that was handed in and the notebook, and spoils it.
"""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]
Break = Callable[[Path, Notebook], None]
MIB = 2**20


def _bytes(data: Callable[[bytes], bytes]) -> Break:
    """Return a break that changes the file as a whole."""

    def spoil(path: Path, _notebook: Notebook) -> None:
        path.write_bytes(data(path.read_bytes()))

    return spoil


def _notebook(change: Callable[[Notebook], Any]) -> Break:
    """Return a break that changes the notebook in place, or returns another one."""

    def spoil(path: Path, notebook: Notebook) -> None:
        changed = change(notebook)
        path.write_text(json.dumps(notebook if changed is None else changed), encoding="utf-8")

    return spoil


def _each(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Return a break that changes each cell in place."""
    return _notebook(lambda notebook: [change(cell) for cell in notebook["cells"]] and None)


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _named(notebook: Notebook, suffix: str = "") -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the cells that nbgrader knows, with nbgrader's metadata."""
    for cell in notebook["cells"]:
        data = cell["metadata"].get("nbgrader")
        if data and data["grade_id"].endswith(suffix):
            yield cell, data


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../gradebook.db", data)
        archive.writestr("zeros", bytes(200 * MIB))
    return file.getvalue()


def _windows_lines(path: Path, notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = _text(cell).replace("\n", "\r\n")
    text = json.dumps(notebook, indent=1).replace("\n", "\r\n")
    path.write_bytes(text.encode())


def _checkpoints(path: Path, _notebook: Notebook) -> None:
    """What JupyterLab leaves beside a notebook."""
    folder = path.with_name(".ipynb_checkpoints")
    folder.mkdir()
    (folder / path.name.replace(".", "-checkpoint.")).write_bytes(path.read_bytes()[:1000])


def _link(path: Path, _notebook: Notebook) -> None:
    path.unlink()
    path.symlink_to(path.parents[3] / "gradebook.db")


def _link_beside(path: Path, _notebook: Notebook) -> None:
    path.with_name("data").symlink_to("../../../solutions")


def _linked_folder(path: Path, _notebook: Notebook) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to("../graded.perfect/tp1_layers")


def _pipe(path: Path, _notebook: Notebook) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path, _notebook: Notebook) -> None:
    path.unlink()
    path.mkdir()


def _huge(path: Path, _notebook: Notebook) -> None:
    with path.open("wb") as file:
        file.truncate(2**30)  # a gigabyte that takes no room


def _also(name: str) -> Break:
    return lambda path, _notebook: path.with_name(name).write_bytes(path.read_bytes()) and None


def _edited_checks(notebook: Notebook) -> None:
    """Every check passes and is worth 1000 points, says the notebook."""
    for cell, data in _named(notebook, "-check"):
        cell["source"], data["points"] = "1000", 1000


def _impossible_points(notebook: Notebook) -> None:
    for number, (_cell, data) in enumerate(_named(notebook)):
        data["points"] = [float("nan"), -5, "100", float("inf"), [1]][number % 5]


def _flipped_flags(notebook: Notebook) -> None:
    """Checks become answers that a person grades, answers become locked text."""
    for cell, data in _named(notebook):
        for flag in ("grade", "solution", "locked", "task"):
            data[flag] = not data[flag]
        if data["grade_id"].endswith("-check"):
            cell["source"] = "pass"


def _swapped_names(notebook: Notebook) -> None:
    """Each answer takes its check's name, and the other way round."""
    for cell, data in _named(notebook):
        name = data["grade_id"]
        data["grade_id"] = name.removesuffix("-check") if "-check" in name else f"{name}-check"
        if "-check" in name:
            cell["source"] = "pass"


def _renamed_cells(notebook: Notebook) -> None:
    for _cell, data in _named(notebook):
        data["grade_id"] = data["grade_id"].replace("q02", "q99")


def _deleted(suffix: str) -> Break:
    def change(notebook: Notebook) -> None:
        gone = [cell for cell, _data in _named(notebook, suffix)]
        notebook["cells"] = [cell for cell in notebook["cells"] if cell not in gone]

    return _notebook(change)


def _nul_characters(notebook: Notebook) -> None:
    for cell, _data in _named(notebook, "q01-conv_weights"):
        cell["source"] = _text(cell) + "  # \0"


def _answer_as_text(notebook: Notebook) -> None:
    for cell, _data in _named(notebook, "q01-conv_weights"):
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]


def _copied_cells(notebook: Notebook) -> None:
    """Every cell twice, as copy and paste in JupyterLab leaves them."""
    notebook["cells"] = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(2)]


def _reversed(notebook: Notebook) -> None:
    """Every cell in the opposite order: functions stand before what they need."""
    notebook["cells"].reverse()


def _strange_metadata(cell: dict[str, Any]) -> None:
    """Tags and collapsed flags of other tools, and nonsense where nbgrader writes."""
    cell["metadata"]["tags"] = {"not": "a list"}
    if "nbgrader" not in cell["metadata"]:
        cell["metadata"]["nbgrader"] = ["grade_id", 7]


def _huge_outputs(notebook: Notebook) -> None:
    """Ten megabytes of outputs, pictures and attachments that nobody asked for."""
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 5 * MIB}
    for cell in notebook["cells"][:2]:
        cell["attachments"] = {"picture.png": {"image/png": "A" * 2 * MIB}}
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [text, {"output_type": "unheard of", "data": None}]


def _cells_in_thousands(notebook: Notebook) -> None:
    cell = {"cell_type": "code", "id": "x", "metadata": {}, "source": "1"}
    notebook["cells"] += [{**cell, "outputs": [], "execution_count": None}] * 100_000


BREAKS: dict[str, Break] = {
    "cut off": _bytes(lambda data: data[:1000]),
    "empty": _bytes(lambda data: data[:0]),
    "not UTF-8": _bytes(lambda _: b'{"cells": [], "nbformat": 4, "author": "Andr\xe9"}'),
    "UTF-16": _bytes(lambda data: data.decode().encode("utf-16")),
    "byte order mark": _bytes(lambda data: b"\xef\xbb\xbf" + data),
    "Windows lines": _windows_lines,
    "zip": _bytes(_zipped),
    "a program": _bytes(lambda _: b"def output_size(x, y, k, p, s):\n    return [5, 5]\n"),
    "deep": _bytes(lambda _: b"[" * 100_000),
    "a list": _notebook(lambda notebook: notebook["cells"]),
    "twice in JSON": _bytes(lambda data: b'{"cells": [{}], "nbformat": 3, ' + data[1:]),
    "format 3": _notebook(lambda notebook: notebook.update(nbformat=3)),
    "format of text": _notebook(lambda notebook: notebook.update(nbformat="4")),
    "strange minor": _notebook(lambda notebook: notebook.update(nbformat_minor=[99])),
    "no cells": _notebook(lambda notebook: notebook.update(cells=[])),
    "cells of text": _notebook(lambda notebook: notebook.update(cells=["print()"])),
    "cells by name": _notebook(lambda notebook: notebook.update(cells={"1": "print()"})),
    "thousands of cells": _notebook(_cells_in_thousands),
    "heading cells": _each(lambda cell: cell.update(cell_type="heading")),
    "sources are numbers": _each(lambda cell: cell.update(source=7)),
    "sources in lines": _each(lambda cell: cell.update(source=_text(cell).splitlines(True))),
    "the same cell id": _each(lambda cell: cell.update(id="x")),
    "no cell ids": _each(lambda cell: cell.pop("id", None)),
    "strange metadata": _each(_strange_metadata),
    "no metadata": _notebook(lambda notebook: notebook.update(metadata=None)),
    "another language": _notebook(
        lambda notebook: notebook.update(metadata={"kernelspec": {"name": "ir", "language": "R"}})
    ),
    "huge metadata": _notebook(lambda notebook: notebook["metadata"].update(x="x" * 10 * MIB)),
    "huge outputs": _notebook(_huge_outputs),
    "too large": _notebook(lambda notebook: notebook["metadata"].update(x="x" * 21 * MIB)),
    "unknown schema": _notebook(
        lambda notebook: [data.update(schema_version=99) for _, data in _named(notebook)] and None
    ),
    "edited checks": _notebook(_edited_checks),
    "impossible points": _notebook(_impossible_points),
    "flipped flags": _notebook(_flipped_flags),
    "swapped names": _notebook(_swapped_names),
    "renamed cells": _notebook(_renamed_cells),
    "copied cells": _notebook(_copied_cells),
    "reversed": _notebook(_reversed),
    "deleted checks": _deleted("-check"),
    "deleted answer": _deleted("q01-conv_weights"),
    "answer as text": _notebook(_answer_as_text),
    "NUL characters": _notebook(_nul_characters),
    "checkpoints beside": _checkpoints,
    "link": _link,
    "link beside": _link_beside,
    "linked folder": _linked_folder,
    "pipe": _pipe,
    "a folder": _folder,
    "huge": _huge,
    "missing": lambda path, _notebook: path.unlink(),
    "wrong name": lambda path, _notebook: path.rename(path.with_name("tp1.ipynb")) and None,
    "two": _also("Untitled.ipynb"),
    "two, one of them hostile": _also("=cmd|x!\x1b]0;owned\x07.ipynb"),
}
