"""`check_run("base")`: is this run whole, so that it can be handed in?"""

from __future__ import annotations

from dataclasses import fields

from convbook.check.run import NotRightYet
from convbook.errors import TrainingError
from convbook.texts import text

FREE = ("epochs", "seed", "amp")  # settings that do not make another recipe


def check_run(name: str) -> None:
    """Check that a training run can be handed in.

    The grader measures its weights again on test images and looks at its curve. What can be said
    without that is said here: the files are whole, the recipe is that of the step, the weights
    are those of its network.

    Prints a line if so.

    Args:
        name: of the run, and of its step of the practical.

    Raises:
        CheckFailed: naming the first thing that is missing or wrong.
    """
    from convbook.models import build
    from convbook.training import STEPS, Config, Record, load_into, step
    from convbook.training.runs import FOLDER

    try:
        record, weights = Record.load(FOLDER / name)
        load_into(build(STEPS[name].model), weights)
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
    print(
        text(
            "check.run_whole",
            name=name,
            budget=record.budget,
            source=record.history.data["source"],
            accuracy=record.accuracy,
        )
    )
