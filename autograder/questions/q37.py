"""Question 37: when to stop a run, and which epoch's weights to keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.traps import each_shows

Answer = list[int | None]


def early_stopping(losses: list[float], patience: int, min_delta: float) -> Answer:
    """Return [number of the epoch that is kept, number of the one after which it stops or None].

    Epochs are counted from 1. The loss of an epoch that counts as better lies below the lowest
    one so far by more than `min_delta`; `patience` epochs in a row that are not better end it.
    """
    best, kept = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, kept = loss, epoch
        elif epoch - kept == patience:
            return [kept, epoch]
    return [kept, None]


def _lowest(losses: Sequence[float]) -> int:
    return int(np.argmin(losses)) + 1


def _of_the_whole_run(losses: list[float], patience: int, min_delta: float) -> Answer:
    return [_lowest(losses), early_stopping(losses, patience, min_delta)[1]]


def _lowest_until_the_end(losses: list[float], patience: int, min_delta: float) -> Answer:
    stopped = early_stopping(losses, patience, min_delta)[1]
    return [_lowest(losses[:stopped]), stopped]


def _keeps_the_last(losses: list[float], patience: int, min_delta: float) -> Answer:
    stopped = early_stopping(losses, patience, min_delta)[1]
    return [stopped or len(losses), stopped]


def _in_all(losses: list[float], patience: int, min_delta: float) -> Answer:
    """Count all epochs that are not better, in a row or not."""
    best, kept, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, kept = loss, epoch
        else:
            waited += 1
            if waited == patience:
                return [kept, epoch]
    return [kept, None]


def _than_the_one_before(losses: list[float], patience: int, min_delta: float) -> Answer:
    """Call an epoch better when its loss is lower than that of the epoch before."""
    better = [1, *(i for i, (a, b) in enumerate(pairwise(losses), 2) if b < a - min_delta)]
    for one, next_one in pairwise([*better, len(losses) + 1]):
        if next_one - one > patience:
            return [one, one + patience]
    return [better[-1], None]


def _than_the_lowest(losses: list[float], patience: int, min_delta: float) -> Answer:
    """Compare with the lowest loss of all, whether it counted as better or not."""
    lowest, kept = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < lowest - min_delta:
            kept = epoch
        elif epoch - kept == patience:
            return [kept, epoch]
        lowest = min(lowest, loss)
    return [kept, None]


def _numbered(change: Callable[[int, int | None], Answer]) -> Callable[..., Answer]:
    def wrong(losses: list[float], patience: int, min_delta: float) -> Answer:
        kept, stopped = early_stopping(losses, patience, min_delta)
        return change(kept or 0, stopped)

    return wrong


MISCONCEPTIONS = (
    Misconception(
        "no-patience",
        "It stops at the first epoch that is not better. The curve is noisy: it may come down "
        "again, and patience says how long to wait for that.",
        "How many epochs in a row must have been no better?",
        lambda losses, patience, min_delta: early_stopping(losses, 1, min_delta),  # noqa: ARG005
    ),
    Misconception(
        "one-too-late",
        "It waits one epoch longer than it should. With patience 1, the first epoch that is not "
        "better is the last one.",
        "How many epochs lie between the one that is kept and the last one?",
        lambda losses, patience, min_delta: early_stopping(losses, patience + 1, min_delta),
    ),
    Misconception(
        "in-all",
        "The epochs that were not better are counted all together. They must come in a row: an "
        "epoch that is better begins the count anew.",
        "What happens to your count when the loss has fallen again?",
        _in_all,
    ),
    Misconception(
        "than-the-one-before",
        "Each epoch is compared with the one before it. It must be better than the best so far.",
        "What if the loss jumps up and then comes down by small steps?",
        _than_the_one_before,
    ),
    Misconception(
        "than-the-lowest",
        "Each epoch is compared with the lowest loss of all. A loss that is only a little lower "
        "does not count as better, so the next ones need not lie below it.",
        "What if the loss falls in each epoch, by a little less than min_delta?",
        _than_the_lowest,
    ),
    Misconception(
        "keeps-the-last",
        "The weights of the last epoch are kept. The waiting is over then, and they are worse "
        "than those it waited for.",
        "After which epoch was the network at its best?",
        _keeps_the_last,
    ),
    Misconception(
        "of-the-whole-run",
        "The lowest loss of the whole list is kept. When the training has stopped, nobody will "
        "ever know the losses behind.",
        "Which losses are known at the moment when it stops?",
        _of_the_whole_run,
    ),
    Misconception(
        "lowest-until-the-end",
        "The epoch that is kept is not better by more than min_delta. What does not count as "
        "better is not kept either.",
        "At which epoch did the count begin anew for the last time?",
        _lowest_until_the_end,
    ),
    Misconception(
        "min-delta-ignored",
        "Every loss that is a little lower counts as better. It must be lower by more than "
        "min_delta.",
        "Where in your function do you use min_delta?",
        lambda losses, patience, min_delta: early_stopping(losses, patience, 0.0),  # noqa: ARG005
    ),
    Misconception(
        "high-is-good",
        "The highest loss is taken for the best. That is so with accuracies.",
        "Is a loss of 0.9 better than one of 1.2, or worse?",
        lambda losses, patience, min_delta: early_stopping(
            [-loss for loss in losses], patience, min_delta
        ),
    ),
    Misconception(
        "counted-from-0",
        "The epochs are counted from 0. The first one has the number 1.",
        "Which index has the first element of a list?",
        _numbered(lambda kept, stopped: [kept - 1, stopped and stopped - 1]),
    ),
    Misconception(
        "never-none",
        "The last epoch of the list is given although the training goes on: its patience is not "
        "at its end.",
        "What shall come out when it does not stop yet?",
        lambda losses, patience, min_delta: [
            early_stopping(losses, patience, min_delta)[0],
            early_stopping(losses, patience, min_delta)[1] or len(losses),
        ],
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a noisy curve that turns sooner or later; no difference is near to min_delta."""
    epochs = integer(rng, 8, 16)
    steps, turn = np.arange(epochs), integer(rng, 3, 2 * epochs)
    curve = 0.9 + 1.2 * np.exp(-steps / rng.uniform(1.5, 5)) + 0.04 * np.maximum(0, steps - turn)
    losses = (curve * rng.uniform(0.94, 1.06, size=epochs)).round(3)
    min_delta = one_of(rng, (0.0, 0.0305, 0.0605))
    return {"losses": losses.tolist(), "patience": integer(rng, 2, 4), "min_delta": min_delta}


def _level(rng: np.random.Generator) -> Arguments:
    """Draw a curve that reaches its lowest loss twice."""
    a = _case(rng) | {"min_delta": 0.0}
    lowest = _lowest(a["losses"])
    later = min(lowest, len(a["losses"]) - 1)
    a["losses"][later] = min(a["losses"])
    return a


def _tie_matters(a: Arguments) -> bool:
    """Whether it matters that an equal loss is not better."""
    slightly = early_stopping(a["losses"], a["patience"], -1e-9)
    return slightly != early_stopping(**a)


def _exactly_lower(rng: np.random.Generator, patience: int) -> Arguments:
    """Draw losses that are lower by min_delta, exactly: numbers that floats hold."""
    min_delta, start = one_of(rng, (0.125, 0.25, 0.5)), float(integer(rng, 1, 3))
    losses = [start + min_delta, start, *[start - min_delta / 4] * patience]
    return {"losses": losses, "patience": patience, "min_delta": min_delta}


def _creeping(rng: np.random.Generator) -> Arguments:
    """Draw losses above 1 that fall by more than min_delta in two steps, and then no more."""
    start, min_delta = 2 + integer(rng, 0, 9) / 10, one_of(rng, (0.05, 0.1))
    patience = integer(rng, 2, 4)
    steps = [0, 0.6, *[1.2] * (patience + 2)]
    losses = [round(start - step * min_delta, 3) for step in steps]
    return {"losses": losses, "patience": patience, "min_delta": min_delta}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    shown = each_shows(early_stopping, MISCONCEPTIONS)
    goes_on = [lambda a: early_stopping(**a)[1] is None]
    at_the_end = [lambda a: early_stopping(**a)[1] == len(a["losses"])]
    ties = covering(rng, _level, [_tie_matters] * 2)
    drawn = covering(rng, _case, [*shown, *goes_on, *at_the_end]) + ties
    return [*drawn, _exactly_lower(rng, 1), _exactly_lower(rng, integer(rng, 2, 4)), _creeping(rng)]


_FALLS_AND_RISES = [2.05, 1.62, 1.41, 1.44, 1.3, 1.32, 1.35, 1.33, 1.29, 1.4]
_SMALL_STEPS = [1.9, 1.5, 1.49, 1.47, 1.48, 1.46, 1.52, 1.3]

EARLY_STOPPING = Item(
    id="q37.early_stopping",
    signature="early_stopping(losses, patience, min_delta)",
    points=2,
    public=(
        {"losses": _FALLS_AND_RISES, "patience": 3, "min_delta": 0.0},
        {"losses": _FALLS_AND_RISES, "patience": 4, "min_delta": 0.0},
        {"losses": _SMALL_STEPS, "patience": 3, "min_delta": 0.035},
        {"losses": [1.0, 0.98, 0.96, 0.94, 0.92], "patience": 4, "min_delta": 0.03},
        {"losses": [1.2, 0.9, 0.9, 1.0], "patience": 2, "min_delta": 0.0},
        {"losses": [2.31], "patience": 1, "min_delta": 0.0},
    ),
    hidden=_cases,
    reference=early_stopping,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q37",
    assignment="tp4_search",
    title="When to stop",
    items=(EARLY_STOPPING,),
    rubric=(
        Criterion(
            0.5, "Saves epochs of runs that overfit or do not learn, for more of other runs."
        ),
        Criterion(
            0.5, "It regularises: the weights before they fit what only the training images have."
        ),
        Criterion(
            0.5, "Little patience stops in the noise; much of it costs epochs, and keeps the same."
        ),
    ),
)
