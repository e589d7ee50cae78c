"""Question 16, last item: which of several runs diverges, which is slow, which is best?"""

from __future__ import annotations

import numpy as np

from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer
from autograder.questions.traps import each_shows
from convbook.check.plain import Plain

Runs = dict[str, list[float]]


def sort_runs(runs: Runs) -> Plain:
    """Return [names of the runs that diverge, the slow one's, the best one's].

    A run diverges when its last loss is above its first. Of the others, the best has the smallest
    last loss, and the slow one the largest.
    """
    diverging = [name for name, losses in runs.items() if losses[-1] > losses[0]]
    return [diverging, *_extremes({n: v for n, v in runs.items() if n not in diverging})]


def _extremes(runs: Runs, at: int = -1) -> list[str]:
    ordered = sorted(runs, key=lambda name: runs[name][at])
    return [ordered[-1], ordered[0]]


def _diverging_counted(runs: Runs) -> Plain:
    return [sort_runs(runs)[0], *_extremes(runs)]


def _swapped(runs: Runs) -> Plain:
    diverging, slow, best = sort_runs(runs)
    return [diverging, best, slow]


def _lowest_anywhere(runs: Runs) -> Plain:
    diverging = sort_runs(runs)[0]
    lowest = {name: [min(losses)] for name, losses in runs.items() if name not in diverging}
    return [diverging, *_extremes(lowest)]


def _first_epoch(runs: Runs) -> Plain:
    diverging = sort_runs(runs)[0]
    rest = {name: losses for name, losses in runs.items() if name not in diverging}
    return [diverging, *_extremes(rest, at=0)]


def _mean(runs: Runs) -> Plain:
    diverging = sort_runs(runs)[0]
    means = {n: [float(np.mean(v))] for n, v in runs.items() if n not in diverging}
    return [diverging, *_extremes(means)]


def _worst_alone(runs: Runs) -> Plain:
    worst = max(runs, key=lambda name: runs[name][-1])
    return [[worst], *sort_runs(runs)[1:]]


def _one_rise(runs: Runs) -> Plain:
    risen = [name for name, v in runs.items() if any(b > a for a, b in zip(v, v[1:], strict=False))]
    return [risen, *sort_runs(runs)[1:]]


MISCONCEPTIONS = (
    Misconception(
        "diverging-counted",
        "A run that diverges is called slow. The slow one learns, but takes its time.",
        "Of which runs is the slow one chosen?",
        _diverging_counted,
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
        _lowest_anywhere,
    ),
    Misconception(
        "first-epoch",
        "You compared the first losses. What counts is where a run ends.",
        "Which element of a list of losses belongs to the end of the run?",
        _first_epoch,
    ),
    Misconception(
        "mean",
        "You compared the means over all epochs. What counts is where a run ends.",
        "Which element of a list of losses belongs to the end of the run?",
        _mean,
    ),
    Misconception(
        "worst-alone",
        "The run with the largest last loss is taken to diverge, and it alone. There may be "
        "several that do, or none.",
        "Compare each run with its own first loss.",
        _worst_alone,
    ),
    Misconception(
        "one-rise",
        "A single rise is taken for divergence. Losses are noisy; compare the last with the first.",
        "Is the last loss of this run above its first one?",
        _one_rise,
    ),
)

_RATES = ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0")


def _case(rng: np.random.Generator) -> Arguments:
    """Draw four to six runs; some of them diverge, and all of them are noisy."""
    epochs = integer(rng, 5, 8)
    rates = [str(rate) for rate in rng.choice(_RATES, size=integer(rng, 4, 6), replace=False)]
    return {"runs": {f"lr {rate}": _run(rng, epochs) for rate in rates}}


def _run(rng: np.random.Generator, epochs: int) -> list[float]:
    diverges = rng.random() < 0.3
    start = rng.uniform(1.6, 2.3)
    end = rng.uniform(2.4, 9) if diverges else rng.uniform(0.3, 1.6)
    clean = np.geomspace(start, end, epochs)
    return [round(float(v), 3) for v in clean * rng.uniform(0.75, 1.25, size=epochs)]


def _no_tie(a: Arguments) -> bool:
    """Whether some run learns, and no two losses that are compared are equal."""
    ends = [losses[-1] for losses in a["runs"].values()]
    learns = [losses for losses in a["runs"].values() if losses[-1] < losses[0]]
    return len(learns) > 1 and len(set(ends)) == len(ends)


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw a trap for each mistake, a case in which nothing diverges, and one where two do."""

    def diverging(a: Arguments) -> int:
        return len(sort_runs(**a)[0])

    traps = [
        lambda a, shown=shown: _no_tie(a) and shown(a)
        for shown in each_shows(sort_runs, MISCONCEPTIONS)
    ]
    counts = [lambda a, n=n: _no_tie(a) and diverging(a) == n for n in (0, 1, 2)]
    return covering(rng, _case, [*traps, *counts])


SORT_RUNS = Item(
    id="q16.sort_runs",
    signature="sort_runs(runs)",
    points=2,
    public=(
        {
            "runs": {
                "lr 0.001": [2.30, 2.29, 2.27, 2.24],
                "lr 0.01": [2.20, 1.80, 1.58, 1.44],
                "lr 0.1": [1.75, 1.31, 1.06, 0.88],
                "lr 1.0": [2.41, 2.39, 2.52, 2.47],
            }
        },
        {
            "runs": {
                "batch 2048": [2.29, 2.21, 2.08, 1.99],
                "batch 256": [1.98, 1.52, 1.58, 1.21],
                "batch 32": [1.52, 1.10, 0.79, 0.93],
            }
        },
        {
            "runs": {
                "lr 0.3, batch 16": [2.31, 2.33, 2.32, 2.35],
                "lr 0.3, batch 512": [1.71, 0.90, 1.08, 1.02],
                "lr 0.03, batch 16": [1.66, 1.22, 0.99, 0.95],
                "lr 3.0, batch 512": [4.10, 9.75, 2.30, 4.20],
                "lr 0.03, batch 512": [2.24, 1.99, 1.80, 1.66],
            }
        },
    ),
    hidden=_cases,
    reference=sort_runs,
    misconceptions=MISCONCEPTIONS,
)
