"""What is handed in of a run: its record as JSON, and its weights in half the bytes.

The weights are stored as float16. What that costs is not guessed: they are measured again as they
are stored, and the record holds that measure beside the one of the last epoch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from convbook.errors import TrainingError
from convbook.training.budgets import budget_of
from convbook.training.checkpoint import load_weights
from convbook.training.files import read_bytes, read_json, write_atomically
from convbook.training.history import History
from convbook.training.schema import COUNT, HISTORY, LOSS, SCHEMA_VERSION, SHARE, TEXT, VERSION
from convbook.training.schema import check as check_schema

RECORD, WEIGHTS = "record.json", "weights.safetensors"
EVERY = 10  # one batch in ten is kept: enough to see the first updates, and the noise
DIGITS = 4  # of losses and accuracies: half an image in 10,000
LARGEST = torch.finfo(torch.float16).max
MEASURED = {"loss": LOSS, "accuracy": SHARE, "n": COUNT}
SCHEMA = {
    "schema_version": VERSION,
    "run": TEXT,
    "budget": TEXT,
    "weights": TEXT,
    "measured": MEASURED,
    "history": HISTORY,
}


@dataclass(frozen=True)
class Record:
    """The record of a finished run.

    Attributes:
        run: its name, which its folder has too.
        weights: the SHA-256 of the file of its weights, in hex.
        loss: mean over the test images of the weights as they are stored, in nats.
        accuracy: likewise, in [0, 1].
        history: thinned and rounded.
    """

    run: str
    weights: str
    loss: float
    accuracy: float
    history: History

    @property
    def budget(self) -> str:
        """The largest budget that the run has used up, or "own"."""
        return budget_of(len(self.history.epochs), self.history.data["source"])

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        n = self.history.data["n_test"]
        return {
            "schema_version": SCHEMA_VERSION,
            "run": self.run,
            "budget": self.budget,
            "weights": self.weights,
            "measured": {"loss": self.loss, "accuracy": self.accuracy, "n": n},
            "history": self.history.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any, *, name: str = "a record") -> Record:
        """Build a record from `to_dict`'s values.

        Args:
            values: what JSON gave.
            name: of the file, for the error.

        Raises:
            TrainingError: a field is missing, of the wrong kind, or contradicts another one.
        """
        check_schema(values, SCHEMA, name)
        measured = values["measured"]
        history = History.from_dict(values["history"], name=name)
        record = cls(
            values["run"], values["weights"], measured["loss"], measured["accuracy"], history
        )
        if record.to_dict() | {"history": values["history"]} != values:
            raise TrainingError(
                f"Reading {name}.",
                got=f"budget {values['budget']!r}, measured on {measured['n']} images",
                rule=f"its history is of the budget {record.budget!r} and of "
                f"{history.data['n_test']} test images",
                next_step="the record was edited: train again",
            )
        return record

    def save(self, folder: Path) -> None:
        """Write the record into the run's folder.

        Raises:
            TrainingError: the file cannot be written.
        """
        write_atomically(folder / RECORD, (json.dumps(self.to_dict()) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> tuple[Record, dict[str, Tensor]]:
        """Read a record and its weights (float32) from a run's folder.

        Raises:
            TrainingError: a file is missing, damaged, or not of this run.
        """
        record = cls.from_dict(read_json(folder / RECORD), name=str(folder / RECORD))
        weights = load_weights(folder / WEIGHTS)
        found = hashlib.sha256(read_bytes(folder / WEIGHTS)).hexdigest()
        if found != record.weights:
            raise TrainingError(
                f"Reading the run in {folder}.",
                got=f"weights {found[:12]}, where the record names {record.weights[:12]}",
                rule=f"{RECORD} and {WEIGHTS} are of the same run",
                next_step="take both from the same copy, or remove the folder and train again",
            )
        return record, full(weights)


def small(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as float16, but for what it cannot hold: counts, and huge values."""
    return {name: _small(tensor.detach().cpu()) for name, tensor in weights.items()}


def _small(tensor: Tensor) -> Tensor:
    fits = tensor.is_floating_point() and bool((tensor.abs() <= LARGEST).all())
    return (tensor.half() if fits else tensor).contiguous()


def full(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return stored weights as float32."""
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def write_weights(weights: dict[str, Tensor], folder: Path) -> str:
    """Write weights that `small` gave into the run's folder; return the SHA-256 of the file.

    Raises:
        TrainingError: the file cannot be written.
    """
    content = to_safetensors(weights)
    write_atomically(folder / WEIGHTS, content)
    return hashlib.sha256(content).hexdigest()


def thin(history: History) -> History:
    """Return a small copy of a whole history: one batch in `EVERY`, numbers rounded."""
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")
    return replace(
        history,
        every=EVERY,
        batch_loss=[round(loss, DIGITS) for loss in history.batch_loss[::EVERY]],
        batch_accuracy=[round(share, DIGITS) for share in history.batch_accuracy[::EVERY]],
        epochs=[
            replace(epoch, **{name: round(getattr(epoch, name), DIGITS) for name in names})
            for epoch in history.epochs
        ],
    )
