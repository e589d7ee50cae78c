"""The same work in one warm interpreter, unprotected: cells, calls on all cases, judging.

python -m benchmarks.grading.warm COURSE_FOLDER     prints the seconds it took
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import numpy as np

from autograder import questions
from autograder.course import Course, grader_version, load
from autograder.marking import intake
from autograder.marking.checker import outcome_of, seed
from autograder.marking.pipeline import cells_to_run
from autograder.marking.sanitize import sanitize
from autograder.sandbox.inside import student
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.inside.protocol import Message, encode, pack
from benchmarks.grading.folder import NAME


def main(root: Path) -> float:
    """Grade every submission of a course folder and keep nothing; the seconds."""
    course, version = Course(root), grader_version()
    assignment = load(course, NAME)
    student.preload()
    gc.freeze()  # as the fork server does: what was loaded is not looked through again
    shell = student._shell
    start = time.monotonic()
    for each, folder in course.submitted(NAME).items():
        submission = intake.take(each, folder, NAME)
        shell.reset(new_session=False)
        for cell in cells_to_run(sanitize(submission, assignment).cells):
            student.run_cell(Message({"source": cell.source}), DEFAULT)
        for name, item_id in assignment.checks.items():
            item = questions.item(item_id)
            rng = np.random.default_rng(seed(item_id, submission.hash, version))
            cases = questions.cases(item, rng)
            request = {
                "function": item.function,
                "adapter": item.adapter,
                "forbidden": item.forbidden,
            }
            answers = [
                student.call(request, pack(encode(case.arguments)), DEFAULT) for case in cases
            ]
            outcomes = [outcome_of({"kind": "answer", "blob": 0}, (pack(a),)) for a in answers]
            right = questions.judge(item, cases, outcomes)["passed"]
            if not right and name not in assignment.bonus:
                raise SystemExit(f"{each}: {item_id} is not right: nothing was measured")
    return time.monotonic() - start


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
