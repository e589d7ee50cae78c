"""What must hold of a run: facts that an honest record cannot break, and bands it rarely leaves.

Who breaks a fact gets no points, and the fact is named. Who leaves a band is no cheat for that:
what is below it costs the points for learning, and what is odd waits for a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

from autograder.runs.bands import Band, bands
from autograder.runs.features import features
from autograder.runs.images import SIGMAS, ImagesAtHand, tolerance, unseen_tolerance
from autograder.runs.reading import HandedIn, Wrong
from convbook.training import BUDGETS, History
from convbook.training.metrics import Metrics

HALF_DIGIT = 0.6e-4  # of the numbers of a record, which have four digits
ROUNDING = 0.01  # of accuracy, that float16 may cost; it cost our run 0.0005
GUESSING = 0.1
ODD = {
    "start": "its first loss",
    "accuracy": "its test accuracy",
    "gap": "the gap between its accuracies",
    "roughness": "how rough its curve is",
    "agreement": "how far its epochs are from their batches",
}


@dataclass(frozen=True)
class Finding:
    """What a run is worth, and why.

    Attributes:
        share: of the item's points.
        wrong: what costs points.
        due: why a person must look, or nothing.
        notes: what a reader of the mark must know.
    """

    share: float
    wrong: Wrong | None = None
    due: str = ""
    notes: list[str] = field(default_factory=list)


def require_consistent(record_of: HandedIn, measured: Metrics, images: ImagesAtHand) -> None:
    """Refuse a record that contradicts its weights, its images, or itself.

    Args:
        record_of: the run.
        measured: its weights, on some of its test images.
        images: those.

    Raises:
        Wrong: naming the contradiction.
    """
    record, data = record_of.record, record_of.record.history.data
    if (data["n_train"], data["n_test"]) != (images.n_train, images.total):
        raise _contradiction(
            f"it counts {data['n_train']} and {data['n_test']} images, where those of its "
            f"fingerprints are {images.n_train} and {images.total}"
        )
    allowed = tolerance(record.accuracy, measured.n, images.total)
    if abs(measured.accuracy - record.accuracy) > allowed:
        raise Wrong(
            "accuracy-edited",
            f"The record claims {record.accuracy:.1%} of the test images. The weights that came "
            f"with it are right on {measured.accuracy:.1%} of {measured.n} of them, measured in "
            f"the practical's network; {allowed:.1%} of difference would be chance.",
            "The record was edited, or the network that was trained computes something else.",
        )
    last = record.history.epochs[-1]
    if abs(last.test_accuracy - record.accuracy) > ROUNDING:
        raise _contradiction(
            f"its last epoch has a test accuracy of {last.test_accuracy:.1%}, and its weights "
            f"one of {record.accuracy:.1%}"
        )
    _require_countable(record.history)


def require_unseen(measured: Metrics, unseen: Metrics) -> None:
    """Refuse weights that know the test images by heart.

    Args:
        measured: the weights, on the test images of the run.
        unseen: the weights, on images drawn alike that nobody saw before.

    Raises:
        Wrong: they are right more often on the test images than chance allows.
    """
    both = (measured.accuracy * measured.n + unseen.accuracy * unseen.n) / (measured.n + unseen.n)
    if measured.accuracy - unseen.accuracy > unseen_tolerance(both, measured.n, unseen.n):
        raise Wrong(
            "test-images-learned",
            f"The network is right on {measured.accuracy:.1%} of the test images, and on "
            f"{unseen.accuracy:.1%} of {unseen.n} new ones that are drawn in the same way. It "
            "was trained on test images.",
            "Test images are for the last measurement only. Train on the training images.",
        )


def _require_countable(history: History) -> None:
    """Refuse shares that no number of right answers gives."""
    n_test = history.data["n_test"]
    for epoch in history.epochs:
        if not _countable(epoch.test_accuracy, n_test):
            raise _contradiction(
                f"no number of right answers among {n_test} is {epoch.test_accuracy:.4f} of them"
            )
    if len(history.epochs) != history.config.epochs:
        raise _contradiction(
            f"{history.config.epochs} epochs were asked for, {len(history.epochs)} are there"
        )
    per_epoch, size = history.batches_per_epoch, history.config.batch_size
    left = history.data["n_train"] - (per_epoch - 1) * size
    for place, share in enumerate(history.batch_accuracy):
        last = (place * history.every + 1) % per_epoch == 0
        if not _countable(share, left if last else size):
            raise _contradiction(
                f"no number of right answers in batch {place * history.every + 1} is {share:.4f} "
                "of it"
            )


def _countable(share: float, n: int) -> bool:
    return abs(share - round(share * n) / n) <= HALF_DIGIT


def _contradiction(words: str) -> Wrong:
    return Wrong(
        "record-contradicts-itself",
        f"The record contradicts itself: {words}.",
        "A record that fit wrote does not. Hand in the one that it wrote.",
    )


def require_trained(runs: Mapping[str, HandedIn], measured: Mapping[str, Metrics]) -> None:
    """Refuse a sweep of one network under many names, or of networks that all just guess.

    A run of a sweep may fail to learn: that is what it is to show. Not all of them do.

    Args:
        runs: of the sweep, by name.
        measured: the weights of each, on some of its test images.

    Raises:
        Wrong: naming which it is.
    """
    first: dict[str, str] = {}
    for name, run in runs.items():
        other = first.setdefault(run.weights, name)
        if other != name:
            raise Wrong(
                "same-weights",
                f"The runs {other} and {name} have the same weights.",
                "Train each run of the sweep, with its own setting.",
            )
    if all(map(_guesses, measured.values())):
        raise Wrong(
            "nothing-learned",
            "All networks of the sweep are right on no more test images than guessing is. The "
            "recipe of the practical learns with one of these settings at least.",
            "Look at the loss of the first epochs of each run, then at the images.",
        )


def _guesses(measured: Metrics) -> bool:
    """Is a network right on no more images than chance allows one that guesses?"""
    return measured.accuracy <= GUESSING + SIGMAS * sqrt(GUESSING * (1 - GUESSING) / measured.n)


def judge(step: str, record_of: HandedIn, measured: Metrics) -> Finding:
    """Compare a consistent run with recorded ones.

    Args:
        step: of the practical.
        record_of: the run.
        measured: its weights, on some of its test images.
    """
    history, budget = record_of.record.history, record_of.record.budget
    if _guesses(measured):
        return Finding(
            0.0,
            Wrong(
                "nothing-learned",
                f"The network is right on {measured.accuracy:.1%} of the test images: guessing "
                "does as well. It has learned nothing.",
                "Look at the loss of the first epochs, then at the learning rate and the images.",
            ),
        )
    known = bands(step, budget, history.data)
    if not known:
        return Finding(
            0.0, due=f"no runs of ours have these images and the budget {budget!r} at this step"
        )
    found = features(history.until(BUDGETS[budget].epochs))
    odd = [name for name in found if found[name] not in known[name]]
    # Too little accuracy is told apart: it costs points, and makes no one suspicious.
    low = measured.accuracy < known["accuracy"].low
    odd = [name for name in odd if not (low and name in ("accuracy", "gap"))]
    if odd:
        return Finding(0.0, due=_strange(odd, found, known))
    if low:
        return Finding(
            0.5,
            Wrong(
                "learned-less",
                f"The network is right on {measured.accuracy:.1%} of the test images. Runs of "
                f"this recipe end at {known['accuracy'].low:.1%} or more.",
                "Compare your images and your network with those of the question.",
            ),
        )
    return Finding(1.0)


def _strange(odd: list[str], found: Mapping[str, float], known: Mapping[str, Band]) -> str:
    words = [
        f"{ODD[name]} ({found[name]:.3g}) lies outside of {known[name].low:.3g} to "
        f"{known[name].high:.3g}"
        for name in odd
    ]
    return f"{'; '.join(words)}, where runs of ours with this recipe lie"


def curve(record_of: HandedIn) -> str:
    """Return the SHA-256 of the run's curve: two runs have the same by copying only."""
    text = json.dumps(record_of.record.history.numbers())
    return hashlib.sha256(text.encode()).hexdigest()
