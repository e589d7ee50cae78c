"""The steps of the practical as configurations, and how long each trains: data, no code.

A student with a fast machine takes the budget "full", one with a laptop "laptop", one without
CIFAR-10 "stand-in": marks are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from convbook.data import Dataset
from convbook.data.standin import SOURCE
from convbook.errors import TrainingError
from convbook.training.config import Config


@dataclass(frozen=True)
class Budget:
    """How much a run trains: `epochs`, in batches of `batch_size` images, at a learning rate."""

    epochs: int
    batch_size: int = 128
    lr: float = 0.1


#: With the last two a step is meant to take 4 minutes or less on two cores. The stand-in has few
#: images, so its batches are small: what a run learns depends on its updates. A smaller batch bears
#: a smaller step: at 0.1, one of our four normalised runs ended in a loss that was no number.
BUDGETS = {
    "full": Budget(epochs=40),
    "laptop": Budget(epochs=4),
    "stand-in": Budget(epochs=6, batch_size=32, lr=0.05),
}

_BASE = Config(model="base")
_NORMALISED = replace(_BASE, model="normalisation", normalise="sheet")
_AUGMENTED = replace(_NORMALISED, model="augmentation", augment="crop_flip")
#: What each step trains; a budget sets its epochs, the size of its batches and its learning rate.
STEPS: dict[str, Config] = {
    "lenet5": Config(model="lenet5", augment="as_mnist"),
    "base": _BASE,
    "normalisation": _NORMALISED,
    "augmentation": _AUGMENTED,
    "schedule": replace(_AUGMENTED, model="schedule", momentum=0.9, gamma=0.95),
    "dropout": replace(_AUGMENTED, model="dropout"),
    "batchnorm": replace(_AUGMENTED, model="batchnorm"),
}


@dataclass(frozen=True)
class Sweep:
    """Runs of one step that are compared: the settings that each of them changes, by its name."""

    step: str
    changes: dict[str, dict[str, Any]]


#: What questions 16 and 32 compare. The second measures images held out of training, to choose by.
SWEEPS = {
    "lr": Sweep("lenet5", {f"lr-{i}": {"lr": lr} for i, lr in enumerate((0.02, 0.1, 0.5, 2.0), 1)}),
    "p": Sweep(
        "dropout",
        {
            f"p-{i}": {"dropout": p, "validation": 0.2}
            for i, p in enumerate((0.0, 0.3, 0.6, 0.9), 1)
        },
    ),
}


def sweep(name: str, budget: str) -> dict[str, Config]:
    """Return the configurations of runs that are compared, each by the name of its run.

    Args:
        name: "lr", learning rates of LeNet-5; or "p", probabilities of dropout.
        budget: "full", "laptop" or "stand-in".

    Raises:
        TrainingError: there is no such sweep or budget.
    """
    _require_known("sweep", name, SWEEPS)
    return {run: step(run, budget) for run in SWEEPS[name].changes}


def runs_of(name: str) -> tuple[str, ...]:
    """Return the names of the runs of a sweep; of a step, its own name."""
    return tuple(SWEEPS[name].changes) if name in SWEEPS else (name,)


def step(name: str, budget: str) -> Config:
    """Return the configuration of a step of the practical, for a budget.

    Args:
        name: of the step, such as "base", or of a run of a sweep.
        budget: "full", "laptop" or "stand-in".

    Raises:
        TrainingError: there is no such step or budget.
    """
    changes: dict[str, Any] = {}
    for each in SWEEPS.values():
        if name in each.changes:
            name, changes = each.step, each.changes[name]
            break
    _require_known("step", name, STEPS)
    _require_known("budget", budget, BUDGETS)
    chosen = BUDGETS[budget]
    settings = {"epochs": chosen.epochs, "batch_size": chosen.batch_size, "lr": chosen.lr}
    return replace(STEPS[name], **settings | changes)


def _require_known(kind: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise TrainingError(
            f"Looking for a {kind} of the practical.",
            got=repr(name),
            rule=f"it is one of {', '.join(known)}",
            next_step="correct the name",
        )


def budget_of(epochs: int, source: str) -> str:
    """Return the largest budget that a run has used up; "own" for a run shorter than all.

    Args:
        epochs: that were made.
        source: of the images, in the words of the data set.
    """
    names = ("stand-in",) if source == SOURCE else ("full", "laptop")
    return next((name for name in names if epochs >= BUDGETS[name].epochs), "own")


def require_fitting_images(name: str, config: Config, data: Dataset) -> None:
    """Refuse to train a run of the practical on images that its budget is not for.

    Args:
        name: of the run.
        config: its settings.
        data: what it is about to train on.

    Raises:
        TrainingError: it has the settings of budgets for other images; it would get no points.
    """
    if name not in STEPS and not any(name in each.changes for each in SWEEPS.values()):
        return
    of_budget = {budget: replace(step(name, budget), seed=config.seed) for budget in BUDGETS}
    meant = [budget for budget, settings in of_budget.items() if settings == config]
    drawn = data.train.source == SOURCE
    if meant and not any((budget == "stand-in") == drawn for budget in meant):
        raise TrainingError(
            f"Training the run {name!r} with the budget {meant[0]!r}.",
            got=f"images of another kind: {data.train.source}",
            rule='the budget "stand-in" trains on the stand-in, "laptop" and "full" on CIFAR-10; '
            "other runs get no points",
            next_step='set BUDGET = "stand-in", or give CONVBOOK_DATA the place of CIFAR-10'
            if drawn
            else 'set BUDGET = "laptop", or give it the images of standin()',
        )
