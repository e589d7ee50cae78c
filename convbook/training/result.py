"""A recorded experiment: the same run with several seeds, as the book shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convbook.training.files import read_json, write_atomically
from convbook.training.history import History
from convbook.training.schema import RESULT, SCHEMA_VERSION, check


@dataclass(frozen=True)
class Result:
    """The runs of one experiment.

    Attributes:
        experiment: its short name, such as "q15".
        title: what was trained on what, in words.
        note: what a reader must know to read the numbers.
        complete: whether every planned seed reached the planned number of epochs, or diverged.
        planned_seeds: the seeds asked for.
        planned_epochs: the epochs asked for.
        runs: the record of each seed, batches thinned and numbers rounded; a seed that diverged in
            its first epoch has none.
        diverged: seed and place of each run whose loss was no longer a number.
    """

    experiment: str
    title: str
    note: str
    complete: bool
    planned_seeds: tuple[int, ...]
    planned_epochs: int
    runs: tuple[History, ...]
    diverged: dict[int, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "experiment": self.experiment,
            "title": self.title,
            "note": self.note,
            "complete": self.complete,
            "planned": {"seeds": list(self.planned_seeds), "epochs": self.planned_epochs},
            "diverged": {str(seed): place for seed, place in self.diverged.items()},
            "runs": [run.to_dict() for run in self.runs],
        }

    def save(self, path: str | Path) -> None:
        """Write the result as JSON, one line a run, so that a change of one shows as one.

        Raises:
            TrainingError: the file cannot be written.
        """
        values = self.to_dict()
        head = json.dumps({**values, "runs": []}, indent=1, ensure_ascii=False)
        runs = ",\n".join(json.dumps(run, ensure_ascii=False) for run in values["runs"])
        text = head.removesuffix("[]\n}") + f"[\n{runs}\n]\n}}\n"
        write_atomically(Path(path), text.encode())

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read a result that `save` wrote.

        Raises:
            TrainingError: the file is missing, is no JSON, or is no result.
        """
        values = read_json(Path(path))
        if isinstance(values, dict):
            values = {"diverged": {}, **values}  # which the first records did not have
        check(values, RESULT, str(path))
        return cls(
            **{key: values[key] for key in ("experiment", "title", "note", "complete")},
            planned_seeds=tuple(values["planned"]["seeds"]),
            planned_epochs=values["planned"]["epochs"],
            runs=tuple(
                History.from_dict(run, name=f"{path}, run {i}")
                for i, run in enumerate(values["runs"])
            ),
            diverged={int(seed): place for seed, place in values["diverged"].items()},
        )
