"""The steps of the practical as configurations, and how long each trains: data, no code.

A student with a fast machine takes the budget "full", one with a laptop "laptop", one without
CIFAR-10 "stand-in": marks are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    "base": _BASE,
    "normalisation": _NORMALISED,
    "augmentation": _AUGMENTED,
    "schedule": replace(_AUGMENTED, model="schedule", momentum=0.9, gamma=0.95),
    "dropout": replace(_AUGMENTED, model="dropout"),
    "batchnorm": replace(_AUGMENTED, model="batchnorm"),
}


def step(name: str, budget: str) -> Config:
    """Return the configuration of a step of the practical, for a budget.

    Args:
        name: "base", "normalisation", "augmentation", "schedule", "dropout" or "batchnorm".
        budget: "full", "laptop" or "stand-in".

    Raises:
        TrainingError: there is no such step or budget.
    """
    for kind, given, known in (("step", name, STEPS), ("budget", budget, BUDGETS)):
        if given not in known:
            raise TrainingError(
                f"Looking for a {kind} of the practical.",
                got=repr(given),
                rule=f"it is one of {', '.join(known)}",
                next_step="correct the name",
            )
    chosen = BUDGETS[budget]
    return replace(STEPS[name], epochs=chosen.epochs, batch_size=chosen.batch_size, lr=chosen.lr)


def budget_of(epochs: int, source: str) -> str:
    """Return the largest budget that a run has used up; "own" for a run shorter than all.

    Args:
        epochs: that were made.
        source: of the images, in the words of the data set.
    """
    names = ("stand-in",) if source == SOURCE else ("full", "laptop")
    return next((name for name in names if epochs >= BUDGETS[name].epochs), "own")
