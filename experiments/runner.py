"""Train every seed of an experiment a few epochs at a time, recording what is finished."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from convbook.data import Dataset
from convbook.training import History, Result, fit
from convbook.training.folder import HISTORY
from experiments.ladder import Experiment
from experiments.record import record


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

    def record(self) -> Result:
        """Write what is finished to the result file."""
        return record(
            self.experiment,
            self.histories(),
            seeds=self.seeds,
            epochs=self.epochs,
            source=self.source,
            remark=self.remark,
            path=self.results_folder / f"{self.experiment.name}.json",
        )


def run(plan: Plan, data: Dataset, *, stride: int = 5, progress: bool = True) -> Result:
    """Train each seed of `plan` on `data`; go on from what is there.

    The seeds advance side by side, `stride` epochs in turn: whenever the runner is stopped, all
    of them are about as far, and the result file holds what is finished.
    """
    for turn in range(stride, plan.epochs + stride, stride):
        target = min(turn, plan.epochs)
        done = {history.config.seed: len(history.epochs) for history in plan.histories()}
        for seed in plan.seeds:
            if done.get(seed, 0) < target:
                config = replace(plan.experiment.config, seed=seed, epochs=target)
                fit(config, data, run_dir=plan.folder(seed), progress=progress)
                plan.record()
    return plan.record()
