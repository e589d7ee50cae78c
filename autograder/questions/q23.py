"""Question 23: whether a mirror image keeps its label depends on the label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question

# Does the right answer stay the right answer when the picture is mirrored left to right?
TASKS = {
    "photographs": True,
    "digits": False,
    "letters": False,
    "satellite": True,
    "flowers": True,
    "arrows": False,
    "galaxy kind": True,
    "galaxy turn": False,
    "hands": False,
    "smiles": True,
    "hearts": False,
    "plates": False,
}
PUBLIC = ("photographs", "letters", "galaxy kind", "galaxy turn")


def flip_keeps_label(task: str) -> bool:
    """Return whether the horizontal flip keeps the labels of that task."""
    return TASKS[task]


def _but(*tasks: str) -> Callable[[str], bool]:
    """Return the right answers but for some tasks."""
    return lambda task: TASKS[task] != (task in tasks)


MISCONCEPTIONS = (
    Misconception(
        "digits",
        "Digits are taken to survive the mirror. 0 and 8 do; but a mirrored 2, 3, 4, 5, 6, 7 or 9 "
        "is none that anybody writes.",
        "Write 2 and 5, and hold them to a mirror.",
        _but("digits"),
    ),
    Misconception(
        "left-and-right",
        "The mirror turns left into right. Where the label says left or right, or tells the way of "
        "a turn, it becomes wrong.",
        "What is your left hand in the mirror?",
        _but("arrows", "hands", "galaxy turn", "hearts"),
    ),
    Misconception(
        "symmetric-only",
        "The object need not be symmetric. A car that drives to the left and one that drives to "
        "the right are both cars.",
        "Does the label change, or only the picture?",
        lambda task: TASKS[task] and task in ("satellite", "galaxy kind", "flowers"),
    ),
    Misconception(
        "signs-that-are-read",
        "What is written is read from one side only: its mirror image is none of its "
        "kind that is ever seen.",
        "Could you read the line in the mirror?",
        _but("digits", "letters", "plates"),
    ),
    Misconception(
        "from-above",
        "Pictures from above have no left and no right that would matter: a forest stays one.",
        "Would you see that such a picture was mirrored?",
        _but("satellite"),
    ),
    Misconception(
        "always",
        "The flip is taken to be valid everywhere. It is not where the mirror changes the label.",
        "Go through the list and ask: is the label of the mirror image the same?",
        lambda **_: True,
    ),
    Misconception(
        "never",
        "The flip is taken to be valid nowhere. It is, where the label does not change.",
        "Go through the list and ask: is the label of the mirror image the same?",
        lambda **_: False,
    ),
)


def _others(rng: np.random.Generator) -> list[Arguments]:
    """Draw the order of all tasks: the public ones too, so that each mistake shows."""
    return [{"task": str(task)} for task in rng.permutation(list(TASKS))]


FLIP_KEEPS_LABEL = Item(
    id="q23.flip_keeps_label",
    signature="flip_keeps_label(task)",
    points=1,
    public=tuple({"task": task} for task in PUBLIC),
    hidden=_others,
    reference=flip_keeps_label,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q23",
    assignment="tp3_improvements",
    title="When a mirror image keeps its label",
    items=(FLIP_KEEPS_LABEL,),
    rubric=(
        Criterion(
            0.5, "The rule: the label of the mirror image must be the same, picture by picture."
        ),
        Criterion(0.5, "One task where it holds and one where it fails, each with its reason."),
        Criterion(0.5, "The same pictures may allow it for one label and forbid it for another."),
    ),
)
