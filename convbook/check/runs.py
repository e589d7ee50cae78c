"""`check_run("base")`: is this run whole, so that it can be handed in?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING

from convbook.check.call import call
from convbook.check.diagnose import problem
from convbook.check.plain import show
from convbook.check.readings import READINGS, TOLERANCE
from convbook.check.run import CheckCallError, NotRightYet
from convbook.errors import TrainingError
from convbook.texts import text

if TYPE_CHECKING:
    from convbook.training import Record

FREE = ("epochs", "seed", "amp")  # settings that do not make another recipe


def check_run(name: str, /, **functions: Callable[[], object]) -> None:
    """Check that a training run can be handed in, or what you read off it.

    The grader measures its weights again on test images and looks at its curve. What can be said
    without that is said here: the files are whole, the recipe is that of the step, the weights
    are those of its network.

    Prints a line if so.

    Args:
        name: of the run, and of its step of the practical; or of a sweep, for all of its runs.
        functions: of yours, that read something off the run, each under its name. Without any,
            the run itself is checked.

    Raises:
        CheckError: a function is unknown.
        CheckFailed: naming the first thing that is missing or wrong.
    """
    for function in functions:
        if function not in READINGS:
            raise CheckCallError(
                text("check.unknown_function", question=name, name=function),
                rule=text("check.functions", known=", ".join(READINGS)),
                next_step=text("check.correct_the_name"),
            )
    records = {run: _whole(run) for run in _runs_of(name)}
    for function, written in functions.items():
        expected = READINGS[function]({run: each.history for run, each in records.items()})
        wrong = problem(expected, call(written, {}), TOLERANCE)
        if wrong is not None:
            raise NotRightYet(
                text("check.reading", function=function, name=name, value=show(expected)),
                next_step=wrong,
            )
        print(text("check.reading_right", function=function, name=name))
    for run, record in records.items() if not functions else ():
        print(
            text(
                "check.run_whole",
                name=run,
                budget=record.budget,
                source=record.history.data["source"],
                accuracy=record.accuracy,
            )
        )


def _runs_of(name: str) -> tuple[str, ...]:
    from convbook.training import runs_of

    return runs_of(name)


def _whole(name: str) -> Record:
    """Return the record of a run that can be handed in."""
    from convbook.models import build
    from convbook.training import Config, Record, load_into, step
    from convbook.training.runs import FOLDER

    try:
        record, weights = Record.load(FOLDER / name)
        load_into(build(step(name, "stand-in").model), weights)
    except TrainingError as error:
        raise NotRightYet(str(error), next_step=text("check.run_next", name=name)) from None
    if record.budget == "own":
        raise NotRightYet(
            text("check.run_short", name=name, epochs=len(record.history.epochs)),
            next_step=text("check.run_next", name=name),
        )
    given, wanted = record.history.config, step(name, record.budget)
    for field in fields(Config):
        there, here = getattr(given, field.name), getattr(wanted, field.name)
        if field.name not in FREE and there != here:
            raise NotRightYet(
                text("check.run_recipe", name=name, setting=field.name, there=there, here=here),
                next_step=text("check.run_next", name=name),
            )
    return record
