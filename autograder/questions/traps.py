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
        if all(map(_is_whole, values)):  # then there is no need to look at each pair
            return len(set(map(str, values))) == len(values)
        return all(_differ(one, other) for one, other in combinations(values, 2))

    return condition


def _is_whole(value: Plain) -> bool:
    """Whether a value is a whole number, none at all, or a list of such."""
    if type(value) is list:
        return all(map(_is_whole, value))
    return value is None or type(value) is int


def _differ(one: Plain, other: Plain) -> bool:
    return difference(one, other, MARGIN) is not None
