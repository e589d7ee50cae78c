"""How well the questions are graded: wrong answers that are caught, right ones that are accepted.

    python -m benchmarks.questions

Ends with 1 when one of the two rates is below 100 %. What is counted is told by
`tests/autograder/questions/rates.py`.
"""

from __future__ import annotations

import sys
import warnings

from autograder.questions import ASSIGNMENTS, assignment
from tests.autograder.questions.rates import EQUIVALENT, Rate, rate

PRACTICALS = tuple(ASSIGNMENTS)


def line(name: str, rates: list[Rate]) -> str:
    """Return one line of the table: the sums of some items."""
    wrong, caught, right, accepted, same = (
        sum(getattr(each, column) for each in rates)
        for column in ("wrong", "caught", "right", "accepted", "equivalent")
    )
    return (
        f"{name:26} {caught:5} / {wrong:4} {caught / wrong:8.1%}"
        f" {accepted:8} / {right:4} {accepted / right:8.1%} {same:8}"
    )


def main() -> int:
    """Measure every item and print the table."""
    warnings.simplefilter("ignore")  # of mutants, which divide by zero and the like
    everything: list[Rate] = []
    print(f"{'':26} {'caught / wrong':>21} {'accepted / right':>24} {'the same':>8}")
    for question in (each for name in PRACTICALS for each in assignment(name)):
        rates = [rate(item) for item in question.items]
        everything += rates
        print(line(question.id, rates))
        for each in rates:
            print(line(f"  {each.item}", [each]), flush=True)
    print(line("all", everything))
    print("\nMutants that compute the same as the solution count as right answers:")
    for item, changes in EQUIVALENT.items():
        for change, reason in changes.items():
            print(f"  {item}: {change} ({reason})")
    failures = [f"{each.item}: {words}" for each in everything for words in each.failures]
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
