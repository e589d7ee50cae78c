"""autograder: from a question's definition to a mark. Instructors only; students never get it."""

import sys

# nbgrader loads jsonschema, which would build 39 parsers of international addresses (1 to 2 s) for
# a format that nothing here checks. It does without where this package is not installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
