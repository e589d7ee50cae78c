"""From outcomes to a verdict: which cases are right, and is the mistake a known one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convbook.check.compare import difference
from convbook.check.plain import Plain
from convbook.texts import text

# What a call came to: {"value": plain} or {"error": {"type", "message"}} or {"timeout": True}
# or {"died": True}.
Outcome = Mapping[str, Any]
MOST = 2000  # characters about one case


@dataclass(frozen=True)
class Mistake:
    """A known misconception and the value it gives on each case."""

    id: str
    words: str
    hint: str
    values: tuple[Plain, ...]


@dataclass(frozen=True)
class Verdict:
    """What is wrong with each case (None: nothing), and the known mistake that explains it."""

    problems: tuple[str | None, ...]
    mistake: Mistake | None

    @property
    def passed(self) -> bool:
        """Whether every case is right."""
        return all(words is None for words in self.problems)


def diagnose(
    expected: Sequence[Plain],
    outcomes: Sequence[Outcome],
    mistakes: Sequence[Mistake],
    tolerance: float,
) -> Verdict:
    """Compare each outcome with the expected value of its case.

    A mistake is named only if its value is the one that came on every case that failed, and if no
    more cases than failed would show it and came out right: who believes it fails on all of them.
    If several are, it is the one that agrees with most of the other cases too, or the first.
    """
    pairs = list(zip(expected, outcomes, strict=True))
    problems = tuple(problem(value, outcome, tolerance) for value, outcome in pairs)
    failing = [index for index, words in enumerate(problems) if words is not None]
    if not failing or any("value" not in outcomes[index] for index in failing):
        return Verdict(problems, None)

    def shows(mistake: Mistake, index: int) -> bool:
        return difference(expected[index], mistake.values[index], tolerance) is not None

    def explains(mistake: Mistake) -> bool:
        return all(
            difference(mistake.values[index], outcomes[index]["value"], tolerance) is None
            and shows(mistake, index)
            for index in failing
        ) and sum(shows(mistake, index) for index in range(len(pairs))) <= 2 * len(failing)

    def agreeing(mistake: Mistake) -> int:
        return sum(
            problem(value, outcome, tolerance) is None
            for value, outcome in zip(mistake.values, outcomes, strict=True)
        )

    return Verdict(problems, max(filter(explains, mistakes), key=agreeing, default=None))


def problem(expected: Plain, outcome: Outcome, tolerance: float) -> str | None:
    """Return what is wrong with one outcome in words, never empty ones, or None."""
    if "value" in outcome:
        words = difference(expected, outcome["value"], tolerance)
        return words if words is None else words[:MOST]
    if "error" in outcome:
        error = outcome["error"]
        if error["type"] == "NotImplementedError":
            return text("check.not_written")
        if error["type"] in ("CheckFailed", "NotAllowedHere") and error["message"].strip():
            return str(error["message"])
        return text("check.raised", type=error["type"], message=error["message"])
    return text("check.timeout" if outcome.get("timeout") else "check.died")
