"""Question 38: which of several runs, and which of its epochs, is the best?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, one_of
from autograder.questions.traps import each_shows

Run = dict[str, Any]
Batches = list[list[int]]  # [right answers, images] of each batch
Score = Callable[[Batches], float]


def choose_run(runs: list[Run]) -> list[int]:
    """Return [number of the run, from 0; number of its epoch, from 1] that is right most often."""
    return _best(runs, _accuracy)


def _accuracy(batches: Batches) -> float:
    return sum(right for right, _ in batches) / sum(images for _, images in batches)


def _epochs(runs: list[Run], part: str) -> Iterator[tuple[int, int, Batches]]:
    for number, run in enumerate(runs):
        for epoch, batches in enumerate(run.get(part) or run["validation"], start=1):
            yield number, epoch, batches


def _best(runs: list[Run], score: Score, part: str = "validation") -> list[int]:
    best = max(_epochs(runs, part), key=lambda each: score(each[2]))
    return [best[0], best[1]]


def _by(score: Score, part: str = "validation") -> Callable[..., list[int]]:
    return lambda runs: _best(runs, score, part)


def _shares(batches: Batches) -> list[float]:
    return [right / images for right, images in batches]


def _last_epoch(runs: list[Run]) -> list[int]:
    last = [(n, e, b) for n, e, b in _epochs(runs, "validation") if e == len(runs[n]["validation"])]
    best = max(last, key=lambda each: _accuracy(each[2]))
    return [best[0], best[1]]


def _mean_of_epochs(runs: list[Run]) -> list[int]:
    """Take the run that is best on average, and its best epoch."""

    def mean(number: int) -> float:
        return float(np.mean([_accuracy(batches) for batches in runs[number]["validation"]]))

    chosen = max((n for n, run in enumerate(runs) if run["validation"]), key=mean)
    return [chosen, _best([runs[chosen]], _accuracy)[1]]


MISCONCEPTIONS = (
    Misconception(
        "by-the-test",
        "You chose by the test images. What is chosen there looks better there than it is: nothing "
        "is left to measure with.",
        "Which images may help to choose?",
        _by(_accuracy, "test"),
    ),
    Misconception(
        "last-batch",
        "You looked at the last batch of an epoch alone: a few images that say little of the "
        "network.",
        "How many of the validation images does your number look at?",
        _by(lambda batches: _shares(batches)[-1]),
    ),
    Misconception(
        "batch-means",
        "You took the mean of the batches' accuracies. The last batch has fewer images, so each "
        "of them counts more than the others.",
        "Add up over all images, and divide once at the end.",
        _by(lambda batches: float(np.mean(_shares(batches)))),
    ),
    Misconception(
        "best-batch",
        "The best single batch decides. Of many small batches, one is always lucky.",
        "How many of the validation images does your number look at?",
        _by(lambda batches: max(_shares(batches))),
    ),
    Misconception(
        "last-epoch",
        "You compared the last epochs. With early stopping the best epoch of each run is kept.",
        "Which epoch's weights does a run hand over?",
        _last_epoch,
    ),
    Misconception(
        "mean-of-epochs",
        "The run that is best on average was chosen, so the one that learns fastest wins.",
        "How many of its epochs does a run hand over?",
        _mean_of_epochs,
    ),
    Misconception(
        "counted-from-0",
        "The epochs are counted from 0. The first one has the number 1.",
        "Which index has the first element of a list?",
        lambda runs: [choose_run(runs)[0], choose_run(runs)[1] - 1],
    ),
    Misconception(
        "runs-counted-from-1",
        "The runs are counted from 1. The number is the index in the list.",
        "Which run is runs[0]?",
        lambda runs: [choose_run(runs)[0] + 1, choose_run(runs)[1]],
    ),
    Misconception(
        "worst",
        "This is the epoch with the fewest right answers.",
        "What is counted in a batch: the right answers, or the wrong ones?",
        _by(lambda batches: -_accuracy(batches)),
    ),
)


def _batches(rng: np.random.Generator, images: int, size: int, accuracy: float) -> Batches:
    sizes = [min(size, images - start) for start in range(0, images, size)]
    return [[int(rng.binomial(n, accuracy)), n] for n in sizes]


def _search(rng: np.random.Generator) -> Arguments:
    """Draw four to six runs of a few epochs; now and then one diverged, some in epoch 1."""
    images, tested = integer(rng, 130, 200), integer(rng, 90, 120)
    runs = []
    for _ in range(integer(rng, 4, 6)):
        size = one_of(rng, (16, 32, 64))
        epochs = integer(rng, 0, 1) if rng.random() < 0.2 else integer(rng, 3, 5)
        accuracies = rng.uniform(0.55, 0.75, size=epochs)
        runs.append(
            {
                "lr": float(f"{10 ** rng.uniform(-3, -0.5):.2g}"),
                "validation": [_batches(rng, images, size, each) for each in accuracies],
                "test": [_batches(rng, tested, size, each) for each in accuracies],
            }
        )
    return {"runs": runs}


def _clear(a: Arguments) -> bool:
    """Whether two runs at least are there to choose from, and no two epochs come out alike."""
    scores = sorted(_accuracy(batches) for _, _, batches in _epochs(a["runs"], "validation"))
    learned = sum(len(run["validation"]) > 0 for run in a["runs"])
    return learned > 1 and scores[-1] > scores[-2]


def _one_diverged_at_once(a: Arguments) -> bool:
    return _clear(a) and not all(run["validation"] for run in a["runs"])


def _narrow(rng: np.random.Generator) -> Arguments:
    """Draw three runs of one epoch, of which the second is right once more on 2,500 images.

    To three digits their accuracies are the same. No record holds a test.
    """
    right = 5 * integer(rng, 300, 400)
    firsts = [integer(rng, 700, 800) for _ in range(3)]
    ends = [(first, right + more - first) for first, more in zip(firsts, (0, 1, 0), strict=True)]
    return {"runs": [{"lr": 0.1, "validation": [[[a, 1250], [b, 1250]]]} for a, b in ends]}


def _cases(rng: np.random.Generator) -> list[Arguments]:
    shown = [
        lambda a, shown=shown: _clear(a) and shown(a)
        for shown in each_shows(choose_run, MISCONCEPTIONS)
    ]
    return [*covering(rng, _search, [*shown, _one_diverged_at_once]), _narrow(rng)]


_THREE_RUNS: list[Run] = [
    {
        "lr": 0.3,
        "validation": [[[20, 32], [19, 32], [2, 6]], [[23, 32], [22, 32], [3, 6]]],
        "test": [[[19, 32], [8, 8]], [[22, 32], [7, 8]]],
    },
    {
        "lr": 0.03,
        "validation": [[[18, 32], [17, 32], [4, 6]], [[21, 32], [22, 32], [6, 6]]],
        "test": [[[16, 32], [4, 8]], [[21, 32], [5, 8]]],
    },
    {
        "lr": 0.1,
        "validation": [[[24, 32], [25, 32], [3, 6]], [[22, 32], [24, 32], [2, 6]]],
        "test": [[[20, 32], [5, 8]], [[21, 32], [6, 8]]],
    },
]
_ONE_DIVERGED: list[Run] = [
    {"lr": 3.0, "validation": [], "test": []},
    {
        "lr": 0.2,
        "validation": [[[40, 64], [4, 6]], [[43, 64], [5, 6]], [[44, 64], [3, 6]]],
        "test": [[[20, 32], [5, 8]], [[22, 32], [6, 8]], [[23, 32], [6, 8]]],
    },
    {"lr": 1.0, "validation": [[[11, 64], [1, 6]]], "test": [[[5, 32], [1, 8]]]},
]

CHOOSE_RUN = Item(
    id="q38.choose_run",
    signature="choose_run(runs)",
    points=2,
    public=({"runs": _THREE_RUNS}, {"runs": _ONE_DIVERGED}),
    hidden=_cases,
    reference=choose_run,
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q38",
    assignment="tp4_search",
    title="The search",
    items=(CHOOSE_RUN,),
    rubric=(
        Criterion(0.5, "The search in numbers of one's own: runs, epochs, best and worst run."),
        Criterion(0.5, "Names the setting that mattered most, and reads it off the figure."),
        Criterion(
            0.5, "How many epochs early stopping saved, and whether it stopped a run too soon."
        ),
        Criterion(0.5, "Says how far to trust it: few runs, a share of the images, one seed each."),
    ),
)
