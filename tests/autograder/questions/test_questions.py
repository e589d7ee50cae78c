"""Every question: right answers in any dress get full marks, wrong ones do not and are named."""

import numpy as np
import pytest

from autograder.questions import ASSIGNMENTS, assignment, cases, get, judge
from convbook.check.measures import MEASURES
from tests.autograder.questions import rates
from tests.autograder.questions.rates import SEEN, VARIANTS, faults, rate, values
from tests.autograder.questions.solved import answer, verdict

QUESTIONS = [question for name in ASSIGNMENTS for question in assignment(name)]
ITEMS = [item for question in QUESTIONS for item in question.items]
KNOWN = [(item, known) for item in ITEMS for known in item.misconceptions]
SEEDS = range(4)
OTHER_EDITION = ("q05b", "q06b")


def name(value):
    return value.id if hasattr(value, "id") else None


def test_the_practicals_are_whole():
    first_edition = [question.id for question in QUESTIONS if question.id not in OTHER_EDITION]
    assert first_edition == [f"q{n:02}" for n in range(1, 40)]
    points = {name: sum(q.points for q in assignment(name) if not q.bonus) for name in ASSIGNMENTS}
    assert points == {
        "tp1_layers": 40,
        "tp2_from_scratch": 52,
        "tp3_improvements": 60,
        "tp4_search": 21,
    }
    extra = {q.id: q.points for q in QUESTIONS if q.bonus}
    assert extra == dict.fromkeys([*OTHER_EDITION, "q21", "q25", "q28"], 3)
    assert all(question.items and question.rubric for question in QUESTIONS)
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert all(get(item.id) is item for item in ITEMS)


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_an_item_is_whole(item):
    ids = [known.id for known in item.misconceptions]
    texts = [words for known in item.misconceptions for words in (known.words, known.hint)]
    assert len(item.public) >= 2
    assert len(cases(item, np.random.default_rng(0))) >= len(item.public) + 3
    assert len(set(ids)) == len(ids) >= 5
    assert all(15 < len(words) < 250 and words[-1] in "?." for words in texts)
    assert item.signature.startswith(item.function + "(")


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_hidden_cases_follow_the_seed(item):
    first, again, other = (
        repr(cases(item, np.random.default_rng(seed))[len(item.public) :]) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_the_solution_gets_full_marks(item):
    for seed in SEEDS:
        result = verdict(item, answer(item.id), seed)
        assert result["passed"], result
        assert result["points"] == item.points


@pytest.mark.parametrize(("item", "known"), KNOWN, ids=name)
def test_a_misconception_is_named_and_costs_points(item, known):
    for seed in SEEDS:
        result = values(item, known.wrong, seed)
        assert result["misconception"] == known.id
        assert result["points"] < item.points
        assert (result["words"], result["hint"]) == (known.words, known.hint)


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_a_misconception_fails_on_hidden_cases_alone(item):
    """So that a function that knows the public cases by heart gets nothing."""
    for seed in SEEDS[:2]:
        drawn = cases(item, np.random.default_rng(seed))
        for known in item.misconceptions:
            outcomes = [
                {"value": (item.reference if case.public else known.wrong)(**case.arguments)}
                for case in drawn
            ]
            assert judge(item, drawn, outcomes)["points"] < item.points, known.id


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_every_wrong_answer_is_caught_and_every_right_one_accepted(item):
    found = rate(item)
    assert found.failures == []
    assert (found.caught, found.accepted) == (found.wrong, found.right)


def test_a_rate_below_all_is_told(monkeypatch):
    item = get("q01.conv_weights")
    monkeypatch.setitem(rates.VARIANTS, item.id, [lambda **_: 0])
    monkeypatch.setattr(rates, "mutants", lambda code: [("nothing", code)])
    assert rate(item).failures == ["not caught: the mutant nothing", "not accepted: variant 1"]


@pytest.mark.parametrize(("item", "known"), SEEN.values(), ids=SEEN)
def test_a_wrong_answer_that_was_seen_has_a_name(item, known):
    assert known in {each.id for each in get(item).misconceptions}


@pytest.mark.parametrize("question", QUESTIONS, ids=name)
def test_a_question_has_enough_mutants_and_variants(question):
    assert sum(1 for item in question.items for _ in faults(item)) >= 8
    assert all(len(VARIANTS[item.id]) >= 5 for item in question.items)


@pytest.mark.parametrize(
    ("item", "number"),
    [(item, number) for item in ITEMS for number in range(len(VARIANTS[item.id]))],
    ids=lambda value: name(value) or str(value),
)
def test_a_right_but_unusual_answer_gets_full_marks(item, number):
    result = verdict(item, VARIANTS[item.id][number])
    assert result["passed"], result


@pytest.mark.parametrize("item", ITEMS, ids=name)
def test_a_constant_gets_next_to_nothing(item):
    for constant in (None, 0, 1, [], [None, []]):
        result = verdict(item, lambda constant=constant, **_: constant)
        assert result["points"] == 0


@pytest.mark.parametrize("random", [item for item in ITEMS if item.measure], ids=name)
def test_a_right_random_answer_always_has_the_same_facts(random):
    for case in cases(random, np.random.default_rng(0)):
        facts = [
            MEASURES[random.measure](arguments, random.reference(**arguments))
            for arguments in ({**case.arguments, "seed": seed} for seed in range(60))
        ]
        assert all(each == facts[0] for each in facts)
