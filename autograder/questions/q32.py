"""Question 32: choose dropout's probability from recorded runs, by validation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from statistics import median
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.runs import ReadingItem, RunItem

Run = dict[str, Any]


def choose_p(runs: list[Run]) -> float:
    """Return the p whose runs have the highest mean of their best validation accuracy."""
    return _best(runs, _highest)


def _highest(run: Run) -> float:
    return float(max(run["validation"]))


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _best(
    runs: list[Run], score: Callable[[Run], float], over: Callable[[list[float]], float] = _mean
) -> float:
    """Return the p of the highest score, taken `over` the runs of one p."""
    scores = _scores(runs, score, over)
    return max(scores, key=lambda p: scores[p])


def _scores(
    runs: list[Run], score: Callable[[Run], float], over: Callable[[list[float]], float]
) -> dict[float, float]:
    found: dict[float, list[float]] = {}
    for run in runs:
        found.setdefault(run["p"], []).append(score(run))
    return {p: over(scores) for p, scores in found.items()}


def _by(column: str) -> Callable[[list[Run]], float]:
    return lambda runs: _best(runs, lambda run: max(run[column]))


MISCONCEPTIONS = (
    Misconception(
        "by-the-test",
        "You chose by the test accuracy. What is chosen on the test looks better there than it is: "
        "nothing is left to measure with.",
        "Which images may help to choose?",
        _by("test"),
    ),
    Misconception(
        "by-the-training",
        "You chose by the training accuracy. Dropout makes it worse, so the smallest p wins.",
        "On which images shall the network be good?",
        _by("train"),
    ),
    Misconception(
        "luckiest-run",
        "The single best run decides. With several runs of one p, chance is in the best of them.",
        "What do several seeds of one p tell that one does not?",
        lambda runs: _best(runs, _highest, max),
    ),
    Misconception(
        "worst-run",
        "The worst run of each p decides. With several runs of one p, chance is in the worst of "
        "them too.",
        "What do several seeds of one p tell that one does not?",
        lambda runs: _best(runs, _highest, min),
    ),
    Misconception(
        "median",
        "The median over the runs of one p decides. Here their mean is asked for.",
        "What are the median and the mean of 0.5, 0.7 and 0.8?",
        lambda runs: _best(runs, _highest, median),
    ),
    Misconception(
        "last-epoch",
        "The last epoch decides. With early stopping, a run is worth its best epoch.",
        "At which epoch would you have stopped?",
        lambda runs: _best(runs, lambda run: run["validation"][-1]),
    ),
    Misconception(
        "all-epochs",
        "The mean over all epochs decides, so the run that learns fastest wins.",
        "At which epoch would you have stopped?",
        lambda runs: _best(runs, lambda run: _mean(run["validation"])),
    ),
    Misconception(
        "smallest-gap",
        "The smallest gap between training and validation decides. A network that learns nothing "
        "has no gap.",
        "Which accuracy shall be high?",
        lambda runs: _best(runs, lambda run: max(run["validation"]) - max(run["train"])),
    ),
    Misconception(
        "more-runs-win",
        "The accuracies of one p are added up, so the p with more runs wins.",
        "Has every p the same number of runs?",
        lambda runs: _best(runs, _highest, sum),
    ),
)


def _runs(rng: np.random.Generator) -> Arguments:
    """Draw two or three runs of each of five values of p, no two of which come out alike."""
    values = rng.permutation(9)[:5] / 10
    while True:
        columns = rng.uniform(0.5, 0.9, size=(15, 3, integer(rng, 4, 6))).round(3).tolist()
        order = [place for place in rng.permutation(15) if place < 10 or rng.random() < 0.5]
        runs = [_run(float(values[place % 5]), *columns[place]) for place in order]
        if _is_clear(runs):
            return {"runs": runs}


# Nearly the mean over the runs of one p.
_NEARLY: tuple[Callable[[list[float]], float], ...] = (
    lambda scores: reduce(lambda mean, score: (mean + score) / 2, scores),
    lambda scores: (min(scores) + max(scores)) / 2,
    lambda scores: _mean(scores[:2]),
)


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw a sweep for each mistake, known or near, that it gets wrong; then two special ones."""

    def shows(wrong: Callable[[list[Run]], float]) -> Callable[[Arguments], bool]:
        return lambda a: bool(wrong(a["runs"]) != choose_p(a["runs"]))

    wrong: list[Callable[[list[Run]], float]] = [
        *(known.wrong for known in MISCONCEPTIONS),
        *(partial(_best, score=_highest, over=over) for over in _NEARLY),
    ]
    return [
        *covering(rng, _runs, [shows(each) for each in wrong]),
        _zero_is_best(rng),
        _close(rng),
    ]


def _zero_is_best(rng: np.random.Generator) -> Arguments:
    best, other = rng.uniform(0.75, 0.9), rng.uniform(0.5, 0.7)
    return {"runs": [_alike(0.0, best), _alike(integer(rng, 1, 8) / 10, other)]}


def _close(rng: np.random.Generator) -> Arguments:
    """Draw two p that are the same to two digits; the smaller one comes first and is worse."""
    p, digits = integer(rng, 1, 6) / 10, integer(rng, 60, 80) / 100
    return {"runs": [_alike(p, digits + 0.001), _alike(round(p + 0.2, 1), digits + 0.004)]}


def _alike(p: float, best: float) -> Run:
    """Return a run with the same accuracies on all images."""
    column = [round(best - 0.1, 3), round(best, 3)]
    return _run(p, column, column, column)


def _is_clear(runs: list[Run]) -> bool:
    scores = _scores(runs, _highest, _mean)
    second, first = sorted(scores.values())[-2:]
    return first - second > 0.002


def _run(p: float, train: list[float], validation: list[float], test: list[float]) -> Run:
    return {"p": p, "train": train, "validation": validation, "test": test}


_ONE_EACH = [
    _run(0.2, [0.62, 0.85, 0.99], [0.60, 0.71, 0.70], [0.61, 0.70, 0.74]),
    _run(0.5, [0.55, 0.74, 0.86], [0.57, 0.70, 0.75], [0.58, 0.71, 0.73]),
    _run(0.8, [0.35, 0.45, 0.52], [0.40, 0.50, 0.56], [0.41, 0.49, 0.57]),
]
_SEEDS = [
    _run(0.3, [0.6, 0.8, 0.9], [0.60, 0.79, 0.70], [0.6, 0.7, 0.7]),
    _run(0.5, [0.5, 0.7, 0.8], [0.60, 0.70, 0.76], [0.6, 0.7, 0.8]),
    _run(0.3, [0.6, 0.8, 0.9], [0.60, 0.66, 0.64], [0.6, 0.8, 0.9]),
    _run(0.5, [0.5, 0.7, 0.8], [0.58, 0.69, 0.74], [0.6, 0.7, 0.7]),
]
_WITHOUT = _run(0.0, [0.66, 0.90, 0.99], [0.65, 0.78, 0.74], [0.64, 0.76, 0.73])

CHOOSE_P = Item(
    id="q32.choose_p",
    signature="choose_p(runs)",
    points=1,
    public=(
        {"runs": _ONE_EACH},
        {"runs": _SEEDS},
        {"runs": [*_SEEDS, *_ONE_EACH[::2]]},
        {"runs": [_WITHOUT, *_ONE_EACH[1:]]},
    ),
    hidden=_cases,
    reference=choose_p,
    misconceptions=MISCONCEPTIONS,
)

SWEEP = ("p-1", "p-2", "p-3", "p-4")

QUESTION = Question(
    id="q32",
    assignment="tp3_improvements",
    title="The hyper-parameter of dropout",
    items=(CHOOSE_P,),
    runs=(
        RunItem(id="q32.run", step="p", points=1, sweep=SWEEP),
        ReadingItem(id="q32.my_p", step="p", points=1, sweep=SWEEP),
    ),
    rubric=(
        Criterion(
            0.5, "Small p: little effect, overfitting stays. Large p: it underfits, and slowly."
        ),
        Criterion(0.5, "Why the choice is made on validation images, and the test used once."),
        Criterion(0.5, "Says whether the differences between the p exceed those between seeds."),
    ),
)
