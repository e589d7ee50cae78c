"""Training: a frozen configuration in, a history out.

- `fit(config, data, run="base")` trains a run, keeps it, loads it; `evaluate` measures a model
- `step("base", "laptop")` the configuration of a step of the practical, for a budget of time;
  `sweep("lr", "laptop")` those of runs that are compared
- `Config`, `History`, `Epoch`, `Result`: what was asked, what happened, over several seeds
- `Checkpoint`, `load_weights`, `load_into`: weights on disk, as safetensors
- `LivePlot`: curves that grow in a notebook
"""

from convbook.training.budgets import BUDGETS, STEPS, SWEEPS, budget_of, runs_of, step, sweep
from convbook.training.checkpoint import Checkpoint, load_into, load_weights
from convbook.training.config import Config
from convbook.training.history import Epoch, History
from convbook.training.loop import Run
from convbook.training.metrics import Metrics, evaluate
from convbook.training.progress import LivePlot
from convbook.training.record import Record
from convbook.training.result import Result
from convbook.training.runs import fit

__all__ = [
    "BUDGETS",
    "STEPS",
    "SWEEPS",
    "Checkpoint",
    "Config",
    "Epoch",
    "History",
    "LivePlot",
    "Metrics",
    "Record",
    "Result",
    "Run",
    "budget_of",
    "evaluate",
    "fit",
    "load_into",
    "load_weights",
    "runs_of",
    "step",
    "sweep",
]
