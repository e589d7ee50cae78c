"""Question 16, last item: which of several runs diverged, which is slow, which is best?

The public runs are real: `convbook.training.fit` on 4,000 images of the stand-in, pixels
normalised, 8 epochs, a network of two convolutions (16 and 32 filters of 5 by 5).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer
from autograder.questions.traps import each_shows
from convbook.check.plain import Plain

Runs = dict[str, list[float]]


def sort_runs(runs: Runs, guessing: float) -> Plain:
    """Return [names of the runs that diverged, the slow one's, the best one's].

    A run diverged when its last loss is not below that of guessing. Of the others, the best has
    the smallest last loss, and the slow one the largest.
    """
    diverged = [name for name, losses in runs.items() if losses[-1] >= guessing]
    return [diverged, *_extremes({n: v for n, v in runs.items() if n not in diverged})]


def _extremes(runs: Runs, measure: Callable[[list[float]], float] = lambda v: v[-1]) -> list[str]:
    ordered = sorted(runs, key=lambda name: measure(runs[name]))
    return [ordered[-1], ordered[0]]


def _measured_by(measure: Callable[[list[float]], float]) -> Callable[..., Plain]:
    """Return the sorting of the learning runs by something else than their last loss."""

    def wrong(runs: Runs, guessing: float) -> Plain:
        diverged = sort_runs(runs, guessing)[0]
        rest = {name: losses for name, losses in runs.items() if name not in diverged}
        return [diverged, *_extremes(rest, measure)]

    return wrong


def _named_by(diverged: Callable[[list[float]], bool]) -> Callable[..., Plain]:
    """Return the sorting in which other runs are said to have diverged."""

    def wrong(runs: Runs, guessing: float) -> Plain:
        names = [name for name, losses in runs.items() if diverged(losses)]
        return [names, *sort_runs(runs, guessing)[1:]]

    return wrong


def _diverged_counted(runs: Runs, guessing: float) -> Plain:
    return [sort_runs(runs, guessing)[0], *_extremes(runs)]


def _swapped(runs: Runs, guessing: float) -> Plain:
    diverged, slow, best = sort_runs(runs, guessing)
    return [diverged, best, slow]


def _worst_alone(runs: Runs, guessing: float) -> Plain:
    return [[_extremes(runs)[0]], *sort_runs(runs, guessing)[1:]]


def _rises(losses: list[float]) -> bool:
    return any(later > earlier for earlier, later in pairwise(losses))


MISCONCEPTIONS = (
    Misconception(
        "diverged-counted",
        "A run that diverged is called slow. The slow one learns, but takes its time.",
        "Of which runs is the slow one chosen?",
        _diverged_counted,
    ),
    Misconception(
        "swapped",
        "The slow run and the best run are swapped. A small loss is a good one.",
        "In what order are the three answers asked for?",
        _swapped,
    ),
    Misconception(
        "lowest-anywhere",
        "You compared the lowest losses of the runs. The last ones are asked for: the lowest of "
        "many noisy values is partly luck.",
        "Which element of a list of losses belongs to the end of the run?",
        _measured_by(min),
    ),
    Misconception(
        "first-epoch",
        "You compared the first losses. What counts is where a run ends.",
        "Which element of a list of losses belongs to the end of the run?",
        _measured_by(lambda losses: losses[0]),
    ),
    Misconception(
        "mean",
        "You compared the means over all epochs. What counts is where a run ends.",
        "Which element of a list of losses belongs to the end of the run?",
        _measured_by(lambda losses: sum(losses) / len(losses)),
    ),
    Misconception(
        "worst-alone",
        "The run with the largest last loss is taken to have diverged, and it alone. Several may "
        "have, or none.",
        "Compare each run with the loss of guessing.",
        _worst_alone,
    ),
    Misconception(
        "above-its-start",
        "You compared a run's last loss with its first. A run that jumped up at once ends below "
        "its first loss, and has learned nothing all the same.",
        "Compare each run with the loss of guessing.",
        _named_by(lambda losses: losses[-1] > losses[0]),
    ),
    Misconception(
        "one-rise",
        "A single rise is taken for divergence. Losses are noisy: a run may come down again.",
        "Compare the last loss with that of guessing.",
        _named_by(_rises),
    ),
)

_RATES = ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0")


def _case(rng: np.random.Generator) -> Arguments:
    """Draw four to six noisy runs; some of them diverge."""
    epochs = integer(rng, 5, 8)
    rates = [str(rate) for rate in rng.choice(_RATES, size=integer(rng, 4, 6), replace=False)]
    guessing = round(math.log(integer(rng, 4, 100)), 3)
    return {
        "runs": {f"lr {rate}": _run(rng, epochs, guessing) for rate in rates},
        "guessing": guessing,
    }


def _run(rng: np.random.Generator, epochs: int, guessing: float) -> list[float]:
    diverges = rng.random() < 0.3
    start = rng.uniform(0.7, 1.2 + diverges)
    end = max(1.0, rng.uniform(0.9, 1.6)) if diverges else rng.uniform(0.1, 0.9)
    losses = guessing * np.geomspace(start, end, epochs)
    losses[:-1] *= rng.uniform(0.75, 1.25, size=epochs - 1)
    return [round(float(loss), 3) for loss in losses]


def _no_tie(a: Arguments) -> bool:
    """Whether two runs at least learn, and no two end alike."""
    ends = [losses[-1] for losses in a["runs"].values()]
    return sum(end < a["guessing"] for end in ends) > 1 and len(set(ends)) == len(ends)


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw a trap for each mistake, and cases in which none, one and two runs diverged."""
    traps = [
        lambda a, shown=shown: _no_tie(a) and shown(a)
        for shown in each_shows(sort_runs, MISCONCEPTIONS)
    ]
    counts = [lambda a, n=n: _no_tie(a) and len(sort_runs(**a)[0]) == n for n in (0, 1, 2)]

    def at_guessing(a: Arguments) -> bool:
        return _no_tie(a) and any(v[-1] == a["guessing"] for v in a["runs"].values())

    def noisy(a: Arguments) -> bool:
        return _no_tie(a) and _by_the_last_two(**a) != sort_runs(**a)

    return [
        *covering(rng, _case, [*traps, *counts, at_guessing, noisy]),
        *covering(rng, _close, [_no_tie]),
    ]


_by_the_last_two = _measured_by(lambda losses: losses[-1] + losses[-2])


def _close(rng: np.random.Generator) -> Arguments:
    """Draw runs of which three end nearly alike, below all others; the middle one is best."""
    a = _case(rng)
    end = round(0.08 * a["guessing"], 2)
    for losses, more in zip(a["runs"].values(), (0.002, 0, 0.001), strict=False):
        losses[-1] = round(end + more, 3)
    return a


RATES_RUN: Runs = {
    "lr 0.001": [2.312, 2.305, 2.300, 2.295, 2.291, 2.287, 2.283, 2.278],
    "lr 0.01": [2.294, 2.241, 2.156, 2.027, 1.816, 1.589, 1.421, 1.267],
    "lr 0.1": [2.099, 1.651, 1.102, 0.845, 0.577, 0.466, 0.418, 0.322],
    "lr 0.3": [2.265, 2.170, 1.931, 1.547, 1.315, 2.107, 1.701, 1.411],
    "lr 1.0": [2.381, 2.309, 2.308, 2.308, 2.312, 2.316, 2.308, 2.305],
}
BATCHES_RUN: Runs = {
    "batch 16": [1.774, 0.804, 0.519, 0.387, 0.276, 0.202, 0.165, 0.126],
    "batch 64": [2.162, 1.719, 1.269, 0.866, 0.630, 0.540, 0.459, 0.420],
    "batch 256": [2.291, 2.216, 2.092, 1.887, 1.826, 1.619, 1.490, 1.441],
    "batch 1024": [2.308, 2.292, 2.279, 2.264, 2.247, 2.225, 2.199, 2.168],
}

SORT_RUNS = Item(
    id="q16.sort_runs",
    signature="sort_runs(runs, guessing)",
    points=2,
    public=(
        {"runs": RATES_RUN, "guessing": 2.303},
        {"runs": BATCHES_RUN, "guessing": 2.303},
        {
            "runs": {
                "lr 0.03, batch 16": [4.1, 3.2, 2.6, 2.5],
                "lr 0.3, batch 16": [4.7, 4.61, 4.63, 4.62],
                "lr 0.3, batch 512": [3.9, 1.9, 2.3, 2.4],
                "lr 3.0, batch 512": [9.75, 5.1, 4.9, 4.8],
                "lr 0.03, batch 512": [4.5, 4.2, 3.9, 3.7],
            },
            "guessing": 4.605,
        },
    ),
    hidden=_cases,
    reference=sort_runs,
    misconceptions=MISCONCEPTIONS,
)
