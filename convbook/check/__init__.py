"""Is this answer right?

- `check("q01", output_size=output_size)` tries an answer on the public cases of its question
- `call` runs a student's function on plain values, `public` holds the public cases
- `plain`, `difference`, `diagnose` compare answers; the grader uses the same
"""

from convbook.check.call import call
from convbook.check.compare import difference
from convbook.check.diagnose import Mistake, Outcome, Verdict, diagnose
from convbook.check.forbid import forbidding
from convbook.check.plain import plain
from convbook.check.run import check

__all__ = [
    "Mistake",
    "Outcome",
    "Verdict",
    "call",
    "check",
    "diagnose",
    "difference",
    "forbidding",
    "plain",
]
