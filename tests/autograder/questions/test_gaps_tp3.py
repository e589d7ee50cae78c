"""Practical 3: wrong answers that once got full marks, and right ones that must keep them."""

import math
from functools import cache, reduce

import numpy as np
import pytest

from autograder.questions import get
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)


def statistics_of_three(images):
    channels = [images[:, c] / 255 for c in range(3)]
    return [c.mean() for c in channels], [c.std() for c in channels]


def both_of_three(train, test):
    mean, std = statistics_of_three(train)
    outputs = train / 255, test / 255
    for output in outputs:
        for c in range(3):
            output[:, c] = (output[:, c] - mean[c]) / std[c]
    return outputs


def by_negative_bounds(image, size):
    """Where no row is left out, the upper bound -0 leaves none."""
    top, left = ((side - size) // 2 for side in image.shape[1:])
    bottom, right = (side - size - (side - size) // 2 for side in image.shape[1:])
    return image[:, top:-bottom, left:-right]


def in_whole_numbers(item_id):
    """An output array of uint8."""
    return lambda *a, **named: np.array(answer(item_id)(*a, **named)).astype(np.uint8)


def half_as_the_other(images, size, rng):
    """The second half of the batch gets the crops of the first."""
    seed, half = rng.integers(2**31), len(images) // 2
    parts = images[:half], images[half:]
    return np.concatenate(
        [answer("q22.augment")(part, size, np.random.default_rng(seed)) for part in parts]
    )


def one_channel_moved(classify, images, labels, shifts):
    accuracies = []
    for shift in shifts:
        moved = images.copy()
        moved[:, 0] = 0
        moved[:, 0, :, shift:] = images[:, 0, :, : images.shape[3] - shift]
        accuracies.append(float((classify(moved).argmax(axis=1) == labels).mean()))
    return accuracies


def moved_on(classify, images, labels, shifts):
    """The image that was moved is moved by what is missing."""
    accuracies, before = [], 0
    for shift in shifts:
        images = np.roll(images, shift - before, axis=3)
        images[..., : max(shift - before, 0)] = 0
        before = shift
        accuracies.append(float((classify(images).argmax(axis=1) == labels).mean()))
    return accuracies


def shifts_sorted(classify, images, labels, shifts):
    return answer("q24.accuracy_under_shift")(classify, images, labels, sorted(shifts))


def one_square(which):
    """One square for all; `which` gives the images that get it."""

    def own_augmentation(images, rng):
        top, left = rng.integers(11, size=2)
        output = images.copy()
        output[which(len(images), rng), :, top : top + 6, left : left + 6] = 0
        return output

    return own_augmentation


def few(images, rng):
    return np.where(
        np.arange(len(images))[:, None, None, None] % 30, images, solved_cutout(images, rng)
    )


def solved_cutout(images, rng):
    return answer("q25.own_augmentation")(images, rng)


def drop_in_a_table(x, kept, p):
    output = np.zeros(x.shape)
    for row in range(x.shape[0]):
        for column in range(x.shape[1]):
            output[row, column] = x[row, column] * kept[row, column] / (1 - p)
    return output


def drop_from_above_0(x, kept, p):
    return x * kept / (1 - p) if p else np.zeros(x.shape)


def decay_from_0(lr, penalty):
    return max(0, 1 - 2 * lr * penalty)


def p_by(over):
    """Something else than the mean over the runs of one p."""

    def choose_p(runs):
        best = {}
        for run in runs:
            best.setdefault(run["p"], []).append(max(run["validation"]))
        return max(best, key=lambda p: over(best[p]))

    return choose_p


def zero_lost(runs):
    """A p of 0 is taken for none."""
    best, highest = None, 0
    for p in dict.fromkeys(run["p"] for run in runs):
        mean = np.mean([max(run["validation"]) for run in runs if run["p"] == p])
        if not best or mean > highest:
            best, highest = p, mean
    return best


def layer(keep):
    """Return dropout; `keep` gives where numbers are kept."""
    return lambda x, p, training, rng: x * keep(x.shape, p, rng) / (1 - p) if training else x


def as_many_at_all(shape, p, rng):
    size = math.prod(shape)
    return rng.permutation(size).reshape(shape) >= round(p * size)


def as_many_in_a_column(shape, p, rng):
    return rng.random(shape).argsort(0).argsort(0) >= round(p * shape[0])


def half_moved_by(columns):
    def keep(shape, p, rng):
        half = rng.random((shape[0] // 2, shape[1])) >= p
        return np.concatenate([half, np.roll(half, columns, axis=1)])

    return keep


def first_image_whole(shape, p, rng):
    kept = rng.random(shape) >= p
    kept[0] = True
    return kept


def neighbours_together(shape, p, rng):
    return (rng.random((shape[0], shape[1] // 2)) >= p).repeat(2, axis=1)


def images_in_pairs(shape, p, rng):
    return (rng.random((shape[0] // 2, shape[1])) >= p).repeat(2, axis=0)


def rows_and_columns(shape, p, rng):
    """A number is kept where its row and its column are."""
    share = math.sqrt(1 - p)
    return (rng.random((shape[0], 1)) < share) & (rng.random(shape[1]) < share)


DEPENDENT = {
    keep.__name__: ("q33.dropout", layer(keep))
    for keep in (neighbours_together, images_in_pairs, rows_and_columns)
}

WRONG = {
    "three channels": ("q20.channel_statistics", statistics_of_three),
    "three channels in both": ("q20.normalise_both", both_of_three),
    "negative bounds": ("q22.centre_crop", by_negative_bounds),
    **{
        f"{item_id} in whole numbers": (item_id, in_whole_numbers(item_id))
        for item_id in ("q22.crop_and_flip", "q22.centre_crop", "q22.augment")
    },
    "half as the other": ("q22.augment", half_as_the_other),
    "one channel moved": ("q24.accuracy_under_shift", one_channel_moved),
    "moved on": ("q24.accuracy_under_shift", moved_on),
    "shifts sorted": ("q24.accuracy_under_shift", shifts_sorted),
    "one square on a half": (
        "q25.own_augmentation",
        one_square(lambda n, rng: rng.random(n) < 0.5),
    ),
    "one square on every other": (
        "q25.own_augmentation",
        one_square(lambda *_: slice(None, None, 2)),
    ),
    "one in thirty": ("q25.own_augmentation", few),
    "a table": ("q29.drop", drop_in_a_table),
    "p above 0": ("q29.drop", drop_from_above_0),
    "decay from 0": ("q30.decay_of", decay_from_0),
    "zero lost": ("q32.choose_p", zero_lost),
    "median of the runs": ("q32.choose_p", p_by(np.median)),
    "worst of the runs": ("q32.choose_p", p_by(min)),
    "running mean": ("q32.choose_p", p_by(lambda s: reduce(lambda a, b: (a + b) / 2, s))),
    "middle of the range": ("q32.choose_p", p_by(lambda s: (min(s) + max(s)) / 2)),
    "two runs": ("q32.choose_p", p_by(lambda s: np.mean(s[:2]))),
    "two digits": ("q32.choose_p", p_by(lambda s: round(np.mean(s), 2))),
    "as many at all": ("q33.dropout", layer(as_many_at_all)),
    "as many in a column": ("q33.dropout", layer(as_many_in_a_column)),
    "half as the other, dropped": ("q33.dropout", layer(half_moved_by(0))),
    "half moved": ("q33.dropout", layer(half_moved_by(5))),
    "first image whole": ("q33.dropout", layer(first_image_whole)),
    **DEPENDENT,
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    answer(item_id)  # made before helpers refuse
    assert not verdict(get(item_id), function, seed)["passed"]


@pytest.mark.parametrize("name", DEPENDENT)
def test_what_depends_on_its_neighbours_gets_no_words_that_are_false(name):
    item_id, function = WRONG[name]
    assert verdict(get(item_id), function)["misconception"] is None


def test_betas_come_as_a_pair():
    def adam_step(betas, **others):
        assert isinstance(betas, tuple)
        return answer("q28.adam_step")(betas=betas, **others)

    assert verdict(get("q28.adam_step"), adam_step)["passed"]


def turned_or_not(images, rng):
    """One change, which an image gets or not."""
    turned = rng.random(len(images)) < 0.5
    return np.where(turned[:, None, None, None], images[..., ::-1, ::-1], images)


def one_in_ten(images, rng):
    changed = rng.random(len(images)) < 0.1
    return np.where(changed[:, None, None, None], solved_cutout(images, rng), images)


@pytest.mark.parametrize("function", [turned_or_not, one_in_ten])
def test_a_right_but_rare_change_is_accepted(function):
    for seed in range(20):
        assert verdict(get("q25.own_augmentation"), function, seed)["passed"]
