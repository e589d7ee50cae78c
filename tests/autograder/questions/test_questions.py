"""Every question: right answers in any dress get full marks, wrong ones do not and are named."""

from itertools import chain

import numpy as np
import pytest

from autograder.questions import ASSIGNMENTS, Item, assignment, cases, get, judge
from tests.autograder.questions.mutants import mutants
from tests.autograder.questions.solved import answer, cells, verdict
from tests.autograder.questions.variants import VARIANTS
from tests.autograder.questions.variants_tp3 import EQUIVALENT_TP3, FAULTS_TP3, VARIANTS_TP3

VARIANTS = VARIANTS | VARIANTS_TP3
QUESTIONS = [question for name in ASSIGNMENTS for question in assignment(name)]
ITEMS = [item for question in QUESTIONS for item in question.items]
KNOWN = [(item, known) for item in ITEMS for known in item.misconceptions]
SEEDS = range(4)

# Changes of the solution that change nothing: what is left gives the same values.
EQUIVALENT = {
    "q01.dense_weights": {"output_size(x, y, k, p, s) became output_size(y, x, k, p, s)"},
    "q03.max_pool": {"(1, 2) became (2, 1)"},
    "q03.avg_pool": {"(1, 2) became (2, 1)"},
    "q04.first_failure": {"min(height, width) became min(width, height)"},
    "q06.fully_convolutional": {"1 became 2"},  # the size of a batch that is thrown away
    "q06.map_shape": {
        "min(rows, columns) became min(columns, rows)",
        "zip(shapes[-1][1:], planned[1:], strict=True) became zip(shapes[-1][1:], planned[1:])",
    },
    "q07.measured_field": {
        "(0, 0, height // 2, width // 2) became (0, 0, height // 2, width // 2)"
    },
} | EQUIVALENT_TP3


def name(value):
    return value.id if hasattr(value, "id") else None


def values(item: Item, function, seed: int):
    """Return the verdict on a function of plain values, as misconceptions are."""
    drawn = cases(item, np.random.default_rng(seed))
    return judge(item, drawn, [{"value": function(**case.arguments)} for case in drawn])


def faults(item):
    """Yield (what was changed, the changed code) for every fault put into the solution."""
    code = cells(item.id)[item.id]
    yield from mutants(code)
    for part, changed in FAULTS_TP3.get(item.id, []):
        assert part in code
        yield f"{part} became {changed}", code.replace(part, changed)


def test_the_practicals_are_whole():
    numbers = [*range(1, 8), *range(19, 35)]
    assert [question.id for question in QUESTIONS] == [f"q{n:02}" for n in numbers]
    points = {name: sum(q.points for q in assignment(name) if not q.bonus) for name in ASSIGNMENTS}
    assert points == {"tp1_layers": 40, "tp3_improvements": 48}
    assert {q.id: q.points for q in QUESTIONS if q.bonus} == {"q21": 3, "q25": 3, "q28": 3}
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
def test_mutants_of_the_solution_are_caught(item):
    survivors = set()
    for what, code in faults(item):
        if verdict(item, answer(item.id, code))["points"] >= item.points:
            survivors.add(what)
    assert survivors == EQUIVALENT.get(item.id, set())


@pytest.mark.parametrize("question", QUESTIONS, ids=name)
def test_a_question_has_enough_mutants_and_variants(question):
    assert len(list(chain(*map(faults, question.items)))) >= 8
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
