"""The same work in one warm interpreter, unprotected: cells, calls on all cases, judging.

python -m benchmarks.grading.warm COURSE_FOLDER     prints the seconds it took
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from autograder.course import Course, grader_version, load
from autograder.marking import intake
from autograder.marking.checker import Checker, preload
from autograder.marking.pipeline import cells_to_run
from autograder.marking.sanitize import sanitize
from autograder.sandbox.inside import student
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.inside.protocol import Message, pack
from benchmarks.grading.folder import NAME


def main(root: Path) -> float:
    """Grade every submission of a course folder and keep nothing; the seconds."""
    course, version = Course(root), grader_version()
    assignment = load(course, NAME)
    checker, items = Checker(), list(assignment.checks.values())
    bonus = {item for name, item in assignment.checks.items() if name in assignment.bonus}
    preload()
    student.preload()
    gc.freeze()  # as the fork server does: what was loaded is not looked through again
    shell = student._shell
    start = time.monotonic()
    for each, folder in course.submitted(NAME).items():
        submission = intake.take(each, folder, NAME)
        shell.reset(new_session=False)
        for cell in cells_to_run(sanitize(submission, assignment).cells):
            student.run_cell(Message({"source": cell.source}), DEFAULT)
        chosen = {"items": items, "hash": submission.hash, "version": version}
        answers = [
            pack(student.call(call, sent, DEFAULT))
            for message in checker.cases(Message(chosen))
            for call, sent in zip(message.body["calls"], message.blobs, strict=True)
        ]
        checker.expect()
        outcomes = [{"kind": "answer", "blob": number} for number in range(len(answers))]
        judged = checker.judge(Message({"outcomes": outcomes}, tuple(answers)))
        wrong = [each["id"] for each in judged.body["verdicts"] if not each["passed"]]
        if set(wrong) - bonus:
            raise SystemExit(f"{each}: {wrong} are not right: nothing was measured")
    return time.monotonic() - start


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
