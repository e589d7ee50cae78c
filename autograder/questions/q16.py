"""Question 16: what the learning rate and the batch size do to a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.q16_runs import SORT_RUNS
from autograder.questions.runs import ReadingItem, RunItem
from autograder.questions.traps import each_shows

Losses = list[float]


def updates_until(losses: Losses, target: float, images: int, batch_size: int) -> int | None:
    """Return after how many updates an epoch's loss is first at most the target, or None."""
    epochs = _epochs_until(losses, target)
    return None if epochs is None else epochs * _updates(images, batch_size)


def _updates(images: int, batch_size: int) -> int:
    return -(-images // batch_size)


def _epochs_until(losses: Losses, target: float) -> int | None:
    return next((i + 1 for i, loss in enumerate(losses) if loss <= target), None)


def _otherwise(change: Callable[[int, Arguments], int]) -> Callable[..., int | None]:
    """Return a wrong count; `change` gets the number of epochs and the arguments."""

    def wrong(**a: Any) -> int | None:
        epochs = _epochs_until(a["losses"], a["target"])
        return None if epochs is None else change(epochs, a)

    return wrong


def _updates_of(a: Arguments) -> int:
    return _updates(a["images"], a["batch_size"])


def _strictly_below(losses: Losses, target: float, images: int, batch_size: int) -> int | None:
    return updates_until(losses, target - 1e-9, images, batch_size)


def _for_good(losses: Losses, target: float, images: int, batch_size: int) -> int | None:
    """Wait until the loss stays below: the last time that it comes down to the target."""
    above = [i for i, loss in enumerate(losses) if loss > target]
    epochs = above[-1] + 2 if above else 1
    return epochs * _updates(images, batch_size) if epochs <= len(losses) else None


MISCONCEPTIONS = (
    Misconception(
        "epochs",
        "These are epochs. An epoch with small batches has many more updates than one with "
        "large batches.",
        "How often are the weights changed in one epoch?",
        _otherwise(lambda epochs, _: epochs),
    ),
    Misconception(
        "images-seen",
        "These are the images that were seen. The weights change once a batch.",
        "How often are the weights changed in one epoch?",
        _otherwise(lambda epochs, a: epochs * a["images"]),
    ),
    Misconception(
        "last-batch-lost",
        "The last, smaller batch of each epoch is an update as well.",
        "Does your updates_per_epoch pass its check?",
        _otherwise(lambda epochs, a: epochs * (a["images"] // a["batch_size"])),
    ),
    Misconception(
        "rounded-at-the-end",
        "You rounded once, at the end. Each epoch has a last batch of its own.",
        "How many updates have 2 epochs of 10 images, in batches of 4?",
        _otherwise(lambda epochs, a: _updates(epochs * a["images"], a["batch_size"])),
    ),
    Misconception(
        "one-epoch-less",
        "The epoch that reaches the target is not counted: its updates were made as well.",
        "How many updates were made when the first epoch is over?",
        _otherwise(lambda epochs, a: (epochs - 1) * _updates_of(a)),
    ),
    Misconception(
        "whole-run",
        "These are the updates of the whole run. Stop counting when the target is reached.",
        "Which epoch is the first whose loss is at most the target?",
        _otherwise(lambda _, a: len(a["losses"]) * _updates_of(a)),
    ),
    Misconception(
        "strictly-below",
        "A loss equal to the target was not accepted. At most means equal, too.",
        "Look at the case in which the target is one of the losses.",
        _strictly_below,
    ),
    Misconception(
        "for-good",
        "You waited until the loss stays below the target. The first time is asked for.",
        "Stop at the first epoch that reaches the target.",
        _for_good,
    ),
)


def curve(rng: np.random.Generator, start: float, end: float, epochs: int, noise: float) -> Losses:
    """Draw a noisy curve between two values, of three digits."""
    way = 1 - np.exp(-3 * np.arange(epochs) / epochs)
    clean = start + (end - start) * way / way[-1]
    return [round(float(v), 3) for v in np.abs(clean + rng.normal(0, noise, size=epochs))]


def _case(rng: np.random.Generator) -> Arguments:
    epochs = integer(rng, 4, 9)
    losses = curve(rng, 2.3, rng.uniform(0.3, 1.2), epochs, 0.15)
    between = round(float(rng.uniform(0.3, 2)), 3)
    return {
        "losses": losses,
        "target": losses[integer(rng, 1, epochs - 2)] if rng.random() < 0.5 else between,
        "images": integer(rng, 500, 5000),
        "batch_size": one_of(rng, (16, 32, 64, 128, 256)),
    }


def _at_once(rng: np.random.Generator) -> Arguments:
    """Draw a run whose first epoch reaches the target."""
    a = _case(rng)
    return a | {"target": round(a["losses"][0] + 0.1 * integer(rng, 0, 3), 3)}


_FALLING = [2.1, 1.7, 1.5, 1.55, 1.2, 1.1]

UPDATES_UNTIL = Item(
    id="q16.updates_until",
    signature="updates_until(losses, target, images, batch_size)",
    points=1,
    public=(
        {"losses": _FALLING, "target": 1.6, "images": 50_000, "batch_size": 128},
        {"losses": _FALLING, "target": 1.6, "images": 50_000, "batch_size": 1024},
        {"losses": _FALLING, "target": 1.5, "images": 1000, "batch_size": 100},
        {"losses": _FALLING, "target": 0.5, "images": 1000, "batch_size": 100},
    ),
    hidden=lambda rng: [
        *covering(
            rng,
            _case,
            (
                *each_shows(updates_until, MISCONCEPTIONS),
                lambda a: a["target"] < min(a["losses"]),
                lambda a: a["target"] in a["losses"][1:-1] and a["target"] > min(a["losses"]),
            ),
        ),
        _at_once(rng),
    ],
    reference=updates_until,
    misconceptions=MISCONCEPTIONS,
)

SWEEP = ("lr-1", "lr-2", "lr-3", "lr-4")

QUESTION = Question(
    id="q16",
    assignment="tp2_from_scratch",
    title="Learning rate and batch size",
    items=(UPDATES_UNTIL, SORT_RUNS),
    runs=(
        RunItem(id="q16.run", step="lr", points=1, sweep=SWEEP),
        ReadingItem(id="q16.my_rates", step="lr", points=1, sweep=SWEEP),
    ),
    rubric=(
        Criterion(
            0.75,
            "Learning rate: too small, the loss falls slowly; too large, it jumps about or "
            "diverges. Points to runs of the data that show it.",
        ),
        Criterion(
            0.75,
            "Batch size: a larger one gives a gradient with less noise, but fewer updates an "
            "epoch, so compared at equal epochs it learns less; time and memory differ too.",
        ),
        Criterion(0.5, "The two hang together: a larger batch bears a larger learning rate."),
    ),
)
