"""The same work in one warm interpreter, unprotected: cells, calls on all cases, judging.

python -m benchmarks.grading.warm COURSE_FOLDER BLOCK     a turn a line (see `turns`)
"""

from __future__ import annotations

import gc
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Course, grader_version, load
from autograder.marking import intake
from autograder.marking.checker import Checker, preload
from autograder.marking.pipeline import calls_of, cells_to_run
from autograder.marking.sanitize import sanitize
from autograder.sandbox.inside import student
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.inside.protocol import Message, pack
from benchmarks.grading import turns
from benchmarks.grading.folder import NAME


def blocks(root: Path, block: int) -> Iterator[float]:
    """Grade a block of submissions at a time and keep nothing; the seconds a submission."""
    course, version = Course(root), grader_version()
    assignment = load(course, NAME)
    checker, items = Checker(), list(assignment.checks.values())
    bonus = {item for name, item in assignment.checks.items() if name in assignment.bonus}
    preload()
    student.preload()
    gc.freeze()  # as the fork server does: what was loaded is not looked through again
    shell = student._shell
    handed_in = iter(course.submitted(NAME).items())
    while folders := dict(itertools.islice(handed_in, block)):
        start = time.monotonic()
        for each, folder in folders.items():
            submission = intake.take(each, folder, NAME)
            shell.reset(new_session=False)
            for cell in cells_to_run(sanitize(submission, assignment).cells):
                student.run_cell(Message({"source": cell.source}), DEFAULT)
            chosen = {"items": items, "hash": submission.hash, "version": version}
            answers = [
                pack(student.call(call.request, call.arguments, DEFAULT))
                for message in checker.cases(Message(chosen))
                for call in calls_of(message)
            ]
            checker.expect()
            outcomes = [{"kind": "answer", "blob": number} for number in range(len(answers))]
            judged = checker.judge(Message({"outcomes": outcomes}, tuple(answers)))
            wrong = [each["id"] for each in judged.body["verdicts"] if not each["passed"]]
            if set(wrong) - bonus:
                raise SystemExit(f"{each}: {wrong} are not right: nothing was measured")
        yield (time.monotonic() - start) / block


if __name__ == "__main__":
    turns.answer(blocks(Path(sys.argv[1]), int(sys.argv[2])))
