"""Practical 4: the references against simulations and other code, and the luck of measures."""

import math

import numpy as np
import pytest
import torch

from autograder.questions import cases, item, q35, q36, q37, q38, q39
from convbook.check import adapters, forbidding
from convbook.check.measures import AGAIN, DRAWS, LATER, MEASURES
from convbook.data import Images, splits
from convbook.errors import CheckFailed, NotAllowedHere
from tests.autograder.questions.solved import answer, verdict

SPACE = {"lr": [0.001, 0.3], "batch_size": [16, 256], "dropout": [0.0, 0.8]}


def test_the_distribution_is_held_to_the_bound_of_dkw():
    """What is off by more than twice the bound never passes, what is right always does."""
    rng = np.random.default_rng(0)
    told = {}
    for name, power in (("even", 1.0), ("off", 1.6)):
        drawn = q35.draw_configuration(**SPACE, seed=1)
        drawn["first"]["dropout"] = 0.8 * rng.random(DRAWS) ** power
        drawn["again"]["dropout"] = drawn["first"]["dropout"][:AGAIN]
        told[name] = MEASURES["configurations"](SPACE, drawn)["dropout"]
    assert told == {"even": "evenly spread", "off": "unevenly spread"}


def drawing(**changes):
    """Return a right answer in which some settings are made otherwise."""
    right = answer("q35.draw_configuration")

    def function(lr, batch_size, dropout, rng):
        drawn = right(lr, batch_size, dropout, rng)
        return drawn | {name: change(rng) for name, change in changes.items()}

    return function


@pytest.mark.parametrize(
    ("change", "fact", "told"),
    [
        ({"lr": lambda _: math.nan}, "lr", "not between the bounds"),
        ({"lr": lambda _: 0.1}, "lr", "always the same"),
        ({"batch_size": lambda _: 64}, "batch_size", "always the same"),
        (
            {"batch_size": lambda rng: int(rng.choice([16, 64, 256]))},
            "batch_size",
            "some powers of two never",
        ),
        (
            {"batch_size": lambda rng: 2 ** int(rng.choice([4, 5, 6, 7, 8, 8, 8]))},
            "batch_size",
            "some powers of two more often",
        ),
    ],
)
def test_what_configurations_have_in_common(change, fact, told):
    drawn = adapters.draw_configuration(drawing(**change), **SPACE, seed=3)
    assert MEASURES["configurations"](SPACE, drawn)[fact] == told


@pytest.mark.parametrize("wrong", [None, 3, {"lr": 1.0}, [0.1, 32, 0.5]])
def test_a_configuration_without_its_settings_is_explained(wrong):
    with pytest.raises(CheckFailed, match="keys lr, batch_size, dropout is needed"):
        adapters.draw_configuration(lambda **_: wrong, **SPACE, seed=1)
    with pytest.raises(CheckFailed, match="keys lr, batch_size, dropout is needed"):
        MEASURES["configurations"](SPACE, {"first": wrong, "again": wrong})


def test_a_setting_that_is_no_number_is_refused():
    result = verdict(item("q35.draw_configuration"), drawing(lr=lambda _: "0.1"))
    assert result["points"] == 0
    assert "array of" in result["first_failure"]["problem"]


def test_runs_needed_is_the_smallest_number():
    rng = np.random.default_rng(0)
    for _ in range(100):
        share, sure = rng.uniform(0.01, 0.5), rng.uniform(0.1, 0.99)
        n = q35.runs_needed(share, sure)
        assert 1 - (1 - share) ** n >= sure > 1 - (1 - share) ** (n - 1)
    assert q35.runs_needed(0.05, 0.95) == 59  # as Bergstra and Bengio have it: 60 will do


def test_the_split_is_as_balanced_as_that_of_convbook():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 30))
    pixels = torch.zeros(300, 3, 2, 2, dtype=torch.uint8)
    theirs = splits(Images(pixels, torch.from_numpy(labels), tuple("abcdefghij")), 0.2)
    train, held_out = q36._split(labels, 6, 0)
    for ours, part in ((train, theirs.train), (held_out, theirs.validation)):
        np.testing.assert_array_equal(np.bincount(labels[ours]), part.labels.bincount())


@pytest.mark.parametrize(
    "parts",
    [
        None,
        [[0, 1]],
        [[0.0], [1.0]],
        [[0], [400]],
        [[-1], [0]],
        [[[0, 1]], [[2, 3]]],
        [[0], [1], [2]],
    ],
)
def test_what_is_no_split_is_explained(parts):
    arguments = item("q36.validation_split").public[0]
    three = dict.fromkeys(("first", "again", "other"), parts)
    with pytest.raises(CheckFailed, match="whole numbers from 0 to 239"):
        MEASURES["split"](arguments, {**three, "later": [parts] * LATER})
    with pytest.raises(CheckFailed, match="Two parts are needed"):
        MEASURES["split"](arguments, {"first": parts})


def test_a_generator_that_is_seeded_once_gives_another_split_each_time():
    rng = np.random.default_rng(0)

    def moving_on(labels, count, seed):
        del seed
        return q36._split(labels, count, int(rng.integers(2**31)))

    result = verdict(item("q36.validation_split"), moving_on)
    assert result["misconception"] == "new-every-time"


def test_the_helper_that_would_be_the_answer_refuses_while_it_is_checked():
    with forbidding(item("q36.validation_split").forbidden), pytest.raises(NotAllowedHere):
        splits(None)


def test_early_stopping_after_each_epoch_agrees_with_the_whole_curve():
    """What it says of a run that ended is what it said while the run went on."""
    for case in cases(item("q37.early_stopping"), np.random.default_rng(0)):
        losses, rest = case.arguments["losses"], dict(list(case.arguments.items())[1:])
        answers = (q37.early_stopping(losses[:n], **rest) for n in range(1, len(losses) + 1))
        first = next((a for a in answers if a[1] is not None), q37.early_stopping(losses, **rest))
        assert first == q37.early_stopping(losses, **rest)


def test_the_choice_is_that_of_all_validation_images_put_together():
    for case in cases(item("q38.choose_run"), np.random.default_rng(0)):
        runs = case.arguments["runs"]
        number, epoch = q38.choose_run(runs)
        right = {
            (i, j + 1): np.concatenate([np.arange(n) < r for r, n in batches]).mean()
            for i, run in enumerate(runs)
            for j, batches in enumerate(run["validation"])
        }
        assert right[number, epoch] == max(right.values())


@pytest.mark.parametrize(("accuracy", "images", "runs"), [(0.7, 400, 10), (0.85, 1000, 60)])
def test_the_expected_best_agrees_with_a_simulation(accuracy, images, runs):
    best = np.random.default_rng(0).binomial(images, accuracy, (40_000, runs)).max(axis=1) / images
    expected = q39.expected_best(accuracy, images, runs)
    assert abs(best.mean() - expected) < 5 * best.std() / 200
    assert q39.expected_best(accuracy, images, 1) == pytest.approx(accuracy)


def test_a_thousand_simulated_searches_are_enough():
    """The tolerance is seven standard deviations of their mean: one in 10^11 is farther away."""
    expected_best = item("q39.expected_best")
    rng = np.random.default_rng(0)
    for case in [case for _ in range(4) for case in cases(expected_best, rng)]:
        p, n, k = (case.arguments[name] for name in ("accuracy", "images", "runs"))
        best = rng.binomial(n, p, (20_000, k)).max(axis=1) / n
        allowed = expected_best.tolerance * (1 + expected_best.reference(**case.arguments))
        assert allowed > 6.9 * best.std() / math.sqrt(1000)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    right = np.random.default_rng(0).binomial(2000, 0.7, 4000)
    inside = [low <= 0.7 <= high for _, low, high in (q39.report(int(r), 2000) for r in right)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)
