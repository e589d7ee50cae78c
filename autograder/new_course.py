"""`python -m autograder course FOLDER`: another course folder, for a second class or a new year."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import autograder
from autograder import settings
from autograder.course import Course
from convbook.errors import GradingError

# Where the file to load is missing, nbgrader would go on without it: without the sandbox.
SETTINGS = '''\
"""nbgrader's settings of this course folder: those of the repository, then its own."""

import sys
from pathlib import Path

c = get_config()  # noqa: F821 (traitlets gives it)

REPOSITORY = Path({repository!r})
if not (REPOSITORY / "nbgrader_config.py").is_file():
    sys.exit(f"The grader is no longer in {{REPOSITORY}}: correct REPOSITORY in {{__file__}}")
load_subconfig("nbgrader_config.py", str(REPOSITORY))  # noqa: F821

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = {name!r}  # with an exchange: as the students' settings have it
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("folder", type=Path, help="the folder, which may be there already")


def run(args: argparse.Namespace) -> int:
    """Make a course folder, and say what comes next."""
    course = make(args.folder)
    print(f"{course.root} is a course folder. Hand in below {course.root / 'submitted'}, then run")
    print(f"  python -m autograder grade PRACTICAL --course {args.folder}")
    return 0


def make(folder: Path) -> Course:
    """Give a folder the settings of this grader, and a copy of the exercises if it has none.

    Raises:
        GradingError: it has settings already.
    """
    root, repository = folder.resolve(), Path(autograder.__file__).resolve().parents[1]
    path = root / settings.FILE
    if path.exists():
        raise GradingError(
            f"Making {root} a course folder.",
            got=f"its {settings.FILE}",
            rule="settings that are there are never replaced",
            next_step="use the folder as it is, or move that file away first",
        )
    if not (root / "exercises").exists():
        shutil.copytree(repository / "exercises", root / "exercises")
    text = SETTINGS.format(repository=str(repository), name=root.name)
    path.write_text(text, encoding="utf-8")
    return Course(root)
