"""`python -m autograder mark tp1_layers …`: mark one submission into one result file.

For places without a gradebook, as a pod of its own: `grade --results FOLDER` records what came out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.course import Course, load
from autograder.marking import result
from autograder.marking.basis import Basis
from autograder.marking.intake import Submission
from autograder.marking.result import Result
from autograder.marking.workers import Threads, mark_all
from convbook.errors import GradingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the folder with exercises/")
    parser.add_argument("--student", required=True, help="whose submission it is")
    parser.add_argument(
        "--submission", type=Path, required=True, help="the folder that holds the notebook"
    )
    parser.add_argument("--out", type=Path, required=True, help="the result, STUDENT.json")


def run(args: argparse.Namespace) -> int:
    """Mark one submission and write its result; a submission that cannot be marked has one too."""
    if not args.submission.is_dir():
        raise GradingError(
            "Marking a submission.",
            got=f"no folder {args.submission}",
            rule=f"--submission names the folder with {args.assignment}.ipynb in it",
        )
    basis = Basis.of(load(Course(args.course.resolve()), args.assignment))
    with Threads(basis, jobs=1) as workers:
        ((_, marked),) = mark_all(basis, {args.student: args.submission}, workers)
    result.save(marked, args.out)
    print(f"{args.student}: {marked['state']}{marked['reason'] and ': ' + marked['reason']}")
    return 0


class Marked:
    """A folder of results that were marked elsewhere, one STUDENT.json each."""

    def __init__(self, folder: Path | None, basis: Basis) -> None:
        if folder is not None and not folder.is_dir():
            raise GradingError(
                "Taking results that were marked elsewhere.",
                got=f"no folder {folder}",
                rule="--results names the folder with one STUDENT.json a submission",
                next_step="correct the name, or leave --results away to mark here",
            )
        self._folder, self._basis = folder, basis

    def find(self, submission: Submission) -> Result | None:
        """Return the result of exactly this submission by this grader; None where there is none."""
        if self._folder is None:
            return None
        found = result.load(self._folder / f"{submission.student}.json")
        return found if found is not None and self._basis.stands(found, submission) else None
