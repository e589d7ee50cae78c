"""What students read off the records of runs of their own: the right values, by function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from convbook.check.plain import Plain

if TYPE_CHECKING:
    from convbook.training import History

TOLERANCE = 1e-3  # numbers of a record have four digits
Histories = Mapping[str, "History"]  # by the name of the run


def my_start(histories: Histories) -> Plain:
    """Return the loss and the accuracy of the first batch."""
    (history,) = histories.values()
    return [history.batch_loss[0], history.batch_accuracy[0]]


def my_curves(histories: Histories) -> Plain:
    """Return the epoch after which the test loss rises (None: not seen), and the last gap."""
    (history,) = histories.values()
    best, last = min(history.epochs, key=lambda epoch: epoch.test_loss), history.epochs[-1]
    gap = last.train_accuracy - last.test_accuracy
    return [None if best is last else best.epoch, gap]


def my_rates(histories: Histories) -> Plain:
    """Return the rates of the runs that diverged, of the slowest other run, and of the best."""
    ends = {each.config.lr: each.epochs[-1].train_loss for each in histories.values()}
    learned = {lr: loss for lr, loss in ends.items() if loss < math.log(10)}
    if not learned:
        return [list(ends), None, None]
    return [
        [lr for lr in ends if lr not in learned],
        max(learned, key=lambda lr: learned[lr]),
        min(learned, key=lambda lr: learned[lr]),
    ]


def my_p(histories: Histories) -> Plain:
    """Return the probability of dropping whose run was best on the validation images."""
    best = max(histories.values(), key=lambda run: max(run.column("test_accuracy")))
    return best.config.dropout


READINGS: dict[str, Callable[[Histories], Plain]] = {
    "my_start": my_start,
    "my_curves": my_curves,
    "my_rates": my_rates,
    "my_p": my_p,
}
