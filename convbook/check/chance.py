"""Was it drawn by chance, and as it should be? Each test errs with a probability below 1e-9.

Shares and distributions are held against bounds that are true for any number of draws (Hoeffding;
Dvoretzky, Kiefer, Wolfowitz and Massart), and counts against one that is true for many (Pearson's
statistic; Laurent and Massart's bound of a chi-square variable).
"""

from __future__ import annotations

import math

import numpy as np

FALSE_ALARM = 1e-10


def margin(draws: int, shares: int = 1) -> float:
    """Return how far a share of independent draws may be from its probability, or each of several.

    So far may their whole distribution be from the true one.
    """
    return math.sqrt(math.log(2 * shares / FALSE_ALARM) / (2 * draws))


def even(counts: np.ndarray) -> bool:
    """Whether all results may be as likely, when they came up so often."""
    expected, free = counts.mean(), len(counts) - 1
    statistic = ((counts - expected) ** 2).sum() / expected
    far = -math.log(FALSE_ALARM)
    return bool(statistic <= free + 2 * math.sqrt(free * far) + 2 * far)


def distance_from_even(shares: np.ndarray) -> float:
    """Return the largest distance of the distribution of numbers in [0, 1] from the even one."""
    below = np.arange(len(shares) + 1) / len(shares)
    ordered = np.sort(shares)
    return float(max((below[1:] - ordered).max(), (ordered - below[:-1]).max()))


def independent(one: np.ndarray, other: np.ndarray, parts: int = 4) -> bool:
    """Whether `other` is spread alike over each part of the draws, in the order of `one`."""
    whole = np.sort(other)
    below = np.searchsorted(whole, whole, side="right") / len(whole)
    for part in np.array_split(other[np.argsort(one, kind="stable")], parts):
        below_here = np.searchsorted(np.sort(part), whole, side="right") / len(part)
        if np.abs(below_here - below).max() > margin(len(part)) + margin(len(whole)):
            return False
    return True


def drawn_anew(results: np.ndarray) -> bool:
    """Whether each result, a whole number from 0, may have been drawn apart from those before.

    It is compared with the one before, the one before that, and so on, as far as three quarters of
    all. How often two so far apart are equal is known at once for all distances, from a spectrum.
    """
    n = len(results)
    apart = np.arange(1, 3 * n // 4 + 1)
    counts = np.bincount(results)
    spectrum = np.fft.rfft([results == each for each in np.flatnonzero(counts)], 2 * n)
    same = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=0))[apart] / (n - apart)
    # The farther two are apart, the less of the probability of a false alarm falls to them: all
    # the shares 1 / (apart · (apart + 1)) are 1 together. Half of the pairs share no result.
    pairs = np.log(2 * apart * (apart + 1) / FALSE_ALARM) / (n - apart)
    by_luck = ((counts / n) ** 2).sum()
    return bool((abs(same - by_luck) <= np.sqrt(pairs) + margin(n)).all())
