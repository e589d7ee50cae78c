"""What a training run did: every batch and every epoch, and where the numbers come from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from convbook.data import Dataset
from convbook.errors import TrainingError
from convbook.training.config import Config
from convbook.training.files import read_json, write_atomically
from convbook.training.metrics import Meter, Metrics
from convbook.training.schema import HISTORY, SCHEMA_VERSION, check

THEN = "; then "


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Attributes:
        epoch: counted from 1: the number of passes made.
        train_loss: mean over the epoch's images, each measured just before the update that its
            batch makes ("online": the weights move under the measure), in nats.
        train_accuracy: likewise, in [0, 1].
        test_loss: mean over the test images once the epoch is over, in nats.
        test_accuracy: likewise, in [0, 1].
        lr: learning rate of the epoch's first update.
        seconds: wall-clock time of training and test.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    lr: float
    seconds: float


@dataclass
class History:
    """The record of one run.

    Attributes:
        config: the settings of the run.
        data: `source` in words, `fingerprint` and `test_fingerprint`, `n_train`, `n_test`.
        device: where it ran.
        precision: in which number format and memory layout.
        threads: how many threads PyTorch could use.
        versions: of python, torch and convbook.
        commit: of the repository convbook was imported from, or None.
        date: when the run began, ISO 8601 in UTC.
        every: `batch_loss[i]` is that of batch `i * every`, counted from 0 over the whole run.
        batch_loss: mean loss of a batch before its update, in nats.
        batch_accuracy: share of the batch recognised before its update, in [0, 1].
        epochs: one entry a finished epoch.
    """

    config: Config
    data: dict[str, Any]
    device: str
    precision: str
    threads: int
    versions: dict[str, str]
    commit: str | None
    date: str
    every: int = 1
    batch_loss: list[float] = field(default_factory=list)
    batch_accuracy: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    @classmethod
    def begin(
        cls, config: Config, data: Dataset, precision: str, provenance: dict[str, Any]
    ) -> History:
        """Return the empty record of a run about to begin."""
        about = {
            "source": data.train.source,
            "fingerprint": data.train.fingerprint,
            "test_fingerprint": data.test.fingerprint,
            "n_train": len(data.train),
            "n_test": len(data.test),
        }
        return cls(config=config, data=about, precision=precision, **provenance)

    def add_epoch(self, train: Meter, test: Metrics, lr: float, seconds: float) -> None:
        """Add a finished epoch: its batches as `train` saw them, and the test after it."""
        mean = train.metrics()
        self.batch_loss += train.losses
        self.batch_accuracy += train.accuracies
        self.epochs.append(
            Epoch(
                epoch=len(self.epochs) + 1,
                train_loss=mean.loss,
                train_accuracy=mean.accuracy,
                test_loss=test.loss,
                test_accuracy=test.accuracy,
                lr=lr,
                seconds=seconds,
            )
        )

    def go_on_from(self, kept: History) -> None:
        """Take over the epochs of `kept`, and what it says of where they were made."""
        self.date = kept.date
        self.batch_loss = list(kept.batch_loss)
        self.batch_accuracy = list(kept.batch_accuracy)
        self.epochs = list(kept.epochs)
        for name in ("device", "precision", "commit"):
            setattr(self, name, _joined(getattr(kept, name), getattr(self, name)))

    @property
    def seconds(self) -> float:
        """Wall-clock time of the finished epochs, in seconds."""
        return sum(epoch.seconds for epoch in self.epochs)

    @property
    def batches_per_epoch(self) -> int:
        """Updates in an epoch: the number of images over the batch size, rounded up."""
        return -(-int(self.data["n_train"]) // self.config.batch_size)

    def column(self, name: str) -> list[float]:
        """Return one number an epoch: `history.column("test_accuracy")`.

        Raises:
            TrainingError: there is no such column.
        """
        if name not in Epoch.__dataclass_fields__:
            raise TrainingError(
                "Reading a column of a history.",
                got=repr(name),
                rule=f"the columns are {', '.join(Epoch.__dataclass_fields__)}",
                next_step="name one of them",
            )
        return [getattr(epoch, name) for epoch in self.epochs]

    def numbers(self) -> dict[str, Any]:
        """Return what the same seed gives again: losses and accuracies, no times, no dates."""
        epochs = [{**asdict(epoch), "seconds": 0.0} for epoch in self.epochs]
        return {"loss": self.batch_loss, "accuracy": self.batch_accuracy, "epochs": epochs}

    def until(self, epochs: int) -> History:
        """Return the history of the first `epochs` epochs."""
        kept = -(-epochs * self.batches_per_epoch // self.every)
        return replace(
            self,
            batch_loss=self.batch_loss[:kept],
            batch_accuracy=self.batch_accuracy[:kept],
            epochs=self.epochs[:epochs],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "config": self.config.to_dict(),
            "data": self.data,
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "versions": self.versions,
            "commit": self.commit,
            "date": self.date,
            "seconds": round(self.seconds, 1),
            "batches": {
                "every": self.every,
                "loss": self.batch_loss,
                "accuracy": self.batch_accuracy,
            },
            "epochs": [asdict(epoch) for epoch in self.epochs],
        }

    @classmethod
    def from_dict(cls, values: Any, *, name: str = "a history") -> History:
        """Build a history from `to_dict`'s values.

        Args:
            values: what JSON gave.
            name: of the file, for the error.

        Raises:
            TrainingError: a field is missing, of the wrong kind, or contradicts another one.
        """
        check(values, HISTORY, name)
        batches = values["batches"]
        history = cls(
            config=Config.from_dict(values["config"]),
            **{
                key: values[key]
                for key in ("data", "device", "precision", "threads", "versions", "commit", "date")
            },
            every=batches["every"],
            batch_loss=[float(loss) for loss in batches["loss"]],
            batch_accuracy=[float(accuracy) for accuracy in batches["accuracy"]],
            epochs=[Epoch(**epoch) for epoch in values["epochs"]],
        )
        history._check_lengths(name)
        return history

    def _check_lengths(self, name: str) -> None:
        expected = -(-len(self.epochs) * self.batches_per_epoch // self.every)
        for column, values in (("loss", self.batch_loss), ("accuracy", self.batch_accuracy)):
            if len(values) != expected:
                raise TrainingError(
                    f"Reading {name}.",
                    got=f"{len(values)} values in batches.{column}, {len(self.epochs)} epochs",
                    rule=f"{self.batches_per_epoch} batches an epoch, every {self.every}. kept",
                    next_step="the record is incomplete or was edited: train again",
                )
        if [epoch.epoch for epoch in self.epochs] != list(range(1, len(self.epochs) + 1)):
            raise TrainingError(
                f"Reading {name}.",
                got=f"epochs numbered {[epoch.epoch for epoch in self.epochs]}",
                rule="epochs are numbered 1, 2, 3, …",
                next_step="the record is incomplete or was edited: train again",
            )

    def save(self, path: str | Path) -> None:
        """Write the record as JSON; the file is whole at any time.

        Raises:
            TrainingError: the file cannot be written.
        """
        write_atomically(Path(path), (json.dumps(self.to_dict()) + "\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a record that `save` wrote.

        Raises:
            TrainingError: the file is missing, is no JSON, or is no history.
        """
        return cls.from_dict(read_json(Path(path)), name=str(path))


def _joined(before: str | None, now: str | None) -> str | None:
    """Return where a run was made: a resumed one may have moved on."""
    places = before.split(THEN) if before else []
    if now and now not in places:
        places.append(now)
    return THEN.join(places) or None
