"""Where the numbers of an honest run lie: from runs of our own, with the same recipe and images.

A band is a prediction interval: if our runs and a student's are drawn alike, each number of an
honest run lies outside with probability `MISS`. It takes few runs by being wide, and says nothing
where there are fewer than `LEAST`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from autograder.runs.features import FEATURES, RATIOS, features
from convbook.training import BUDGETS, History, Result
from convbook.training import step as recipe_of

FOLDER = Path(__file__).with_name("recorded")  # on the stand-in
BOOK = Path(__file__).parents[2] / "book" / "results"  # on CIFAR-10
MISS = 1e-3  # both sides together
LEAST = 3  # runs
# Student's t: the quantile of 1 - MISS / 2 by degrees of freedom; no library for one table.
QUANTILES = {2: 31.599, 3: 12.924, 4: 8.610, 5: 6.869, 6: 5.959, 7: 5.408, 8: 5.041, 9: 4.781}


@dataclass(frozen=True)
class Band:
    """An interval in which the number of an honest run lies."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def bands(step: str, budget: str, data: Mapping[str, Any]) -> dict[str, Band]:
    """Return the bands of a step on these images, by feature.

    They are empty where too few runs of ours have this recipe, these images and these epochs.

    Args:
        step: of the practical.
        budget: of the run.
        data: `fingerprint` and `test_fingerprint` of its images.
    """
    recipe, epochs = replace(recipe_of(step, budget), epochs=1, seed=0), BUDGETS[budget].epochs
    found = [
        features(run.until(epochs))
        for run in recorded()
        if replace(run.config, epochs=1, seed=0) == recipe
        and len(run.epochs) >= epochs
        and all(run.data[name] == data[name] for name in ("fingerprint", "test_fingerprint"))
    ]
    if len(found) < LEAST:
        return {}
    return {name: _band_of(name, [each[name] for each in found]) for name in FEATURES}


@cache
def recorded() -> tuple[History, ...]:
    """Return all runs of ours, of any step, images and budget."""
    paths = [path for folder in (FOLDER, BOOK) for path in sorted(folder.glob("*.json"))]
    results = (Result.load(path) for path in paths)
    return tuple(run for result in results for run in result.runs)


def _band_of(feature: str, values: list[float]) -> Band:
    """Return the band of a feature; of a ratio that of its logarithm, so that none falls to 0."""
    if feature not in RATIOS or min(values) <= 0:
        return band(values)
    logs = band([log(value) for value in values])
    return Band(exp(logs.low), exp(logs.high))


def band(values: list[float]) -> Band:
    """Return the prediction interval for one more value, if all are drawn from one normal law."""
    n = len(values)
    reach = QUANTILES[min(n - 1, max(QUANTILES))] * stdev(values) * sqrt(1 + 1 / n)
    return Band(fmean(values) - reach, fmean(values) + reach)
