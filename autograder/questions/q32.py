"""Question 32: choose dropout's probability from recorded runs, by validation."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.runs import ReadingItem, RunItem

Run = dict[str, Any]


def choose_p(runs: list[Run]) -> float:
    """Return the p whose runs have the highest mean of their best validation accuracy."""
    return _best(runs, lambda run: max(run["validation"]))


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
        lambda runs: _best(runs, lambda run: max(run["validation"]), max),
    ),
    Misconception(
        "worst-run",
        "The worst run of each p decides. With several runs of one p, chance is in the worst of "
        "them too.",
        "What do several seeds of one p tell that one does not?",
        lambda runs: _best(runs, lambda run: max(run["validation"]), min),
    ),
    Misconception(
        "median",
        "The median over the runs of one p decides. Here their mean is asked for.",
        "What are the median and the mean of 0.5, 0.7 and 0.8?",
        lambda runs: _best(runs, lambda run: max(run["validation"]), median),
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
        lambda runs: _best(runs, lambda run: max(run["validation"]), sum),
    ),
)


def _runs(rng: np.random.Generator) -> Arguments:
    """Draw two or three runs of each of five values of p."""
    runs = []
    for p in sorted(rng.choice([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 5, replace=False)):
        for _ in range(integer(rng, 2, 3)):
            columns = rng.uniform(0.5, 0.9, size=(3, integer(rng, 4, 6))).round(3).tolist()
            runs.append(_run(float(p), *columns))
    return {"runs": [runs[place] for place in rng.permutation(len(runs))]}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw a sweep for each mistake that it gets wrong; nowhere do two p come out alike."""

    def shows(known: Misconception) -> Callable[[Arguments], bool]:
        return lambda a: _is_clear(a) and bool(known.wrong(**a) != choose_p(**a))

    return covering(rng, _runs, [shows(known) for known in MISCONCEPTIONS])


def _is_clear(a: Arguments) -> bool:
    scores = _scores(a["runs"], lambda run: max(run["validation"]), _mean)
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

CHOOSE_P = Item(
    id="q32.choose_p",
    signature="choose_p(runs)",
    points=1,
    public=({"runs": _ONE_EACH}, {"runs": _SEEDS}, {"runs": [*_SEEDS, *_ONE_EACH[::2]]}),
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
