"""From the source of a practical to nbgrader's source notebook, in small steps.

A step takes a notebook and the practical's questions and gives a new notebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.build.source import LINE, mistake
from autograder.questions.definition import Item, Question
from autograder.questions.runs import ReadingItem, RunItem
from convbook.errors import BuildError

Questions = tuple[Question, ...]
Graded = Item | RunItem | ReadingItem
Step = Callable[[NotebookNode, Questions], NotebookNode]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_POINTS = re.compile(r"\{\{points ([\w.]+)\}\}")


def verify_roles(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Refuse unknown ids, roles on the wrong kind of cell, and a role that is taken twice."""
    known = {"answer": set(_items(questions)), "prose": {question.id for question in questions}}
    kinds = {"answer": "code", "prose": "markdown"}
    taken: dict[tuple[str, str], int] = {}
    for cell in notebook.cells:
        for role in known.keys() & cell.metadata.keys():
            identity = cell.metadata[role]
            if identity not in known[role]:
                raise mistake(
                    notebook,
                    cell,
                    f"unknown {role} {identity!r}",
                    rule=f"the known ones are {', '.join(sorted(known[role]))}",
                )
            if cell.cell_type != kinds[role]:
                raise mistake(
                    notebook,
                    cell,
                    f"the {role} {identity!r} is a {cell.cell_type} cell",
                    rule=f"it must be a {kinds[role]} cell",
                )
            if (role, identity) in taken:
                raise mistake(
                    notebook,
                    cell,
                    f"a second cell for the {role} {identity!r}",
                    rule=f"it has one cell, which is at line {taken[role, identity]}",
                )
            taken[role, identity] = cell.metadata[LINE]
    return notebook


def verify_whole(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Refuse questions without points, and items and prose answers without a cell."""
    have = {
        (role, cell.metadata.get(role)) for cell in notebook.cells for role in ("answer", "prose")
    }
    name = notebook.metadata["source_name"]
    for question in questions:
        wanted = [("answer", item.id, item.points) for item in _items((question,)).values()]
        for role, identity, points in [*wanted, ("prose", question.id, question.prose_points)]:
            if points <= 0:
                raise BuildError(
                    f"{name}: the {role} {identity!r} has no points",
                    rule="whatever is graded has points, in its question's definition",
                    next_step=f"give it points in autograder/questions/{question.id}.py",
                )
            if (role, identity) not in have:
                raise BuildError(
                    f"{name}: no cell for the {role} {identity!r}",
                    rule="every item of a question has a cell, and so has its prose answer",
                    next_step=f"add the cell to {name}",
                )
    return notebook


def verify_markers(notebook: NotebookNode, _questions: Questions) -> NotebookNode:
    """Refuse solution markers that do not come in pairs, or stand outside an answer."""
    for cell in notebook.cells:
        markers = [
            (cell.metadata[LINE] + number, line.strip())
            for number, line in enumerate(cell.source.splitlines())
            if line.strip() in (BEGIN, END)
        ]
        pairs = [BEGIN, END] * (len(markers) // 2)
        if [marker for _, marker in markers] != pairs:
            raise mistake(
                notebook,
                cell,
                f"solution markers that do not match: {_listed(markers)}",
                rule=f"every {BEGIN} is closed by an {END} in the same cell",
            )
        if bool(markers) != ("answer" in cell.metadata):
            raise mistake(
                notebook,
                cell,
                "an answer without a solution" if not markers else "a solution outside an answer",
                rule=f"answers, and only they, have a part between {BEGIN} and {END}",
            )
    return notebook


def _listed(markers: list[tuple[int, str]]) -> str:
    return ", ".join(f"{marker!r} at line {line}" for line, marker in markers)


def fill_points(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Write the number of points for each `{{points ID}}`."""
    points = {question.id: question.points for question in questions}
    points |= {name: item.points for name, item in _items(questions).items()}
    points |= {f"{question.id}.prose": question.prose_points for question in questions}
    points["all"] = sum(question.points for question in questions if not question.bonus)
    points["bonus"] = sum(question.points for question in questions if question.bonus)
    new = deepcopy(notebook)
    for cell in new.cells:
        for name in _POINTS.findall(cell.source):
            if name not in points:
                raise mistake(
                    notebook,
                    cell,
                    f"points of the unknown {name!r}",
                    rule=f"the known ones are {', '.join(points)}",
                )
        cell.source = _POINTS.sub(lambda match: _number(points[match[1]]), cell.source)
    return new


def mark_answers(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Make each answer a solution cell of nbgrader, followed by a locked cell that checks it."""
    items = _items(questions)
    bonus = set(_items(tuple(question for question in questions if question.bonus)))
    new = deepcopy(notebook)
    new.cells = []
    for cell in deepcopy(notebook.cells):
        new.cells.append(cell)
        if "answer" in cell.metadata:
            item = items[cell.metadata.pop("answer")]
            cell.metadata["nbgrader"] = _nbgrader(_grade_id(item), solution=True)
            new.cells.append(_check_cell(item, bonus=item.id in bonus))
    return new


def _check_cell(item: Graded, *, bonus: bool) -> NotebookNode:
    run: dict[str, Any]
    match item:
        case RunItem():
            source, run = f'check_run("{item.step}")', {"runs": list(item.runs)}
        case ReadingItem():
            source = f'check_run("{item.step}", {item.function}={item.function})'
            run = {"runs": list(item.runs), "function": item.function}
        case _:
            source, run = f'check("{item.question}", {item.function}={item.function})', {}
    metadata = {
        "convbook": {"item": item.id, **run, **({"bonus": True} if bonus else {})},
        "nbgrader": _nbgrader(f"{_grade_id(item)}-check", points=item.points, locked=True),
    }
    return new_code_cell(source=source, metadata=metadata)


def mark_prose(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Make each prose answer a manually graded cell; its rubric follows the model answer."""
    by_id = {question.id: question for question in questions}
    new = deepcopy(notebook)
    for cell in new.cells:
        if "prose" in cell.metadata:
            question = by_id[cell.metadata.pop("prose")]
            rubric = "\n".join(f"- {_number(c.points)}: {c.words}" for c in question.rubric)
            cell.source = f"{cell.source}\n\n**Rubric**\n\n{rubric}"
            cell.metadata["nbgrader"] = _nbgrader(
                f"{question.id}-prose", points=question.prose_points, solution=True
            )
            if question.bonus:
                cell.metadata["convbook"] = {"bonus": True}
    return new


def name_cells(notebook: NotebookNode, _questions: Questions) -> NotebookNode:
    """Give every cell the same id in every build: its grade id, or its place among the others."""
    new = deepcopy(notebook)
    count = 0
    for cell in new.cells:
        if "nbgrader" in cell.metadata:
            cell["id"] = cell.metadata["nbgrader"]["grade_id"]
        else:
            count += 1
            cell["id"] = f"text-{count:02d}"
    return new


def strip(notebook: NotebookNode, _questions: Questions) -> NotebookNode:
    """Drop what only the build needs, and name the kernel."""
    new = deepcopy(notebook)
    for cell in new.cells:
        cell.metadata.pop(LINE, None)
    new.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    new.nbformat, new.nbformat_minor = 4, 5
    return new


STEPS: tuple[Step, ...] = (
    verify_roles,
    verify_whole,
    verify_markers,
    fill_points,
    mark_answers,
    mark_prose,
    name_cells,
    strip,
)


def source_notebook(notebook: NotebookNode, questions: Questions) -> NotebookNode:
    """Return nbgrader's source notebook, solutions included.

    Raises:
        BuildError: a mistake in the source, with its file and line.
    """
    for step in STEPS:
        notebook = step(notebook, questions)
    return notebook


def _items(questions: Questions) -> dict[str, Graded]:
    return {item.id: item for question in questions for item in question.graded}


def _grade_id(item: Graded) -> str:
    return item.id.replace(".", "-")


def _nbgrader(
    grade_id: str, *, points: float | None = None, solution: bool = False, locked: bool = False
) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return cell if points is None else cell | {"points": points}


def _number(points: float) -> str:
    return f"{points:g}"
