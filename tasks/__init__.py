"""The project's chores behind one door: `python -m tasks NAME`, or `make NAME`.

Only the standard library is imported here: these modules run before anything is installed.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
