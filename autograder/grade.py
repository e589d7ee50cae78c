"""`python -m autograder grade tp1_layers`: mark everything that was handed in."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tqdm import tqdm

from autograder import feedback, intake, report, result, selfcheck
from autograder.course import Assignment, Course, grader_version, load
from autograder.gradebook import Gradebook
from autograder.limits import DEFAULT, Limits
from autograder.pipeline import Graded, Pipeline, outputs
from autograder.result import STATES, Result
from autograder.sandbox import Sandbox
from convbook.errors import GradingError

UNSAFE = """\
!!! --unsafe-no-sandbox: student code runs with YOUR rights on this machine. It can read the
!!! solutions, change the gradebook, delete your files and use the network. The results say so.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")
    parser.add_argument("--student", action="append", help="only this student (may be repeated)")
    parser.add_argument("--jobs", type=int, help="submissions at once (all cores)")
    parser.add_argument("--force", action="store_true", help="grade again what is graded")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    parser.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run student code without bubblewrap, with your own rights",
    )


def run(args: argparse.Namespace) -> int:
    """Grade, write everything, print a summary."""
    if args.unsafe_no_sandbox:
        print(UNSAFE, file=sys.stderr)
    try:
        graded = grade(
            Course(args.course.resolve()),
            args.assignment,
            students=args.student,
            jobs=args.jobs,
            force=args.force,
            unsafe=args.unsafe_no_sandbox,
            quiet=args.quiet,
        )
    except KeyboardInterrupt:
        print("\nStopped. What is graded is kept: run it again to go on.", file=sys.stderr)
        return 130
    if not args.quiet:
        print(summary(graded))
        print(f"Marks, pages and the summary: {args.course / 'reports' / args.assignment}")
    return 0


def grade(
    course: Course,
    name: str,
    *,
    students: list[str] | None = None,
    jobs: int | None = None,
    force: bool = False,
    unsafe: bool = False,
    quiet: bool = True,
    limits: Limits = DEFAULT,
) -> list[Graded]:
    """Grade what was handed in for a practical; return what each submission came to.

    Args:
        course: the course folder.
        name: the practical.
        students: only these; all by default.
        jobs: submissions at once; the number of cores by default.
        force: grade again what has a result of the same submission and grader.
        unsafe: run student code without a sandbox.
        quiet: show no progress bar.
        limits: of one submission.

    Raises:
        GradingError: nothing was handed in, or the machine cannot grade.
    """
    if jobs is not None and jobs < 1:
        raise GradingError("Grading.", got=f"--jobs {jobs}", rule="one job at least")
    assignment, version = load(course, name), grader_version()
    folders = _folders(course, name, students)
    with ExitStack() as stack:
        book = Gradebook(course, assignment)
        pupils, checkers = (Sandbox(role, unsafe=unsafe) for role in ("student", "checker"))
        hashes = {each: intake.fingerprint(each, path, name) for each, path in folders.items()}
        kept = {} if force else _kept(course, name, folders, hashes, (version, pupils.kind))
        for sandbox in (pupils, checkers):
            stack.callback(sandbox.stop)
            if any(hashes[each] for each in folders if each not in kept):
                sandbox.launch()  # torch is loaded while the gradebook is opened
        stack.callback(book.close)
        book.claim()
        kept = {student: found for student, found in kept.items() if book.has(student)}
        todo = {student: path for student, path in folders.items() if student not in kept}
        done = [Graded(found, (), skipped=True) for found in kept.values()]
        pipeline = Pipeline(assignment, version, pupils, checkers, threading.Event(), limits)
        if any(hashes[each] for each in todo):
            for sandbox in (pupils, checkers):
                sandbox.start()
            selfcheck.prove(pupils, limits)
            pipeline = pipeline.described()
            _keep_questions(course, pipeline.assignment)
        done += _grade_all(pipeline, todo, jobs, Writer(course, pipeline.assignment, book), quiet)
        report.rewrite(course, assignment, book, book.assign_late_penalties())
        report.write(course, assignment, book)
    return sorted(done, key=lambda each: each.result["student"])


def _kept(
    course: Course,
    name: str,
    folders: Mapping[str, Path],
    hashes: Mapping[str, str | None],
    by: tuple[str, str],
) -> dict[str, Result]:
    """Return the results that stand: of the same submissions, by the same grader, written whole."""
    kept = {}
    for student, submitted in hashes.items():
        found = result.load(course.result(name, student))
        if found is None or not found["recorded"]:
            continue
        same = (found["grader_version"], found["sandbox"]) == by
        when = intake.timestamp(folders[student])
        if same and found["submission_hash"] == submitted and found["timestamp"] == when:
            kept[student] = found
    return kept


def _keep_questions(course: Course, assignment: Assignment) -> None:
    """Write down what the questions are, for pages that are made again later."""
    questions = json.dumps(assignment.questions, indent=1, ensure_ascii=False)
    result.write_whole(course.questions(assignment.name), questions + "\n")


def _grade_all(
    pipeline: Pipeline, todo: Mapping[str, Path], jobs: int | None, writer: Writer, quiet: bool
) -> list[Graded]:
    with _interruptible(pipeline.stop, jobs or os.cpu_count() or 1) as pool:
        futures = {pool.submit(pipeline.grade, student, todo[student]): student for student in todo}
        return _collect(futures, writer, quiet)


def _folders(course: Course, name: str, students: list[str] | None) -> dict[str, Path]:
    folders = course.submitted(name)
    folders = {
        student: path
        for student, path in folders.items()
        if (path.is_dir() or path.is_symlink()) and (not students or student in students)
    }
    missing = [student for student in students or [] if student not in folders]
    if missing or not folders:
        raise GradingError(
            f"Looking for submissions of {name!r}.",
            got=f"nothing of {', '.join(missing)}" if missing else "nothing was handed in",
            rule=f"they are in {course.root}/submitted/STUDENT/{name}/{name}.ipynb",
            next_step="collect them there (nbgrader collect, or by hand) and run this again",
        )
    return folders


@contextmanager
def _interruptible(stop: threading.Event, jobs: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of workers that an exception, Ctrl-C too, ends at once."""
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        yield pool
    except BaseException:
        stop.set()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _collect(futures: dict[Future[Graded], str], writer: Writer, quiet: bool) -> list[Graded]:
    done = []
    with tqdm(total=len(futures), unit="submission", disable=quiet, smoothing=0.1) as bar:
        for future in as_completed(futures):
            graded = future.result()
            writer.write(graded)
            done.append(graded)
            bar.set_postfix_str(f"{futures[future]}: {graded.result['state']}", refresh=False)
            bar.update()
    return done


class Writer:
    """The one writer: result, gradebook, autograded notebook and feedback, in this order.

    A result is marked as recorded last, so that a run that was cut off repeats what is not whole.
    """

    def __init__(self, course: Course, assignment: Assignment, book: Gradebook) -> None:
        self._course, self._assignment, self._book = course, assignment, book

    def write(self, graded: Graded) -> None:
        """Write one submission's result everywhere."""
        name, student = self._assignment.name, graded.result["student"]
        path = self._course.result(name, student)
        before = result.load(path)
        result.save(graded.result, path)
        self._book.record(graded.result, before)
        feedback.write_notebook(self._course, self._assignment, graded, outputs)
        feedback.write_page(
            self._course,
            self._assignment,
            graded.result,
            self._book.manual(student),
            self._book.late_penalty(student),
        )
        graded.result["recorded"] = True
        result.save(graded.result, path)


def summary(graded: list[Graded]) -> str:
    """Return the states of a run, and the reasons a person must read."""
    states = Counter(each.result["state"] for each in graded)
    skipped = sum(each.skipped for each in graded)
    lines = [", ".join(f"{states[state]} {state}" for state in STATES if states[state])]
    if skipped:
        lines[0] += f" ({skipped} of them before, unchanged)"
    for each in graded:
        if each.result["state"] != "graded":
            lines.append(
                f"  {each.result['student']}: {each.result['state']}: {each.result['reason']}"
            )
    return "\n".join(lines)
