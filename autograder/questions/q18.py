"""Question 18: what the curves of a run say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.runs import ReadingItem
from autograder.questions.traps import each_shows, tells_apart

History = dict[str, list[float]]


def overfitting_epoch(history: History) -> int | None:
    """Return the number, from 1, of the epoch with the lowest test loss; None if it is the last."""
    return _turn(int(np.argmin(history["test_loss"])), history)


def _turn(index: int, history: History) -> int | None:
    return None if index == len(history["test_loss"]) - 1 else index + 1


def _first_rise(history: History) -> int | None:
    losses = history["test_loss"]
    rises = (i for i in range(len(losses) - 1) if losses[i + 1] > losses[i])
    return next((i + 1 for i in rises), None)


def _curves_cross(history: History) -> int | None:
    pairs = zip(history["train_loss"], history["test_loss"], strict=True)
    return next((i + 1 for i, (train, test) in enumerate(pairs) if test > train), None)


def _none_if_lower_than(place: int) -> Callable[[History], int | None]:
    """Return the turn, taken for none where the last test loss is lower than another one."""

    def wrong(history: History) -> int | None:
        losses = history["test_loss"]
        return None if losses[-1] < losses[place] else overfitting_epoch(history)

    return wrong


def _from_zero(history: History) -> int | None:
    epoch = overfitting_epoch(history)
    return None if epoch is None else epoch - 1


_EPOCH_MISTAKES = (
    Misconception(
        "counted-from-zero",
        "The epochs are counted from 0. The first one has the number 1.",
        "Which index has the first element of a list?",
        lambda history: _from_zero(history),
    ),
    Misconception(
        "first-rise",
        "You stopped at the first rise. The curve is noisy: it may fall lower afterwards.",
        "Where is the test loss lowest over the whole run?",
        _first_rise,
    ),
    Misconception(
        "falls-at-the-end",
        "None is given because the last step falls. The curve is noisy: that step may fall from a "
        "higher place.",
        "Is the last test loss the lowest of all?",
        _none_if_lower_than(-2),
    ),
    Misconception(
        "falls-on-the-whole",
        "None is given because the run ends below its first test loss. It may have turned all the "
        "same.",
        "Is the last test loss the lowest of all?",
        _none_if_lower_than(0),
    ),
    Misconception(
        "training-loss",
        "You looked at the training loss. It goes on falling while the network overfits.",
        "Which images tell whether the network learned more than its examples?",
        lambda history: _turn(int(np.argmin(history["train_loss"])), history),
    ),
    Misconception(
        "best-accuracy",
        "This is where the test accuracy is highest. The loss turns earlier: it also sees how sure "
        "the wrong answers are.",
        "Which of the four curves is meant?",
        lambda history: _turn(int(np.argmax(history["test_accuracy"])), history),
    ),
    Misconception(
        "curves-cross",
        "This is where the test loss comes above the training loss. That alone is no harm: the "
        "test loss may fall on.",
        "Where does the test loss itself turn?",
        _curves_cross,
    ),
    Misconception(
        "never-none",
        "The last epoch is given although the test loss still falls there: no turn was seen.",
        "What if the lowest test loss is the last one?",
        lambda history: int(np.argmin(history["test_loss"])) + 1,
    ),
)


def _gap_of(change: Callable[[Any, Any], Any]) -> Callable[..., float]:
    """Return a gap worked out from both curves of the accuracy, as arrays."""

    def function(history: History) -> float:
        train, test = (np.array(history[f"{part}_accuracy"]) for part in ("train", "test"))
        return float(change(train, test))

    return function


def generalisation_gap(history: History) -> float:
    """Return by how much the training accuracy lies above the test accuracy at the end."""
    return history["train_accuracy"][-1] - history["test_accuracy"][-1]


_GAP_MISTAKES = (
    Misconception(
        "reversed",
        "The sign is wrong. The gap is positive when the training images do better.",
        "Which accuracy is the larger one when a network overfits?",
        _gap_of(lambda train, test: test[-1] - train[-1]),
    ),
    Misconception(
        "percent",
        "The gap is in per cent. Accuracies are shares, between 0 and 1.",
        "What is the difference of 0.9 and 0.7?",
        _gap_of(lambda train, test: 100 * (train[-1] - test[-1])),
    ),
    Misconception(
        "losses",
        "This is the gap of the losses. The one of the accuracies is asked for.",
        "Which keys of the history do you read?",
        lambda history: history["test_loss"][-1] - history["train_loss"][-1],
    ),
    Misconception(
        "best-values",
        "You compared the best values of both curves. They may belong to different epochs.",
        "Which element of a list belongs to the end of the run?",
        _gap_of(lambda train, test: train.max() - test.max()),
    ),
    Misconception(
        "largest",
        "This is the largest gap of the run. The one at its end is asked for.",
        "Which element of a list belongs to the end of the run?",
        _gap_of(lambda train, test: (train - test).max()),
    ),
    Misconception(
        "mean",
        "You averaged over the run. The gap at its end is asked for.",
        "Which element of a list belongs to the end of the run?",
        _gap_of(lambda train, test: (train - test).mean()),
    ),
    Misconception(
        "never-negative",
        "The sign is lost. The test images can do better too, and the gap is negative then.",
        "Is the test accuracy above the training accuracy in this case?",
        _gap_of(lambda train, test: abs(train[-1] - test[-1])),
    ),
)


def history(rng: np.random.Generator) -> History:
    """Draw four curves of a run: the test loss turns early, late or never."""
    epochs = integer(rng, 8, 14)
    steps = np.arange(epochs)
    turn = integer(rng, 3, 2 * epochs)
    train = 2.2 * np.exp(-steps / rng.uniform(2, 6)) + 0.02
    test = 0.9 + 1.3 * np.exp(-steps / 3) + 0.08 * np.maximum(0, steps - turn)
    top = rng.uniform(0.6, 0.8)
    curves = {
        "train_loss": train * rng.uniform(0.93, 1.07, size=epochs),
        "test_loss": test * rng.uniform(0.93, 1.07, size=epochs),
        "train_accuracy": np.clip(1 - train / 2.4 + rng.normal(0, 0.03, size=epochs), 0, 1),
        "test_accuracy": top * (1 - 0.6 * np.exp(-steps / 2)) + rng.normal(0, 0.02, size=epochs),
    }
    return {name: [round(float(value), 3) for value in curve] for name, curve in curves.items()}


def _case(rng: np.random.Generator) -> Arguments:
    return {"history": history(rng)}


def _no_tie(a: Arguments) -> bool:
    """Whether no extreme of a curve is reached twice."""
    lows = (np.sort(a["history"][name]) for name in ("train_loss", "test_loss"))
    highs = np.sort(a["history"]["test_accuracy"])
    return all(low[1] > low[0] for low in lows) and bool(highs[-1] > highs[-2])


def _negative_gap(a: Arguments) -> bool:
    return generalisation_gap(**a) < -0.01


def _epoch_cases(rng: np.random.Generator) -> list[Arguments]:
    shown = each_shows(overfitting_epoch, _EPOCH_MISTAKES)
    traps = [lambda a, shown=shown: _no_tie(a) and shown(a) for shown in shown]
    return covering(rng, _case, [*traps, *[_no_tie] * 3]) + covering(rng, _rising, [_no_tie])


def _rising(rng: np.random.Generator) -> Arguments:
    """Draw a run whose test loss is lowest after the first epoch."""
    curves = history(rng)
    losses = curves["test_loss"]
    lowest = losses.index(min(losses))
    losses[0], losses[lowest] = losses[lowest], losses[0]
    return {"history": curves}


def _gap_cases(rng: np.random.Generator) -> list[Arguments]:
    apart = tells_apart(generalisation_gap, _GAP_MISTAKES, "never-negative")
    return covering(rng, _case, [apart, apart, apart, _negative_gap])


def _public(seed: int, condition: Callable[[Arguments], bool]) -> Arguments:
    return covering(np.random.default_rng(seed), _case, [condition])[0]


_CURVES = (
    _public(18, lambda a: _no_tie(a) and (overfitting_epoch(**a) or 0) > 3),
    _public(180, lambda a: _no_tie(a) and overfitting_epoch(**a) is None),
    _public(1800, lambda a: _no_tie(a) and _first_rise(**a) != overfitting_epoch(**a) is not None),
)

OVERFITTING_EPOCH = Item(
    id="q18.overfitting_epoch",
    signature="overfitting_epoch(history)",
    points=1,
    public=_CURVES,
    hidden=_epoch_cases,
    reference=overfitting_epoch,
    misconceptions=_EPOCH_MISTAKES,
)

GENERALISATION_GAP = Item(
    id="q18.generalisation_gap",
    signature="generalisation_gap(history)",
    points=1,
    public=(*_CURVES, _public(18_000, _negative_gap)),
    hidden=_gap_cases,
    reference=generalisation_gap,
    misconceptions=_GAP_MISTAKES,
)

QUESTION = Question(
    id="q18",
    assignment="tp2_from_scratch",
    title="Reading the curves",
    items=(OVERFITTING_EPOCH, GENERALISATION_GAP),
    runs=(ReadingItem(id="q18.my_curves", step="base", points=1),),
    rubric=(
        Criterion(
            0.75,
            "The training loss goes to 0 and the training accuracy to 100 %, while the test "
            "accuracy levels off far below: overfitting. Gives the numbers of a run.",
        ),
        Criterion(
            0.5,
            "The test loss turns and rises while the test accuracy stays: wrong answers become "
            "surer.",
        ),
        Criterion(
            0.75,
            "Draws a conclusion: more or changed images, fewer weights, regularisation, or "
            "stopping earlier, by images kept apart from the test images.",
        ),
    ),
)
