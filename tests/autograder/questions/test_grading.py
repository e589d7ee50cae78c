import numpy as np
import pytest

from autograder.questions import Case, assignment, cases, get, judge, question
from autograder.questions.draw import covering, integer
from convbook.errors import GradingError

ITEM = get("q01.output_size")
RIGHT = ITEM.reference


def drawn():
    return cases(ITEM, np.random.default_rng(0))


def outcomes(function):
    return [{"value": function(**case.arguments)} for case in drawn()]


def test_public_cases_come_first_and_are_copies():
    first = drawn()
    assert [case.public for case in first[:5]] == [True] * 5
    assert not any(case.public for case in first[5:])
    first[0].arguments["x"] = 1000
    assert drawn()[0].arguments["x"] == 7


def test_all_right():
    result = judge(ITEM, drawn(), outcomes(RIGHT))
    assert result["passed"]
    assert result["points"] == result["max_points"] == 2
    assert result["first_failure"] is result["misconception"] is None
    assert all(case["passed"] for case in result["cases"])


def test_the_first_public_failure_is_shown_with_its_case():
    result = judge(ITEM, drawn(), outcomes(lambda **_: [0, 0]))
    assert result["first_failure"] == {
        "public": True,
        "arguments": {"x": 7, "y": 7, "k": 3, "p": 0, "s": 1},
        "expected": [5, 5],
        "got": [0, 0],
        "problem": "At index 0: 5 was expected, 0 came.",
    }
    assert result["misconception"] is None


def test_hidden_failures_stay_hidden():
    given = outcomes(RIGHT)
    given[-1] = {"value": [0, 0]}
    result = judge(ITEM, drawn(), given)
    assert result["points"] == 0
    assert result["first_failure"] == {"public": False}
    assert result["cases"][-1] == {"public": False, "passed": False, "problem": None}


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        ({"timeout": True}, "Your function did not come back in time."),
        ({"died": True}, "Python died while your function was running."),
        ({"error": {"type": "ZeroDivisionError", "message": "by zero"}}, "ZeroDivisionError"),
        ({"error": {"type": "NotImplementedError", "message": ""}}, "not written yet"),
        ({"value": object()}, "object of type object"),
        ({"value": True}, "a list or a tuple was expected, True, of type bool, came."),
    ],
)
def test_outcomes_that_are_no_values(outcome, problem):
    result = judge(ITEM, drawn(), [outcome, *outcomes(RIGHT)[1:]])
    assert result["points"] == 0
    assert problem in result["first_failure"]["problem"]


def test_missing_outcomes_count_as_died():
    result = judge(ITEM, drawn(), outcomes(RIGHT)[:2])
    assert not result["passed"]
    assert "died" in result["first_failure"]["problem"]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"flowers"}, None),
        ({"flowers", "smiles"}, None),
        ({"photographs", "satellite", "flowers", "galaxy kind", "smiles"}, "never"),
    ],
)
def test_a_mistake_has_a_name_only_if_it_shows_where_that_name_would(wrong, name):
    flip = get("q23.flip_keeps_label")
    drawn = cases(flip, np.random.default_rng(0))
    outcomes = [
        {"value": flip.reference(**case.arguments) != (case.arguments["task"] in wrong)}
        for case in drawn
    ]
    result = judge(flip, drawn, outcomes)
    assert not result["passed"]
    assert result["misconception"] == name


def test_more_outcomes_than_cases_are_an_error():
    with pytest.raises(GradingError, match="17 outcomes for 16 cases"):
        judge(ITEM, drawn(), [*outcomes(RIGHT), {"died": True}])


def test_by_case_gives_the_share_of_hidden_cases():
    item = get("q02.inputs_seen")
    given = [
        Case({"kind": kind, "x": 9, "y": 8, "z": 3, "k": 5}, public=False)
        for kind in ("conv", "conv", "conv", "dense")
    ]
    values = [{"value": 75}, {"value": 75}, {"value": 0}, {"value": 216}]
    assert judge(item, given, values)["points"] == 0.75


def test_public_cases_alone_earn_nothing():
    item = get("q02.inputs_seen")
    known = cases(item, np.random.default_rng(0))
    values = [{"value": item.reference(**case.arguments) if case.public else -1} for case in known]
    assert judge(item, known, values)["points"] == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get("p01"), r"question 'p01'[\s\S]*did you mean q01"),
        (lambda: get("q01.output"), r"item 'q01.output'[\s\S]*did you mean q01.output_size"),
        (lambda: assignment("tp1"), r"practical 'tp1'[\s\S]*tp1_layers"),
        (lambda: question("zzz"), "correct the name"),
    ],
)
def test_unknown_names(call, message):
    with pytest.raises(GradingError, match=message):
        call()


def test_covering_fulfils_every_condition_or_says_so():
    rng = np.random.default_rng(0)
    conditions = [lambda a, n=n: a["n"] == n for n in range(1, 10)]
    found = covering(rng, lambda r: {"n": integer(r, 1, 9)}, conditions)
    assert [a["n"] for a in found] == list(range(1, 10))
    with pytest.raises(GradingError, match="none of which fulfils"):
        covering(rng, lambda r: {"n": integer(r, 1, 9)}, [lambda a: a["n"] == 10])
