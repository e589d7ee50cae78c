"""`python -m autograder grade tp1_layers`: mark everything that was handed in."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder import handed_in
from autograder.course import Assignment, Course, described, load
from autograder.gradebook.gradebook import Gradebook
from autograder.lock import only_writer
from autograder.mark import Marked
from autograder.marking import intake, result
from autograder.marking.basis import Basis
from autograder.marking.intake import IntakeError, Submission
from autograder.marking.result import STATES, Result
from autograder.marking.workers import Threads, Workers, mark_all
from autograder.pages import report
from autograder.sandbox.inside.limits import DEFAULT, Limits
from autograder.writer import Writer
from convbook.errors import GradingError

UNSAFE = """\
!!! --unsafe-no-sandbox: student code runs with YOUR rights on this machine. It can read the
!!! solutions, change the gradebook, delete your files and use the network. The results say so.
"""


@dataclass(frozen=True)
class Outcome:
    """What is kept in memory of a submission, once it is written.

    The points are the machine's; the total has what people gave, too, and the late penalty. Of a
    mark that is stale, what it was given for has changed since.
    """

    student: str
    state: str
    reason: str
    points: float
    skipped: bool = False
    total: float | None = None
    stale: tuple[str, ...] = ()

    def told(self, row: dict[str, Any] | None) -> Outcome:
        """Return it with what the table of marks says of it, if that has a line for its student."""
        return (
            self if row is None else replace(self, total=row["points"], stale=tuple(row["stale"]))
        )

    @property
    def marks(self) -> str:
        """What it is worth, in words."""
        words = f"{self.points:g} points by the machine"
        return words if self.total is None else f"{words}, {self.total:g} in total"

    @classmethod
    def of(cls, marked: Result, *, skipped: bool = False) -> Outcome:
        """Return what is kept of a result."""
        return cls(marked["student"], marked["state"], marked["reason"], marked["points"], skipped)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("assignment", help="the practical, for instance tp1_layers")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")
    parser.add_argument("--student", action="append", help="only this student (may be repeated)")
    parser.add_argument("--jobs", type=int, help="submissions at once (all cores)")
    parser.add_argument("--dask", metavar="ADDRESS", help="mark on the cluster of this scheduler")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="take what `mark` wrote there as STUDENT.json",
    )
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
    notes: list[str] = []
    try:
        outcomes = grade(
            Course.opened(args.course),
            args.assignment,
            students=args.student,
            jobs=args.jobs,
            dask=args.dask,
            results=args.results,
            force=args.force,
            unsafe=args.unsafe_no_sandbox,
            quiet=args.quiet,
            warn=notes.append,
        )
    except KeyboardInterrupt:
        print("\nStopped. What is graded is kept: run it again to go on.", file=sys.stderr)
        return 130
    for note in notes:
        print(note, file=sys.stderr)
    if not args.quiet:
        print(summary(outcomes))
        print(f"Marks, pages and the summary: {args.course / 'reports' / args.assignment}")
    return 0


def grade(
    course: Course,
    name: str,
    *,
    students: list[str] | None = None,
    jobs: int | None = None,
    dask: str | None = None,
    results: Path | None = None,
    force: bool = False,
    unsafe: bool = False,
    quiet: bool = True,
    limits: Limits = DEFAULT,
    warn: Callable[[str], None] = lambda _line: None,
) -> list[Outcome]:
    """Grade what was handed in for a practical; return what each submission came to, by student.

    Args:
        course: the course folder.
        name: the practical.
        students: only these; all by default.
        jobs: submissions at once on this machine; the number of cores by default.
        dask: the address of a scheduler whose workers mark instead.
        results: a folder of results that `mark` wrote; those that fit are not marked again.
        force: grade again what has a result of the same submission and grader.
        unsafe: run student code without a sandbox.
        quiet: show no progress bar.
        limits: of one submission.
        warn: is told what a person should know of the whole class, a line each.

    Raises:
        GradingError: nothing was handed in, the machine or the cluster cannot grade, or another
            grading is running in the course folder.
    """
    basis = Basis.of(load(course, name), unsafe=unsafe)
    marking = _workers(course, basis, jobs, dask, unsafe, limits)
    marked = Marked(results, basis)
    folders = handed_in.folders(course, name, students)
    with only_writer(course.root), marking as workers:
        kept = {} if force else _kept(course, basis, folders)
        if _any_to_mark(basis, _without(folders, kept), marked):
            workers.launch()  # torch is loaded while the questions are, and the gradebook is opened
        from autograder.marking.checker import describe

        assignment = described(basis.assignment, describe(name))
        with closing(Gradebook(course, assignment)) as book:
            book.claim()
            _keep_questions(course, assignment)
            kept = {student: found for student, found in kept.items() if book.has(student)}
            writer, outcomes = Writer(course, assignment, book), list(kept.values())
            todo = _without(folders, kept)
            with tqdm(total=len(todo), unit="submission", disable=quiet, smoothing=0.1) as bar:
                for submission, found in mark_all(basis, todo, workers, marked.find):
                    writer.write(submission, found)
                    outcomes.append(Outcome.of(found))
                    bar.set_postfix_str(
                        f"{_named(found['student'])}: {found['state']}", refresh=False
                    )
                    bar.update()
            report.rewrite(course, assignment, book, book.assign_late_penalties())
            rows = {row["student"]: row for row in report.write(course, assignment, book)}
            absent = report.absent(course, assignment, book)
    for line in filter(None, (handed_in.undated(folders), handed_in.unread(course), *absent)):
        warn(line)
    outcomes = [each.told(rows.get(each.student)) for each in outcomes]
    return sorted(outcomes, key=lambda each: each.student)


def _workers(
    course: Course,
    basis: Basis,
    jobs: int | None,
    dask: str | None,
    unsafe: bool,
    limits: Limits,
) -> AbstractContextManager[Workers]:
    """Return those who mark, not started yet."""
    if jobs is not None and jobs < 1:
        raise GradingError("Grading.", got=f"--jobs {jobs}", rule="one job at least")
    if dask is None:
        return Threads(basis, jobs=jobs, unsafe=unsafe, hidden=(course.root,), limits=limits)
    if jobs is not None or unsafe:
        raise GradingError(
            "Grading on a Dask cluster.",
            got="--dask with " + ("--unsafe-no-sandbox" if unsafe else f"--jobs {jobs}"),
            rule="workers mark in their own sandboxes, one submission a thread",
            next_step="leave it away; set the threads with: python -m dask worker --nthreads N",
        )
    try:
        from autograder.marking.cluster import Cluster
    except ImportError as error:
        raise GradingError(
            "Grading on a Dask cluster.",
            got=str(error),
            rule="--dask needs the package 'distributed'",
            next_step="install it at the version of requirements.txt: pip install distributed",
        ) from None
    return Cluster(dask, basis, limits=limits)


def _kept(course: Course, basis: Basis, folders: Mapping[str, Path]) -> dict[str, Outcome]:
    """Return what stands: of the same submissions, by the same grader, written whole."""
    kept = {}
    for student, folder in folders.items():
        found = result.load(course.result(basis.assignment.name, student))
        if found is None or not found["recorded"]:
            continue
        submission = _taken(basis, student, folder)
        if submission is not None and basis.stands(found, submission):
            kept[student] = Outcome.of(found, skipped=True)
    return kept


def _any_to_mark(basis: Basis, folders: Mapping[str, Path], marked: Marked) -> bool:
    """Will anybody be marked here? Most often the first submission says it."""
    submissions = (_taken(basis, student, folder) for student, folder in folders.items())
    return any(each is not None and marked.find(each) is None for each in submissions)


def _taken(basis: Basis, student: str, folder: Path) -> Submission | None:
    try:
        runs = basis.assignment.run_names
        return intake.take(student, folder, basis.assignment.name, runs)
    except (IntakeError, OSError):
        return None


def _without(folders: Mapping[str, Path], kept: Mapping[str, Outcome]) -> dict[str, Path]:
    return {student: folder for student, folder in folders.items() if student not in kept}


def _keep_questions(course: Course, assignment: Assignment) -> None:
    """Write down what the questions are, for pages that are made again later."""
    questions = json.dumps(assignment.questions, indent=1, ensure_ascii=False)
    result.write_whole(course.questions(assignment.name), questions + "\n")


def total(outcomes: Sequence[Outcome]) -> str:
    """Return how many submissions came to each state."""
    states = Counter(each.state for each in outcomes)
    skipped = sum(each.skipped for each in outcomes)
    line = ", ".join(f"{states[state]} {state}" for state in STATES if states[state])
    return f"{line} ({skipped} of them before, unchanged)" if skipped else line


def _named(student: str) -> str:
    """Return a student's name for a terminal, which a folder's name could steer."""
    return student if student.isprintable() else repr(student)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the states of a run, and the reasons a person must read."""
    lines = [total(outcomes)]
    for each in outcomes:
        if each.state != "graded":
            lines.append(f"  {_named(each.student)}: {each.state}: {each.reason}")
    again = [each for each in outcomes if each.stale]
    if again:
        count = sum(len(each.stale) for each in again)
        lines.append(f"{count} {'mark' if count == 1 else 'marks'} by hand to look at again:")
        lines += [f"  {each.student}: {', '.join(each.stale)}" for each in again]
    return "\n".join(lines)
