"""The numbers of a curve that are compared with those of other runs of the same recipe."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from statistics import fmean

from convbook.training import History

FEATURES = ("start", "accuracy", "gap", "roughness", "agreement")
RATIOS = ("roughness",)  # above 0, and compared by how many times one is the other


def features(history: History) -> dict[str, float]:
    """Return the numbers of a run's history, which may be thinned.

    - "start": the loss of the first batch, in nats
    - "accuracy": on the test images, after the last epoch
    - "gap": by how much the training accuracy of the last epoch lies above it
    - "roughness": the mean change of the loss from one kept batch to the next, as a share of
      their sum: noise that every run by mini-batches has, whatever its level
    - "agreement": the root mean square of the distances of the epochs' training losses from the
      means of their kept batches, as shares of their sums: both tell the same, so it is small
    """
    last = history.epochs[-1]
    return {
        "start": history.batch_loss[0],
        "accuracy": last.test_accuracy,
        "gap": last.train_accuracy - last.test_accuracy,
        "roughness": _mean([_apart(a, b) for a, b in pairwise(history.batch_loss)]),
        "agreement": sqrt(
            _mean(
                [
                    _apart(fmean(kept), epoch.train_loss) ** 2
                    for kept, epoch in zip(_by_epoch(history), history.epochs, strict=True)
                    if kept
                ]
            )
        ),
    }


def _mean(values: list[float]) -> float:
    return fmean(values) if values else 0.0


def _apart(a: float, b: float) -> float:
    return abs(b - a) / (a + b) if a + b else 0.0


def _by_epoch(history: History) -> list[list[float]]:
    """Return the kept batch losses of each epoch."""
    found: list[list[float]] = [[] for _ in history.epochs]
    for place, loss in enumerate(history.batch_loss):
        found[place * history.every // history.batches_per_epoch].append(loss)
    return found
