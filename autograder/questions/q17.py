"""Question 17: the loss before anything is learned."""

from __future__ import annotations

import math

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.runs import ReadingItem
from autograder.questions.traps import tells_apart

Scores = list[float]


def at_the_start(classes: int) -> list[float]:
    """Return the loss (nats) and the accuracy of a network that gives all classes the same."""
    return [math.log(classes), 1 / classes]


_START_MISTAKES = (
    Misconception(
        "ten-classes",
        "These are the values for 10 classes. The number of classes is given.",
        "What is the probability of the right class among `classes` equal ones?",
        lambda **_: at_the_start(10),
    ),
    Misconception(
        "log-10",
        "The logarithm is to the base 10. The loss of torch uses the natural one.",
        "What is the difference between math.log and math.log10?",
        lambda classes: [math.log10(classes), 1 / classes],
    ),
    Misconception(
        "log-2",
        "The logarithm is to the base 2. The loss of torch uses the natural one.",
        "What is the difference between math.log and math.log2?",
        lambda classes: [math.log2(classes), 1 / classes],
    ),
    Misconception(
        "negative",
        "The loss is negative. It is minus the logarithm of a probability, which is below 1.",
        "What is the sign of ln(1/10)?",
        lambda classes: [-math.log(classes), 1 / classes],
    ),
    Misconception(
        "probability",
        "The loss is taken for the probability of the right class.",
        "Which function turns a probability of 1 into a loss of 0?",
        lambda classes: [1 / classes, 1 / classes],
    ),
    Misconception(
        "percent",
        "The accuracy is in per cent. It is a share, between 0 and 1.",
        "What is the accuracy when every answer is right?",
        lambda classes: [math.log(classes), 100 / classes],
    ),
    Misconception(
        "errors",
        "This is the share of wrong answers. The accuracy is that of the right ones.",
        "How often is a guess among 10 classes right?",
        lambda classes: [math.log(classes), 1 - 1 / classes],
    ),
)

AT_THE_START = Item(
    id="q17.at_the_start",
    signature="at_the_start(classes)",
    points=1,
    public=({"classes": 10}, {"classes": 2}, {"classes": 1000}),
    hidden=lambda rng: covering(
        rng,
        lambda r: {"classes": integer(r, 3, 300)},
        [tells_apart(at_the_start, _START_MISTAKES)] * 3,
    ),
    reference=at_the_start,
    misconceptions=_START_MISTAKES,
)


def loss_of(scores: Scores, label: int) -> float:
    """Return the cross-entropy (nats) of one image, of scores of any size."""
    largest = max(scores)
    return largest - scores[label] + math.log(sum(math.exp(s - largest) for s in scores))


def _probability(scores: Scores, label: int) -> float:
    return math.exp(-loss_of(scores, label))


def _logarithm_last(scores: Scores, label: int) -> float:
    probability = math.exp(scores[label] - max(scores)) / sum(
        math.exp(score - max(scores)) for score in scores
    )
    return -math.log(probability) if probability else math.inf


def _all_classes(scores: Scores, label: int) -> float:
    del label
    return sum(loss_of(scores, i) for i in range(len(scores))) / len(scores)


_LOSS_MISTAKES = (
    Misconception(
        "softmax-missing",
        "The score itself is taken. First the scores must become probabilities that add up to 1.",
        "By what must exp(score) be divided?",
        lambda scores, label: -scores[label],
    ),
    Misconception(
        "sign",
        "The sign is wrong: a loss is large when the right class has a small probability.",
        "What is the loss when the right class has a probability of 1, and of nearly 0?",
        lambda **a: -loss_of(**a),
    ),
    Misconception(
        "probability",
        "This is the probability of the right class. The loss is minus its logarithm.",
        "Which function turns a probability of 1 into a loss of 0?",
        _probability,
    ),
    Misconception(
        "one-minus",
        "You took 1 minus the probability. The loss is minus its logarithm.",
        "How large is the loss when the right class has a probability of nearly 0?",
        lambda **a: 1 - _probability(**a),
    ),
    Misconception(
        "log-10",
        "The logarithm is to the base 10. The loss of torch uses the natural one.",
        "What is the difference between math.log and math.log10?",
        lambda **a: loss_of(**a) / math.log(10),
    ),
    Misconception(
        "log-2",
        "The logarithm is to the base 2. The loss of torch uses the natural one.",
        "What is the difference between math.log and math.log2?",
        lambda **a: loss_of(**a) / math.log(2),
    ),
    Misconception(
        "all-classes",
        "You averaged over all classes. Only the right class counts.",
        "For what is the argument `label` needed?",
        _all_classes,
    ),
    Misconception(
        "counted-from-one",
        "The classes are counted from 1. Labels begin at 0.",
        "scores[label] must be the score of the right class.",
        lambda scores, label: loss_of(scores, label - 1),
    ),
    Misconception(
        "underflow",
        "A probability became exactly 0, since no float is that small, and so the loss became "
        "infinite.",
        "What is the logarithm of a quotient, and what that of a power of e?",
        _logarithm_last,
    ),
)


def _scores(rng: np.random.Generator) -> Arguments:
    scores = [round(float(s), 2) for s in rng.normal(0, 2, size=integer(rng, 3, 10))]
    return {"scores": scores, "label": integer(rng, 0, len(scores) - 1)}


def _large(rng: np.random.Generator) -> Arguments:
    """Draw scores whose powers of e no float can hold."""
    a = _scores(rng)
    return a | {"scores": [score + 10 * integer(rng, 90, 95) for score in a["scores"]]}


def _far_apart(rng: np.random.Generator) -> Arguments:
    """Draw scores of which one is so large that no float can hold the others' probabilities.

    It is neither the first one nor the right one, and lies far above the mean of them all.
    """
    a = _scores(rng)
    return a | {"scores": [*a["scores"], 10.0 * integer(rng, 90, 95), *[0.0] * 6]}


def _small(rng: np.random.Generator) -> Arguments:
    """Draw scores whose powers of e are all 0 for a float."""
    a = _scores(rng)
    return a | {"scores": [score - 10 * integer(rng, 90, 95) for score in a["scores"]]}


_tells = tells_apart(loss_of, _LOSS_MISTAKES, "underflow")

LOSS_OF = Item(
    id="q17.loss_of",
    signature="loss_of(scores, label)",
    points=1,
    public=(
        {"scores": [0.0, 0.0, 0.0, 0.0], "label": 2},
        {"scores": [2.0, -1.0, 0.5], "label": 0},
        {"scores": [2.0, -1.0, 0.5], "label": 1},
        {"scores": [1000.0, 998.0, 990.0], "label": 1},
        {"scores": [1000.0, 0.0, -1.0], "label": 1},
        {"scores": [-1000.0, -998.0, -1003.0], "label": 0},
    ),
    hidden=lambda rng: [
        *covering(rng, _scores, [_tells] * 3),
        *covering(rng, _large, [lambda a: loss_of(**a) > 1]),
        *covering(rng, lambda r: _scores(r) | {"label": 0}, [lambda a: loss_of(**a) > 0.5]),
        _far_apart(rng),
        _small(rng),
    ],
    reference=loss_of,
    misconceptions=_LOSS_MISTAKES,
    forbidden=("torch.*cross_entropy*", "torch.*log_softmax*"),
)

QUESTION = Question(
    id="q17",
    assignment="tp2_from_scratch",
    title="The loss at the very start",
    items=(AT_THE_START, LOSS_OF),
    runs=(ReadingItem(id="q17.my_start", step="base", points=1),),
    rubric=(
        Criterion(0.5, "ln 10 = 2.30 and 10 %: equal probabilities for all ten classes."),
        Criterion(
            0.5,
            "Its use: a baseline, and a test of the set-up. A run that starts far above is wrong "
            "about something, such as the scale of weights or inputs.",
        ),
    ),
)
