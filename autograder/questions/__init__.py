"""The questions of the practicals: one definition each.

- `get("q01")` the question, `get("q01.output_size")` the item
- `assignment("tp1_layers")` the questions of a practical, in order
- `cases(item, rng)` what to call, `judge(item, cases, outcomes)` what it is worth
"""

from autograder.questions.definition import Criterion, Item, Misconception, Question
from autograder.questions.grading import Case, cases, expected, hidden_cases, judge, public_cases
from autograder.questions.register import ASSIGNMENTS, assignment, get, item, question, run_item
from autograder.questions.runs import ReadingItem, RunItem

__all__ = [
    "ASSIGNMENTS",
    "Case",
    "Criterion",
    "Item",
    "Misconception",
    "Question",
    "ReadingItem",
    "RunItem",
    "assignment",
    "cases",
    "expected",
    "get",
    "hidden_cases",
    "item",
    "judge",
    "public_cases",
    "question",
    "run_item",
]
