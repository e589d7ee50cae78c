"""The streams of random numbers: the same for ever, and as random as they say."""

import numpy as np
import pytest

from convbook.data.random import Stream, permutation


def test_the_streams_never_change():
    """Recorded runs were made with these numbers."""
    assert permutation(10, seed=3).tolist() == [0, 4, 9, 7, 1, 5, 6, 3, 8, 2]
    sixteenths = Stream(1, 2).uniform(0, 16, (4,))
    assert sixteenths.astype(int).tolist() == [7, 6, 6, 4]
    assert Stream(1, 2).integers(100, (4,)).tolist() == [44, 43, 41, 27]


def test_names_make_streams_of_their_own():
    streams = [Stream(*names).integers(1 << 30, (4,)).tolist() for names in ((0,), (1,), (0, 1))]
    assert streams[0] != streams[1] != streams[2] != streams[0]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-24, 24), (10, 10.5)])
def test_uniform_numbers_fill_their_range(low, high):
    values = Stream(0).uniform(low, high, (100, 100))
    assert values.dtype == np.float32
    assert low <= values.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 0.01 * (high - low)


def test_integers_take_each_value_as_often():
    counts = np.bincount(Stream(0).integers(7, (70_000,)), minlength=7)
    assert len(counts) == 7
    assert abs(counts - 10_000).max() < 400  # four standard deviations


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_a_permutation_has_every_number_once(n):
    assert sorted(permutation(n, seed=0).tolist()) == list(range(n))
