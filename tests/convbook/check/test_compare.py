import numpy as np
import pytest

from convbook.check.compare import difference
from convbook.check.diagnose import MOST, Mistake, Verdict, diagnose

NAN = float("nan")
RIGHT = [
    (3, 3, 0),
    (2**80, 2**80, 0),
    (0.5, 0.5 + 1e-6, 1e-4),
    (1000.0, 1000.05, 1e-4),
    (2.0, 2, 0),
    (NAN, NAN, 0),
    ([3, 4], np.array([3, 4]), 0),
    ([0.5], [0.5], 0),
    (np.array([1.0, 2.0]), [1, 2], 0),
    (np.array([1.0, NAN]), np.array([1.0, NAN]), 0),
    ({"a": 1, "b": None}, {"b": None, "a": 1}, 0),
    (None, None, 0),
    ("a", "a", 0),
    (True, True, 0),
]


@pytest.mark.parametrize(("expected", "got", "tolerance"), RIGHT)
def test_right(expected, got, tolerance):
    assert difference(expected, got, tolerance) is None


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (3, 4, "3 was expected, 4 came."),
        (3, 3.0, "The value is right, but 3.0 is a float. int(3.0) is the whole number"),
        (3, 4.0, "4.0 is a float, and a whole number of type int is needed. Functions such as"),
        (3, 3.5, "3.5 is a float, and a whole number of type int is needed. Functions such as"),
        (1, True, "a whole number was expected, True, of type bool, came."),
        (3, "3", "a whole number was expected, '3', of type str, came."),
        (3, None, "nothing (None): is a return missing?"),
        (3, np.array([3]), "an array of shape (1,)"),
        (0.5, 0.6, "0.5 was expected, 0.6 came."),
        (0.5, NAN, "not a number (nan): 0.5 was expected"),
        (0.5, True, "a number was expected, True"),
        (NAN, 0.5, "nan was expected, 0.5 came"),
        (0.5, 10**400, "0.5 was expected, 1000"),
        (float("inf"), 10**400, "inf was expected, 1000"),
        ([0.5], [-(10**400)], "At index 0: 0.5 was expected, -1000"),
        (True, 1, "True was expected, 1 came"),
        (None, 0, "None was expected, 0 came"),
        (None, False, "None was expected, False came"),
        ([3, 4], [3], "2 values were expected, 1 came."),
        ([3, 4], [3, 5], "At index 1: 4 was expected, 5 came."),
        ([3, 4], [3, 4.0], "At index 1: The value is right, but 4.0 is a float"),
        ([3, 4], 3, "a list or a tuple was expected, 3, of type int, came."),
        ([[1], None], [[2], None], "At index 0: At index 0: 1 was expected"),
        ({"a": 1}, {"b": 1}, "The keys ['a'] were expected, ['b'] came."),
        ({"a": 1}, {"a": 2}, "a: 1 was expected, 2 came."),
        ({"a": 1}, [1], "a dict was expected"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "The shape (2, 3) was expected, (3, 2) came."),
        (np.zeros(3), np.array([0, 1, 2]), "2 of 3 numbers are wrong. The first one is at index"),
        (np.zeros((1, 2)), np.array([[0, NAN]]), "index (0, 1) is not a number (nan)"),
        (np.zeros(2), [[1], [2, 3]], "an array of numbers was expected"),
        (np.zeros(1), ["a"], "an array of numbers was expected"),
        (np.zeros(1), "cannot be computed", "'cannot be computed', of type str"),
    ],
)
def test_wrong(expected, got, words):
    assert words in (difference(expected, got, 1e-4) or "")


def mistake(name, *values):
    return Mistake(name, "words", "hint", values)


@pytest.mark.parametrize(
    ("got", "named"),
    [
        ((1, 2, 3), None),  # all right
        ((1, 9, 9), "both"),  # agrees on both failing cases
        ((1, 9, 3), "first"),  # the one that agrees with the right case too
        ((1, 8, 9), None),  # one failing case is not explained
        ((1, 9, 8), None),  # nor here
        ((1, 2, 7), None),  # no mistake gives 7
    ],
)
def test_a_mistake_is_named_only_if_it_explains_every_failure(got, named):
    mistakes = [mistake("both", 1, 9, 9), mistake("first", 1, 9, 3)]
    verdict = diagnose((1, 2, 3), [{"value": value} for value in got], mistakes, 0)
    assert (verdict.mistake.id if verdict.mistake else None) == named
    assert verdict.passed == (got == (1, 2, 3))


def test_a_mistake_that_is_right_on_a_failing_case_is_not_named():
    verdict = diagnose((1, 2), [{"value": 1}, {"value": 2.0}], [mistake("same", 1, 2)], 0)
    assert "2.0 is a float" in verdict.problems[1]
    assert verdict.mistake is None


def test_nothing_is_named_when_a_call_failed():
    outcomes = [{"value": 9}, {"timeout": True}]
    assert diagnose((1, 2), outcomes, [mistake("nine", 9, 9)], 0).mistake is None


@pytest.mark.parametrize("kind", ["CheckFailed", "NotAllowedHere", "ValueError"])
@pytest.mark.parametrize("message", ["", " \n"])
def test_an_error_without_a_word_is_wrong(kind, message):
    verdict = diagnose([1], [{"error": {"type": kind, "message": message}}], (), 0)
    assert not verdict.passed
    assert kind in verdict.problems[0]


def test_only_nothing_is_right():
    assert Verdict((None, None), None).passed
    assert not Verdict((None, ""), None).passed


def test_what_is_wrong_is_told_in_few_words():
    many = {str(number): 0 for number in range(60_000)}
    for expected in ({"a": 1}, [1], 1.0, np.zeros(3)):
        verdict = diagnose([expected], [{"value": many}], (), 0)
        assert 0 < len(verdict.problems[0]) <= MOST
