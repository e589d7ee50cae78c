"""Make a submission whole again: locked cells from the exercise, answers from the student.

Of a submitted notebook only the sources survive: of answer cells under their name, of all other
cells as the student's own. Everything that steers grading comes from the exercise notebook.
Metadata and outputs are the exercise's own, not copies: nobody may change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from autograder.course import Assignment, Cell, grade_id, is_answer
from autograder.marking.intake import IntakeError, Submission


@dataclass
class Sanitized:
    """The cells to run and to show, and what had to be repaired."""

    cells: list[Cell] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    @cached_property
    def by_id(self) -> dict[str, Cell]:
        """The cells that nbgrader knows, by their grade_id: each is there once."""
        return {name: cell for cell in self.cells if (name := grade_id(cell))}

    def answered(self, name: str, assignment: Assignment) -> bool:
        """Did the student change the answer cell of that name?"""
        stub = assignment.by_id[name]["source"]
        return bool(self.by_id[name]["source"].strip() != stub.strip())


def sanitize(submission: Submission, assignment: Assignment) -> Sanitized:
    """Return the submission with every cell of the exercise in its place.

    Raises:
        IntakeError: no cell of the exercise is left in it.
    """
    known = assignment.by_id
    if not any(cell["grade_id"] in known for cell in submission.cells):
        raise IntakeError("none of the exercise's cells is in the notebook")
    result = Sanitized()
    chosen = _choose(submission.cells, assignment, result.repairs)
    for number, cell in enumerate(submission.cells):
        name = cell["grade_id"]
        if name not in known:
            result.cells.append(own(cell))
        elif chosen[name] == number:
            result.cells.append(_restored(cell, known[name], result.repairs))
        elif is_answer(known[name]):
            result.cells.append(own(cell))  # a copy of an answer cell is run where it stands
    _add_missing(result, assignment)
    for position, cell in enumerate(result.cells):
        cell["id"] = f"cell-{position}"
    return result


def _choose(cells: Sequence[Cell], assignment: Assignment, repairs: list[str]) -> dict[str, int]:
    """Return which cell counts for each name: the last one that was changed, else the first."""
    chosen: dict[str, int] = {}
    for number, cell in enumerate(cells):
        name = cell["grade_id"]
        if name not in assignment.by_id:
            continue
        if name in chosen:
            repairs.append(f"{name} was there twice")
            if cell["source"].strip() == assignment.by_id[name]["source"].strip():
                continue
        chosen[name] = number
    return chosen


def own(cell: Cell) -> Cell:
    """Return a cell of the student's own: its type and its source."""
    fresh: Cell = {"cell_type": cell["cell_type"], "metadata": {}, "source": cell["source"]}
    if cell["cell_type"] == "code":
        fresh |= {"outputs": [], "execution_count": None}
    return fresh


def _restored(cell: Cell, original: Cell, repairs: list[str]) -> Cell:
    fresh = {**original}
    if is_answer(original):
        fresh["source"] = cell["source"]
    elif cell["source"].strip() != original["source"].strip():
        repairs.append(f"{grade_id(original)} was edited")
    if cell["cell_type"] != original["cell_type"]:
        repairs.append(f"{grade_id(original)} had another type")
    return fresh


def _add_missing(result: Sanitized, assignment: Assignment) -> None:
    """Put back the named cells that are missing, each after the one before it in the exercise."""
    present = [grade_id(cell) for cell in result.cells]
    place = -1
    for name, original in assignment.by_id.items():
        if name in present:
            place = present.index(name)
            continue
        place += 1
        present.insert(place, name)
        result.cells.insert(place, {**original})
        result.repairs.append(f"{name} was missing")
