"""Conditions on drawn cases: on which of them do known mistakes show?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from autograder.questions.definition import Arguments, Misconception
from convbook.check.compare import difference
from convbook.check.plain import Plain, plain

MARGIN = 1e-3  # ten times the tolerance of an item

Condition = Callable[[Arguments], bool]


def shows(reference: Callable[..., Plain], known: Misconception) -> Condition:
    """Return the condition that a mistake gives another value than the right answer."""
    return lambda a: _differ(plain(reference(**a)), plain(known.wrong(**a)))


def each_shows(
    reference: Callable[..., Plain], mistakes: Iterable[Misconception]
) -> list[Condition]:
    """Return one condition for each mistake: that it shows."""
    return [shows(reference, known) for known in mistakes]


def tells_apart(
    reference: Callable[..., Plain], mistakes: Iterable[Misconception], *but: str
) -> Condition:
    """Return the condition that the right answer and the mistakes all give different values.

    Args:
        reference: the right function.
        mistakes: the known wrong ones.
        but: ids of mistakes that need not show.
    """
    functions = [reference, *(known.wrong for known in mistakes if known.id not in but)]

    def condition(a: Arguments) -> bool:
        values = [plain(function(**a)) for function in functions]
        return all(_differ(one, other) for one, other in combinations(values, 2))

    return condition


def tells_whole_numbers_apart(
    reference: Callable[..., Plain], mistakes: Iterable[Misconception]
) -> Condition:
    """Return what `tells_apart` does, for values of whole numbers alone: twenty times as fast."""
    functions = [reference, *(known.wrong for known in mistakes)]
    return lambda a: len({str(function(**a)) for function in functions}) == len(functions)


def _differ(one: Plain, other: Plain) -> bool:
    return difference(one, other, MARGIN) is not None
