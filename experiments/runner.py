"""Train every seed of an experiment a few epochs at a time, recording what is finished."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from convbook.data import Dataset, splits
from convbook.errors import DivergedError
from convbook.training import History, Result, fit
from convbook.training.files import write_atomically
from convbook.training.folder import HISTORY
from experiments.ladder import Experiment
from experiments.record import record

DIVERGED = "diverged.txt"


@dataclass(frozen=True)
class Plan:
    """What is to be trained and where it is kept.

    Attributes:
        experiment: what to train.
        seeds: one run each.
        epochs: of each run; more than before makes the runs longer.
        source: words for the data in the result file.
        runs_folder: of checkpoints and full records, one folder a seed.
        results_folder: of the result file, NAME.json.
        remark: what else a reader of the result must know.
    """

    experiment: Experiment
    seeds: list[int]
    epochs: int
    source: str
    runs_folder: Path
    results_folder: Path
    remark: str = ""

    def folder(self, seed: int) -> Path:
        """Return where the run of `seed` is kept."""
        return self.runs_folder / self.experiment.name / f"seed{seed}"

    def histories(self) -> list[History]:
        """Return the record of each seed that has finished an epoch."""
        paths = [self.folder(seed) / HISTORY for seed in self.seeds]
        return [History.load(path) for path in paths if path.exists()]

    def diverged(self) -> dict[int, str]:
        """Return seed and place of each run whose loss was no longer a number."""
        paths = {seed: self.folder(seed) / DIVERGED for seed in self.seeds}
        return {seed: path.read_text() for seed, path in paths.items() if path.exists()}

    def record(self) -> Result:
        """Write what is finished to the result file."""
        return record(
            self.experiment,
            self.histories(),
            diverged=self.diverged(),
            seeds=self.seeds,
            epochs=self.epochs,
            source=self.source,
            remark=self.remark,
            path=self.results_folder / f"{self.experiment.name}.json",
        )


def run(plan: Plan, data: Dataset, *, stride: int = 5, progress: bool = True) -> Result:
    """Train each seed of `plan` on `data`; go on from what is there.

    The seeds advance side by side, `stride` epochs in turn: whenever the runner is stopped, all
    of them are about as far, and the result file holds what is finished. A one-cycle run is planned
    to its end, so its seeds come one after the other. A run that diverges is recorded as such.
    """
    config = plan.experiment.config
    data = _share_of(data, plan.experiment.share)
    if config.schedule is not None:
        stride = plan.epochs
    for turn in range(stride, plan.epochs + stride, stride):
        target = min(turn, plan.epochs)
        done = {history.config.seed: len(history.epochs) for history in plan.histories()}
        for seed in plan.seeds:
            if done.get(seed, 0) < target and seed not in plan.diverged():
                folder = plan.folder(seed)
                asked = replace(config, seed=seed, epochs=target)
                try:
                    fit(asked, data, run_dir=folder, progress=progress)
                except DivergedError as error:
                    write_atomically(folder / DIVERGED, f"{error.asked} {error.got}".encode())
                plan.record()
    return plan.record()


def _share_of(data: Dataset, share: float) -> Dataset:
    if share == 1:
        return data
    return Dataset(splits(data.train, 1 - share).train, data.test)
