"""Answers that draw: from other random numbers, by a rule, unevenly; and how that is told."""

import math
from functools import cache

import numpy as np
import pytest

from autograder.questions import get
from convbook.check.chance import FALSE_ALARM, drawn_anew, even, independent, margin
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)  # it is asked for thousands of times


def test_the_margin_is_hoeffdings():
    # Hoeffding: a mean of n draws in [0, 1] is off by t with probability 2·exp(-2nt²) at most.
    assert 2 * math.exp(-2 * 600 * margin(600) ** 2) == pytest.approx(FALSE_ALARM)


def test_what_is_drawn_by_chance_is_told_from_what_is_not():
    """Right ones pass each of a hundred times, wrong ones never."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        die, other = rng.integers(6, size=3000), rng.random(3000)
        loaded = np.minimum(rng.integers(7, size=3000), 5)  # a six comes up twice as often
        assert even(np.bincount(die))
        assert not even(np.bincount(loaded))
        assert drawn_anew(die)
        assert not drawn_anew(np.sort(die))
        assert not drawn_anew(np.repeat(die[:1500], 2))
        assert independent(other, die)
        assert not independent(np.abs(other - 0.5), other)


def crops(choose):
    """Return an augmentation; `choose` gives (top, left, flip) of image number n."""

    def augment(images, size, rng):
        rows, columns = (side - size + 1 for side in images.shape[2:])
        chosen = [choose(rng, n, rows, columns) for n in range(len(images))]
        return np.stack(
            [
                image[:, top : top + size, left : left + size][..., :: -1 if flip else 1]
                for image, (top, left, flip) in zip(images, chosen, strict=True)
            ]
        )

    return augment


def crops_from(generator):
    """Return a right augmentation that draws from a generator of its own."""
    return lambda images, size, rng: answer("q22.augment")(images, size, generator(rng))


def in_pairs(images, size, rng):
    """One draw for two images."""
    pairs = rng.spawn(1)[0].integers(2**31, size=len(images)).repeat(2)
    return np.concatenate(
        [
            answer("q22.augment")(image[None], size, np.random.default_rng(seed))
            for image, seed in zip(images, pairs, strict=False)
        ]
    )


def layer(keep):
    """Return dropout; `keep` gives where numbers are kept."""
    return lambda x, p, training, rng: x * keep(x, p, rng) / (1 - p) if training else x


def configuration(**other):
    """Return a right configuration but for some settings, made of its bounds and rng."""

    def draw(rng, **bounds):
        right = answer("q35.draw_configuration")(**bounds, rng=rng)
        return right | {name: make(right, rng, *bounds[name]) for name, make in other.items()}

    return draw


def one_number_folded(lr, batch_size, dropout, rng):
    """One number for the rate and, as its distance from the middle, for dropout."""
    u, right = rng.random(), answer("q35.draw_configuration")(lr, batch_size, dropout, rng)
    return right | {
        "lr": lr[0] * (lr[1] / lr[0]) ** u,
        "dropout": dropout[0] + (dropout[1] - dropout[0]) * abs(2 * u - 1),
    }


def held_out(choose):
    """Return a split; `choose` gives the validation images of the positions of a class."""

    def split(labels, count, seed):
        classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        validation = np.concatenate([choose(where, count, seed) for where in classes])
        return np.setdiff1d(np.arange(len(labels)), validation), validation

    return split


def one_exchanged(where, count, seed):
    """The first ones, and one that the seed names in place of one of them."""
    chosen = where[:count].copy()
    chosen[seed % count] = where[count + seed % (len(where) - count)]
    return chosen


WRONG = {
    "crops from numpy.random": ("q22.augment", crops_from(lambda _: np.random.default_rng())),
    "the same crops": ("q22.augment", crops_from(lambda _: np.random.default_rng(0))),
    "crops in turn": ("q22.augment", crops(lambda _, n, r, c: (n % r, n // r % c, n % 2))),
    "four in ten mirrored": (
        "q22.augment",
        crops(lambda rng, _, r, c: (rng.integers(r), rng.integers(c), rng.random() < 0.4)),
    ),
    "every other mirrored": (
        "q22.augment",
        crops(lambda rng, n, r, c: (rng.integers(r), rng.integers(c), n % 2)),
    ),
    "one half mirrored": (
        "q22.augment",
        crops(lambda rng, n, r, c: (rng.integers(r), rng.integers(c), n < 1000)),
    ),
    "mirrored by the place": (
        "q22.augment",
        crops(lambda rng, _, r, c: ((t := rng.integers(r)), (k := rng.integers(c)), (t + k) % 2)),
    ),
    "rounded places": (
        "q22.augment",
        crops(
            lambda rng, _, r, c: (
                round(rng.random() * (r - 1)),
                round(rng.random() * (c - 1)),
                rng.random() < 0.5,
            )
        ),
    ),
    "often the corner": (
        "q22.augment",
        crops(
            lambda rng, _, r, c: (
                rng.integers(r) * (far := rng.random() < 0.5),
                rng.integers(c) * far,
                rng.random() < 0.5,
            )
        ),
    ),
    "crops in pairs": ("q22.augment", in_pairs),
    "numbers from numpy.random": (
        "q33.dropout",
        layer(lambda x, p, _: np.random.default_rng().random(x.shape) >= p),
    ),
    "the same numbers": (
        "q33.dropout",
        layer(lambda x, p, _: np.random.default_rng(0).random(x.shape) >= p),
    ),
    "numbers in turn": (
        "q33.dropout",
        layer(lambda x, p, _: np.arange(x.size).reshape(x.shape) * 0.618034 % 1 >= p),
    ),
    "as many of each": (
        "q33.dropout",
        layer(lambda x, p, rng: rng.random(x.shape).argsort(1) >= round(p * x.shape[1])),
    ),
    "two draws for all images": (
        "q33.dropout",
        layer(lambda x, p, rng: np.tile(rng.random((2, x.shape[1])), (len(x) // 2, 1)) >= p),
    ),
    "a grid of twenty rates": (
        "q35.draw_configuration",
        configuration(lr=lambda _, rng, low, high: rng.choice(np.geomspace(low, high, 20))),
    ),
    "not up to the bounds": (
        "q35.draw_configuration",
        configuration(dropout=lambda _, rng, a, b: a + (b - a) * rng.uniform(0.04, 0.96)),
    ),
    "rounded exponents": (
        "q35.draw_configuration",
        configuration(
            batch_size=lambda _, rng, low, high: (
                2 ** round(rng.uniform(math.log2(low), math.log2(high)))
            )
        ),
    ),
    "one number folded": ("q35.draw_configuration", one_number_folded),
    "moved on": ("q36.validation_split", held_out(lambda w, n, seed: np.roll(w, -seed)[:n])),
    "a block": (
        "q36.validation_split",
        held_out(lambda w, n, seed: w[seed % (len(w) - n + 1) :][:n]),
    ),
    "one exchanged": ("q36.validation_split", held_out(one_exchanged)),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_not_drawn_as_it_should_be_is_wrong(name, seed):
    item_id, function = WRONG[name]
    assert not verdict(get(item_id), function, seed)["passed"]
