"""Training: a frozen configuration in, a history out.

- `fit(config, data)` trains, keeps and resumes a run; `evaluate` measures a model
- `Config`, `History`, `Epoch`, `Result`: what was asked, what happened, over several seeds
- `Checkpoint`, `load_weights`, `load_into`: weights on disk, as safetensors
- `LivePlot`: curves that grow in a notebook
"""

from convbook.training.checkpoint import Checkpoint, load_into, load_weights
from convbook.training.config import Config
from convbook.training.history import Epoch, History
from convbook.training.loop import Run, fit
from convbook.training.metrics import Metrics, evaluate
from convbook.training.progress import LivePlot
from convbook.training.result import Result

__all__ = [
    "Checkpoint",
    "Config",
    "Epoch",
    "History",
    "LivePlot",
    "Metrics",
    "Result",
    "Run",
    "evaluate",
    "fit",
    "load_into",
    "load_weights",
]
