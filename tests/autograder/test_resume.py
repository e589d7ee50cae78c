"""A run that is cut off, at any moment, loses nothing and grades nothing twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import Future
from pathlib import Path

import pytest

from autograder.course import Course, load
from autograder.grade import grade
from autograder.gradebook.gradebook import Gradebook
from autograder.marking import result
from autograder.marking.basis import Basis
from autograder.marking.intake import Submission, take
from autograder.marking.result import Result
from autograder.marking.workers import Threads, mark_all
from autograder.pages import feedback
from autograder.writer import Writer
from convbook.errors import GradingError
from tests.autograder.conftest import NAME, student
from tests.autograder.runs import (
    grading,
    marked,
    processes_below,
    recorded,
    require,
    settled,
    slow_down,
    submissions_in_the_gradebook,
    within,
)

MakeCourse = Callable[..., Course]
KEYS = (
    "graded/ceiling",
    "graded/half_a_surrogate_pair",
    "graded/numpy_ints_and_tuples",
    "graded/perfect",
)


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_killed_command_goes_on_when_it_is_run_again(make_course: MakeCourse) -> None:
    there = make_course(*KEYS)
    slow_down(there, student(KEYS[2]), seconds=12)
    with grading(there, "--jobs", "1") as command:
        require(120, lambda: len(recorded(there)) >= 2)
        command.pause()
        with grading(there) as second:
            assert second.wait(120) == 1
            assert "another grading is running" in second.said()
            assert "Traceback" not in second.said()
        below = processes_below(command.pid)
    assert within(10, lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    before = recorded(there)
    assert before.keys() == {student(key) for key in KEYS[:2]}

    outcomes = grade(there, NAME, jobs=1)
    assert {each.student for each in outcomes if each.skipped} == before.keys()
    after = recorded(there)
    assert {name: after[name] for name in before} == before
    assert after.keys() == {student(key) for key in KEYS}
    assert submissions_in_the_gradebook(there) == sorted(student(key) for key in KEYS)


class CutOffError(Exception):
    """The moment at which the machine went down."""


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (Gradebook, "record"),
        (feedback, "write_notebook"),
        (Gradebook, "manual"),
        (feedback, "write_page"),
    ],
)
def test_a_mark_by_hand_is_looked_at_again_wherever_the_run_was_cut_off(
    make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch, place: object, step: str
) -> None:
    there = make_course("graded/perfect")
    name = student("graded/perfect")
    basis = Basis.of(load(there, NAME))
    submission = take(name, there.submitted(NAME)[name], NAME)
    other = marked(basis, submission, "another answer")
    with Gradebook(there, basis.assignment) as book:
        writer = Writer(there, basis.assignment, book)
        writer.write(submission, marked(basis, submission, "the first answer"))
        notebook = book._book.find_submission_notebook(NAME, NAME, name)
        grade = next(each for each in notebook.grades if each.name == "q01-prose")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book._book.db.commit()

        def cut_off(*_: object) -> None:
            raise CutOffError

        with monkeypatch.context() as patch:
            patch.setattr(place, step, cut_off)
            with pytest.raises(CutOffError):
                writer.write(submission, other)
        assert recorded(there) == {}

        writer.write(submission, other)
        mark = book.manual(name)["q01-prose"]
        assert (mark.points, mark.due) == (1.5, True)
    assert result.load(there.result(NAME, name)) == {**other, "recorded": True}


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("role", [0, 1], ids=["student", "checker"])
@pytest.mark.parametrize("when", ["between", "during"])
def test_a_sandbox_that_breaks_marks_nobody(make_course: MakeCourse, role: int, when: str) -> None:
    there = make_course("graded/ceiling", "graded/perfect")
    slow_down(there, student("graded/perfect"), seconds=6)
    basis, folders = Basis.of(load(there, NAME)), there.submitted(NAME)
    with Threads(basis, jobs=1) as workers:
        first, slow = (take(name, folder, NAME) for name, folder in folders.items())
        assert workers.submit(first).result()["state"] == "graded"
        before = settled(lambda: len(processes_below(os.getpid())))
        if when == "during":
            future = workers.submit(slow)
            require(60, lambda: len(processes_below(os.getpid())) >= before + 3)
        pair = workers._sandboxes._pair
        assert pair is not None
        assert pair[role]._server is not None
        pair[role]._server.kill()
        pair[role]._server.wait(10)
        if when == "between":
            future = workers.submit(slow)
        with pytest.raises(GradingError, match="nobody is marked by a sandbox that is broken"):
            future.result()


def test_submissions_are_read_when_somebody_is_free(make_course: MakeCourse) -> None:
    """What is taken away while the first are marked is missing for those that come later."""
    there = make_course("graded/ceiling")
    one = there.submitted(NAME)[student("graded/ceiling")]
    basis = Basis.of(load(there, NAME))

    class Slow:
        width = 3
        most = 0

        def launch(self) -> None: ...

        def submit(self, submission: Submission) -> Future[Result]:
            future: Future[Result] = Future()
            future.set_result(basis.review(submission.student, submission, "later"))
            return future

        def wait(self, running: Collection[Future[Result]]) -> Collection[Future[Result]]:
            self.most = max(self.most, len(running))
            return list(running)[:1]

    slow, reasons = Slow(), []
    for submission, found in mark_all(basis, dict.fromkeys(map(str, range(10)), one), slow):
        reasons.append((submission is None, found["student"]))
        if len(reasons) == 4:
            (one / f"{NAME}.ipynb").unlink()
    assert slow.most == 3
    assert len(reasons) == 10
    assert [student for unread, student in reasons if unread] == ["6", "7", "8", "9"]
