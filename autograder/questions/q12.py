"""Question 12: the method before: a bag of visual words and linear classifiers."""

from __future__ import annotations

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, whole_numbers
from autograder.questions.traps import tells_apart


def svm_weights(words: int, classes: int) -> int:
    """Return the weights of one linear classifier a class, biases included."""
    return classes * (words + 1)


_SVM_MISTAKES = (
    Misconception(
        "biases-forgotten",
        "The biases are forgotten. Each classifier adds one learned number to its sum.",
        "Write the score of one class as a sum. What stands after the products?",
        lambda words, classes: words * classes,
    ),
    Misconception(
        "one-bias",
        "There is one bias for all classes. Each classifier has one of its own.",
        "How many scores are computed, and what does each add at the end?",
        lambda words, classes: words * classes + 1,
    ),
    Misconception(
        "one-classifier",
        "Only one classifier is counted. There is one for each class.",
        "How many scores must be compared?",
        lambda **a: a["words"] + 1,
    ),
    Misconception(
        "pairs",
        "You counted a classifier for each pair of classes. Here each class has one, which tells "
        "it from all others.",
        "How many classifiers are there for 10 classes, one against the rest?",
        lambda words, classes: (words + 1) * (classes * (classes - 1) // 2),
    ),
    Misconception(
        "bias-per-word",
        "Every weight is given a bias. A score is one sum, with one bias.",
        "Write the score of one class as a sum. What stands after the products?",
        lambda words, classes: 2 * words * classes,
    ),
)

SVM_WEIGHTS = Item(
    id="q12.svm_weights",
    signature="svm_weights(words, classes)",
    points=1,
    public=(
        {"words": 1000, "classes": 10},
        {"words": 256, "classes": 5},
        {"words": 3, "classes": 2},
    ),
    hidden=lambda rng: [
        *covering(
            rng,
            lambda r: {"words": integer(r, 2, 5000), "classes": integer(r, 2, 100)},
            [tells_apart(svm_weights, _SVM_MISTAKES)] * 4,
        ),
        {"words": integer(rng, 2, 5000), "classes": 2},
    ],
    reference=svm_weights,
    misconceptions=_SVM_MISTAKES,
)


def bag_of_words(descriptors: Array, dictionary: Array) -> Array:
    """Return how many descriptors (N, D) lie nearest to each word of the dictionary (W, D)."""
    return _counts(_nearest(descriptors, dictionary), len(dictionary))


def _nearest(descriptors: Array, dictionary: Array) -> Array:
    nearest: Array = _distances(descriptors, dictionary).argmin(axis=1)
    return nearest


def _distances(descriptors: Array, dictionary: Array) -> Array:
    """Return the squared distance (N, W) of every descriptor to every word."""
    squares: Array = ((descriptors[:, None] - dictionary[None]) ** 2).sum(axis=2)
    return squares


def _counts(words: Array, length: int) -> Array:
    return np.bincount(words, minlength=length).astype(np.float64)


def _farthest(descriptors: Array, dictionary: Array) -> Array:
    return _counts(_distances(descriptors, dictionary).argmax(axis=1), len(dictionary))


def _largest_product(descriptors: Array, dictionary: Array) -> Array:
    return _counts((descriptors @ dictionary.T).argmax(axis=1), len(dictionary))


def _words(descriptors: Array, dictionary: Array) -> Array:
    return _nearest(descriptors, dictionary).astype(np.float64)


def _shortened(descriptors: Array, dictionary: Array) -> Array:
    return _counts(_nearest(descriptors, dictionary), 0)


_BAG_MISTAKES = (
    Misconception(
        "word-list",
        "This tells the word of each descriptor. The bag tells how often each word occurs.",
        "How long must the answer be for 300 descriptors and 1000 words?",
        _words,
    ),
    Misconception(
        "shortened",
        "The words after the last one that occurs are missing. All bags must be equally long.",
        "How often does a word occur that no descriptor is near to?",
        _shortened,
    ),
    Misconception(
        "presence",
        "You noted whether a word occurs. The bag counts how often.",
        "What do the numbers of a bag add up to?",
        lambda **a: np.minimum(bag_of_words(**a), 1),
    ),
    Misconception(
        "share",
        "You divided by the number of descriptors. Here the counts themselves are asked for.",
        "What do the numbers of a bag add up to?",
        lambda **a: bag_of_words(**a) / len(a["descriptors"]),
    ),
    Misconception(
        "farthest",
        "Each descriptor was given the word that is farthest away.",
        "Is the nearest word where the distance is smallest, or largest?",
        _farthest,
    ),
    Misconception(
        "largest-product",
        "You took the largest product. It prefers long words; the nearest one is asked for.",
        "What is the distance of two points, written with their differences?",
        _largest_product,
    ),
    Misconception(
        "whole-numbers",
        "The numbers of the descriptors and words are cut to whole ones. They may be fractions.",
        "Which word is nearest to 0.9: 0 or 1?",
        lambda **a: bag_of_words(**{name: np.trunc(array) for name, array in a.items()}),
    ),
)


def _bag(rng: np.random.Generator) -> Arguments:
    """Draw numbers of quarters, so that distances are exact."""
    words, length = integer(rng, 4, 7), integer(rng, 2, 4)
    return {
        "descriptors": whole_numbers(rng, (integer(rng, 9, 14), length), high=9) / 4,
        "dictionary": whole_numbers(rng, (words, length), high=9) / 4,
    }


def _no_tie(a: Arguments) -> bool:
    """Whether every descriptor is clearly nearest to one word."""
    nearest = np.sort(_distances(**a), axis=1)
    return bool((nearest[:, 1] - nearest[:, 0]).min() > 0.05)


def _fractions_decide(a: Arguments) -> bool:
    """Whether distances that are cut to whole numbers give another bag."""
    nearest = np.trunc(_distances(**a)).argmin(axis=1)
    return not np.array_equal(_counts(nearest, len(a["dictionary"])), bag_of_words(**a))


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw bags in which the last word occurs, and bags in which it does not."""
    all_but_one = tells_apart(bag_of_words, _BAG_MISTAKES, "shortened")
    apart = tells_apart(bag_of_words, _BAG_MISTAKES)
    return covering(
        rng,
        _bag,
        [
            *[lambda a: bag_of_words(**a)[-1] == 0 and _no_tie(a) and apart(a)] * 2,
            lambda a: bag_of_words(**a)[-1] > 0 and _no_tie(a) and all_but_one(a),
            lambda a: _fractions_decide(a) and _no_tie(a),
        ],
    )


_POINTS = np.array([[0, 1], [4, 5], [5, 4], [9, 0], [5, 5], [1, 0]], dtype=np.float64)
_CORNERS = np.array([[0, 0], [5, 5], [10, 0], [0, 10]], dtype=np.float64)

BAG_OF_WORDS = Item(
    id="q12.bag_of_words",
    signature="bag_of_words(descriptors, dictionary)",
    points=1,
    public=(
        {"descriptors": _POINTS, "dictionary": _CORNERS},
        {"descriptors": _POINTS, "dictionary": _CORNERS[:3]},
        {"descriptors": -_POINTS, "dictionary": np.array([[-8.0, -8], [-1, -2], [-4, -5]])},
    ),
    hidden=_cases,
    reference=bag_of_words,
    misconceptions=_BAG_MISTAKES,
)

QUESTION = Question(
    id="q12",
    assignment="tp2_from_scratch",
    title="The method before",
    items=(SVM_WEIGHTS, BAG_OF_WORDS),
    rubric=(
        Criterion(0.5, "10,010 weights against 1,191,170: about 119 times fewer."),
        Criterion(
            0.5,
            "The difference is in what is learned: the features of a bag of words are designed, "
            "and only the classifiers learn from labels; the network learns its features too.",
        ),
    ),
)
