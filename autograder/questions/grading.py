"""Mark one item: which cases to call, and what the outcomes of the calls are worth.

The student's process gets the arguments of `cases` and gives outcomes back; expected values and
the reference stay in the process that calls `judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Item
from convbook.check.diagnose import Mistake, Outcome, Verdict, diagnose
from convbook.check.measures import MEASURES, measured
from convbook.check.plain import Plain, fresh, plain
from convbook.errors import CheckFailed, GradingError


@dataclass(frozen=True)
class Case:
    """The arguments of one call; public when students have it in their own checks."""

    arguments: Arguments
    public: bool


def public_cases(item: Item) -> list[Case]:
    """Return the public cases of an item."""
    return [Case(fresh(arguments), public=True) for arguments in item.public]


def hidden_cases(item: Item, rng: np.random.Generator) -> list[Case]:
    """Return fresh hidden cases of an item."""
    return [Case(arguments, public=False) for arguments in item.hidden(rng)]


def cases(item: Item, rng: np.random.Generator) -> list[Case]:
    """Return the public cases of an item, then fresh hidden ones."""
    return public_cases(item) + hidden_cases(item, rng)


def expected(item: Item, cases: Sequence[Case]) -> list[Plain]:
    """Return what is right for each of these cases."""
    return [compared(item, item.reference, case.arguments) for case in cases]


def judge(
    item: Item,
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    right: Sequence[Plain] | None = None,
) -> dict[str, Any]:
    """Mark the outcomes of an item's cases.

    Args:
        item: the item.
        cases: what `cases` gave.
        outcomes: for each case `{"value": plain}`, `{"error": {"type", "message"}}`,
            `{"timeout": True}` or `{"died": True}`; cases without an outcome count as died.
        right: what `expected` gave, where the caller has it.

    Returns:
        The verdict: "id", "points", "max_points", "passed", "cases" (each "public", "passed" and
        "problem"), "first_failure" ("arguments", "expected" and "got" of the first public case that
        failed; of a hidden one only that it is hidden), "misconception" (its id or None),
        "words" and "hint".

    Raises:
        GradingError: there are more outcomes than cases.
    """
    if len(outcomes) > len(cases):
        raise GradingError(
            f"Marking {item.id}.",
            got=f"{len(outcomes)} outcomes for {len(cases)} cases",
            rule="a case has one outcome at most",
            next_step="give `judge` the cases whose calls gave these outcomes",
        )
    padded = [
        measured(item.measure, case.arguments, _exact(outcome))
        for case, outcome in zip(cases, outcomes, strict=False)
    ]
    padded += [{"died": True}] * (len(cases) - len(outcomes))
    right = expected(item, cases) if right is None else right
    verdict = diagnose(right, padded, (), item.tolerance)
    if not verdict.passed:
        verdict = diagnose(right, padded, _mistakes(item, cases), item.tolerance)
    mistake = verdict.mistake
    return {
        "id": item.id,
        "points": _points(item, cases, verdict),
        "max_points": item.points,
        "passed": verdict.passed,
        "cases": [
            {
                "public": case.public,
                "passed": problem is None,
                "problem": problem if case.public else None,
            }
            for case, problem in zip(cases, verdict.problems, strict=True)
        ],
        "first_failure": _first_failure(cases, right, padded, verdict),
        "misconception": mistake and mistake.id,
        "words": mistake.words if mistake else "",
        "hint": mistake.hint if mistake else "",
        "run": None,
    }


def compared(item: Item, function: Callable[..., Plain], arguments: Arguments) -> Plain:
    """Return what is compared of a function of ours: its value, or the facts about it."""
    value = function(**fresh(arguments))
    return value if item.measure is None else MEASURES[item.measure](arguments, value)


def _mistakes(item: Item, cases: Sequence[Case]) -> list[Mistake]:
    return [
        Mistake(
            known.id,
            known.words,
            known.hint,
            tuple(compared(item, known.wrong, case.arguments) for case in cases),
        )
        for known in item.misconceptions
    ]


def _exact(outcome: Outcome) -> Outcome:
    """Return the outcome with its value in exact plain types, whoever decoded it."""
    if "value" not in outcome:
        return outcome
    try:
        return {"value": plain(outcome["value"])}
    except CheckFailed as error:
        return {"error": {"type": "CheckFailed", "message": str(error)}}


def _points(item: Item, cases: Sequence[Case], verdict: Verdict) -> float:
    if verdict.passed:
        return item.points
    if item.grading == "all":
        return 0.0
    hidden = [
        problem is None
        for case, problem in zip(cases, verdict.problems, strict=True)
        if not case.public
    ]
    return round(item.points * sum(hidden) / len(hidden), 2)


def _first_failure(
    cases: Sequence[Case], right: Sequence[Plain], outcomes: Sequence[Outcome], verdict: Verdict
) -> dict[str, Any] | None:
    """Return the first failure that may be shown: students never see a hidden case."""
    failing = [index for index, problem in enumerate(verdict.problems) if problem is not None]
    if not failing:
        return None
    public = [index for index in failing if cases[index].public]
    if not public:
        return {"public": False}
    index = public[0]
    return {
        "public": True,
        "arguments": cases[index].arguments,
        "expected": right[index],
        "got": outcomes[index].get("value"),
        "problem": verdict.problems[index],
    }
