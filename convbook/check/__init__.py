"""Is this answer right?

- `check("q01", output_size=output_size)` tries an answer on the public cases of its question
- `check_run("base")` tells whether a training run can be handed in
- `public_case("q01.output_size", 3)` gives one of those cases, to look at it
- `call` runs a student's function on plain values, `public` holds the public cases
- `plain`, `difference`, `diagnose` compare answers; the grader uses the same
"""

from convbook.check.call import call
from convbook.check.compare import difference
from convbook.check.diagnose import Mistake, Outcome, Verdict, diagnose
from convbook.check.forbid import forbidding
from convbook.check.plain import plain
from convbook.check.run import check, public_case
from convbook.check.runs import check_run

__all__ = [
    "Mistake",
    "Outcome",
    "Verdict",
    "call",
    "check",
    "check_run",
    "diagnose",
    "difference",
    "forbidding",
    "plain",
    "public_case",
]
