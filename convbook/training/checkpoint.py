"""Where a run stands, in one safetensors file: weights, optimiser and epoch, never a pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from convbook.errors import TrainingError
from convbook.training.config import Config
from convbook.training.files import read_bytes, write_atomically
from convbook.training.schema import COUNT, OBJECT, TEXT, VERSION, check

OPTIMISER = "optimiser/"  # no module name holds a slash, so the two sorts of tensors cannot collide
# First bytes of what torch.save and pickle write. The length that a safetensors file begins with
# can be the same bytes, but after its eight comes a brace.
PICKLES = (b"PK\x03\x04", b"\x80")
STATE = {
    "schema_version": VERSION,
    "epoch": COUNT,
    "config": OBJECT,
    "fingerprint": TEXT,
}


@dataclass(frozen=True)
class Checkpoint:
    """A run at the end of an epoch.

    No state of a random generator is here: every epoch draws from generators seeded with the
    run's seed and its own number, so the next epoch needs none of the past ones.

    Attributes:
        epoch: how many epochs are finished.
        config: the settings of the run.
        fingerprint: of the training images.
        weights: the model's state, by name.
        optimiser: the optimiser's tensors, by "parameter index/name".
    """

    epoch: int
    config: Config
    fingerprint: str
    weights: dict[str, Tensor]
    optimiser: dict[str, Tensor]

    @classmethod
    def of(
        cls,
        model: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        epoch: int,
        config: Config,
        fingerprint: str,
    ) -> Checkpoint:
        """Take the state of `model` and `optimiser` after `epoch` epochs."""
        moments = {
            f"{index}/{name}": value
            for index, values in optimiser.state_dict()["state"].items()
            for name, value in values.items()
            if isinstance(value, Tensor)
        }
        return cls(epoch, config, fingerprint, model.state_dict(), moments)

    def restore(self, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Give `model` and `optimiser` this state.

        Raises:
            TrainingError: the model has other weights than the checkpoint.
        """
        load_into(model, self.weights)
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in self.optimiser.items():
            index, name = key.split("/", 1)
            if value.ndim:
                # The fused update walks through weight and velocity as they lie in memory.
                value = torch.empty_like(weights[int(index)]).copy_(value)
            state.setdefault(int(index), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})

    def save(self, path: str | Path) -> None:
        """Write the checkpoint; the file is whole at any time.

        Raises:
            TrainingError: the file cannot be written.
        """
        state = {
            "schema_version": 1,
            "epoch": self.epoch,
            "config": self.config.to_dict(),
            "fingerprint": self.fingerprint,
        }
        tensors = self.weights | {OPTIMISER + key: value for key, value in self.optimiser.items()}
        tensors = {key: value.contiguous().cpu() for key, value in tensors.items()}
        write_atomically(Path(path), to_safetensors(tensors, {"state": json.dumps(state)}))

    @classmethod
    def load(cls, path: str | Path) -> Checkpoint:
        """Read a checkpoint that `save` wrote.

        Raises:
            TrainingError: the file is missing, damaged, a pickle, or no checkpoint of a run.
        """
        tensors, metadata = _read(Path(path))
        state = _parse(metadata.get("state", "{}"))
        check(state, STATE, str(path))
        weights = {k: v for k, v in tensors.items() if not k.startswith(OPTIMISER)}
        moments = {k.removeprefix(OPTIMISER): v for k, v in tensors.items() if k not in weights}
        config = Config.from_dict(state["config"])
        return cls(state["epoch"], config, state["fingerprint"], weights, moments)


def load_weights(path: str | Path) -> dict[str, Tensor]:
    """Return the weights in any safetensors file, by name, without an optimiser's tensors.

    Raises:
        TrainingError: the file is missing, damaged or a pickle.
    """
    tensors, _ = _read(Path(path))
    return {key: value for key, value in tensors.items() if not key.startswith(OPTIMISER)}


def load_into(model: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy `weights` into `model`.

    Raises:
        TrainingError: a name or a shape differs.
    """
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in weights.items()}
    for name in [*shapes, *given]:
        if shapes.get(name) != given.get(name):
            raise TrainingError(
                "Loading weights into a model.",
                got=f"{name}: {given.get(name, 'none')} in the file, "
                f"{shapes.get(name, 'none')} in the model",
                rule="the file holds the weights of this very model",
                next_step="build the model the file was written from, or train again",
            )
    model.load_state_dict(weights)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    head = read_bytes(path)[:9]
    if head.startswith(PICKLES) and head[8:] != b"{":
        raise TrainingError(
            f"Reading {path}.",
            got="a file written by torch.save or pickle",
            rule="checkpoints are safetensors files: opening a pickle runs whatever is in it",
            next_step="save with convbook.training, or safetensors.torch.save_file(state, path)",
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise TrainingError(
            f"Reading {path}.",
            got=str(error),
            rule="a whole safetensors file",
            next_step="the file is damaged or is something else: train again",
        ) from error


def _parse(state: str) -> Any:
    try:
        return json.loads(state)
    except ValueError:
        return None
