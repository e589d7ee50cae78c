"""The grader as `grade` runs it, with sandbox, gradebook, notebooks and pages, in blocks.

python -m benchmarks.grading.ours COURSE_FOLDER BLOCK JOBS     a turn a line (see `turns`)
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from autograder.course import Course, described, load
from autograder.gradebook.gradebook import Gradebook
from autograder.marking.basis import Basis
from autograder.marking.checker import describe
from autograder.marking.workers import Threads, mark_all
from autograder.writer import Writer
from benchmarks.grading import turns
from benchmarks.grading.folder import NAME


def blocks(root: Path, block: int, jobs: int) -> Iterator[float]:
    """Grade a block of submissions at a time; the seconds a submission, while all jobs are busy.

    That is from the end of the first `jobs` to the end of the last but so many.
    """
    course = Course(root)
    basis = Basis.of(load(course, NAME))
    assignment = described(basis.assignment, describe(NAME))
    handed_in = iter(course.submitted(NAME).items())
    with (
        Threads(basis, jobs=jobs, hidden=(root,)) as workers,
        closing(Gradebook(course, assignment)) as book,
    ):
        book.claim()
        writer = Writer(course, assignment, book)
        while folders := dict(itertools.islice(handed_in, block)):
            ends = []
            for submission, found in mark_all(basis, folders, workers):
                writer.write(submission, found)
                if (found["state"], found["points"]) != ("graded", found["max_points"]):
                    raise SystemExit(f"{found['student']} is not right: nothing was measured")
                ends.append(time.monotonic())
            yield (ends[-jobs] - ends[jobs - 1]) / (block - 2 * jobs + 1)


if __name__ == "__main__":
    turns.answer(blocks(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
