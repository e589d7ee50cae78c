"""Find a question, an item or a practical by its id."""

from __future__ import annotations

import re
from difflib import get_close_matches

from autograder.questions import (
    q01,
    q02,
    q03,
    q04,
    q05,
    q05b,
    q06,
    q06b,
    q07,
    q08,
    q09,
    q10,
    q11,
    q12,
    q13,
    q14,
    q15,
    q16,
    q17,
    q18,
    q19,
    q20,
    q21,
    q22,
    q23,
    q24,
    q25,
    q26,
    q27,
    q28,
    q29,
    q30,
    q31,
    q32,
    q33,
    q34,
    q35,
    q36,
    q37,
    q38,
    q39,
)
from autograder.questions.definition import Item, Question
from autograder.questions.runs import ReadingItem, RunItem
from convbook.errors import GradingError

_QUESTIONS: tuple[Question, ...] = tuple(
    module.QUESTION
    for module in (
        *(q01, q02, q03, q04, q05, q05b, q06, q06b, q07),
        *(q08, q09, q10, q11, q12, q13, q14, q15, q16, q17, q18),
        *(q19, q20, q21, q22, q23, q24, q25, q26),
        *(q27, q28, q29, q30, q31, q32, q33, q34),
        *(q35, q36, q37, q38, q39),
    )
)

ASSIGNMENTS: dict[str, tuple[Question, ...]] = {
    name: tuple(each for each in _QUESTIONS if each.assignment == name)
    for name in dict.fromkeys(each.assignment for each in _QUESTIONS)
}

_BY_ID = {each.id: each for each in _QUESTIONS}
_ITEMS = {each.id: each for question in _QUESTIONS for each in question.items}
_RUNS = {each.id: each for question in _QUESTIONS for each in question.runs}


def assignment(name: str) -> tuple[Question, ...]:
    """Return the questions of a practical, in order.

    Raises:
        GradingError: there is no practical of that name.
    """
    if name not in ASSIGNMENTS:
        raise _unknown("practical", name, list(ASSIGNMENTS))
    return ASSIGNMENTS[name]


def question(question_id: str) -> Question:
    """Return the question of that id.

    Raises:
        GradingError: there is no question of that id.
    """
    if question_id not in _BY_ID:
        raise _unknown("question", question_id, list(_BY_ID))
    return _BY_ID[question_id]


def item(item_id: str) -> Item:
    """Return the item of that id.

    Raises:
        GradingError: there is no item of that id.
    """
    if item_id not in _ITEMS:
        raise _unknown("item", item_id, list(_ITEMS))
    return _ITEMS[item_id]


def run_item(item_id: str) -> RunItem | ReadingItem:
    """Return the run, or what is read off one, of that id.

    Raises:
        GradingError: there is no run of that id.
    """
    if item_id not in _RUNS:
        raise _unknown("run", item_id, list(_RUNS))
    return _RUNS[item_id]


def get(item_or_question_id: str) -> Item | Question:
    """Return the question or, when the id has a dot, the item of that id."""
    return (
        item(item_or_question_id) if "." in item_or_question_id else question(item_or_question_id)
    )


def _unknown(kind: str, name: str, known: list[str]) -> GradingError:
    full = re.sub(r"\d+", lambda number: number[0].zfill(2), name)  # q1 is q01
    close = get_close_matches(full, known, n=3)
    return GradingError(
        f"Looking for the {kind} {name!r}.",
        rule=f"the known ones are {', '.join(known)}",
        next_step=f"did you mean {' or '.join(close)}?" if close else "correct the name",
    )
