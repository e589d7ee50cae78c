"""The folder of a run: its record and its checkpoint, and going on from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from convbook.errors import TrainingError
from convbook.training.checkpoint import Checkpoint
from convbook.training.config import Config
from convbook.training.files import require_writable
from convbook.training.history import History

HISTORY, CHECKPOINT = "history.json", "checkpoint.safetensors"


class RunFolder:
    """Where a run is kept; with None for a path, nothing is kept and nothing resumed.

    The record is written before the checkpoint. A kill between the two leaves a record that is
    one epoch ahead: the checkpoint says where the run stands, the record is cut back to it.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = None if path is None else Path(path)
        if self.path is not None:
            require_writable(self.path)

    def save(
        self, history: History, model: torch.nn.Module, optimiser: torch.optim.Optimizer
    ) -> None:
        """Write the state after the history's last epoch.

        Raises:
            TrainingError: the folder cannot be written; what it held stays whole.
        """
        if self.path is None:
            return
        history.save(self.path / HISTORY)
        Checkpoint.of(
            model,
            optimiser,
            epoch=len(history.epochs),
            config=history.config,
            fingerprint=history.data["fingerprint"],
        ).save(self.path / CHECKPOINT)

    def resume(
        self, history: History, model: torch.nn.Module, optimiser: torch.optim.Optimizer
    ) -> None:
        """Put the run kept here, if any, into `history`, `model` and `optimiser`.

        `history` is that of a run about to begin; a kept run may have asked for fewer epochs.

        Raises:
            TrainingError: the folder holds a run of another configuration or other data, a run
                longer than the one asked for, or damaged files.
        """
        if self.path is None or not (self.path / CHECKPOINT).exists():
            return
        checkpoint = Checkpoint.load(self.path / CHECKPOINT)
        kept = History.load(self.path / HISTORY)
        self._require_same_run(checkpoint, kept, history)
        checkpoint.restore(model, optimiser)
        history.go_on_from(kept.until(checkpoint.epoch))

    def _require_same_run(self, checkpoint: Checkpoint, kept: History, asked: History) -> None:
        images = {name: asked.data[name] for name in ("fingerprint", "test_fingerprint")}
        checks = [
            (_that_stay(checkpoint.config), _that_stay(asked.config)),
            (_that_stay(kept.config), _that_stay(asked.config)),
            ({**images, "fingerprint": checkpoint.fingerprint}, images),
            (kept.data, images),
        ]
        for there, here in checks:
            other = [name for name in here if there[name] != here[name]]
            if other:
                raise self._refusal(
                    ", ".join(
                        f"{name} {there[name]!r} there, {here[name]!r} here" for name in other
                    ),
                    "a folder holds one run: one configuration, the same images",
                )
        if checkpoint.epoch > asked.config.epochs:
            raise self._refusal(
                f"{checkpoint.epoch} epochs there, {asked.config.epochs} asked for",
                "a run can be made longer, not shorter",
            )
        if len(kept.epochs) < checkpoint.epoch:
            raise self._refusal(
                f"{checkpoint.epoch} epochs in {CHECKPOINT}, {len(kept.epochs)} in {HISTORY}",
                "both files are of the same run",
            )

    def _refusal(self, got: str, rule: str) -> TrainingError:
        return TrainingError(
            f"Resuming the run in {self.path}.",
            got=got,
            rule=rule,
            next_step="give another run_dir, or remove the folder to start over",
        )


def _that_stay(config: Config) -> dict[str, Any]:
    if config.schedule is not None:  # which is planned to its end: no run of another length
        return config.to_dict()
    return replace(config, epochs=1).to_dict()
