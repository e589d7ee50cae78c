"""Train every seed of experiments, one after the other or several at once, recording all along."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.multiprocessing import get_context
from tqdm import tqdm

from convbook.data import Dataset, splits
from convbook.errors import DivergedError
from convbook.training import History, Result, fit
from convbook.training.files import write_atomically
from convbook.training.folder import HISTORY
from experiments.ladder import Experiment
from experiments.record import record

DIVERGED = "diverged.txt"
_here: Dataset  # in a process of `run_at_once`: what it trains on


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
    data = _share_of(data, plan.experiment.share)
    if plan.experiment.config.schedule is not None:
        stride = plan.epochs
    for turn in range(stride, plan.epochs + stride, stride):
        target = min(turn, plan.epochs)
        done = {history.config.seed: len(history.epochs) for history in plan.histories()}
        for seed in plan.seeds:
            if done.get(seed, 0) < target and seed not in plan.diverged():
                _train(plan, seed, target, data, progress)
                plan.record()
    return plan.record()


def run_at_once(plans: Sequence[Plan], data: Dataset, processes: int) -> list[Result]:
    """Train the seeds of all plans to their ends, `processes` at a time; go on from what is there.

    One run leaves most of a large GPU idle: there, many at a time take little longer than one.
    Each process has as many threads as this one.
    """
    with ProcessPoolExecutor(
        processes, get_context("spawn"), _begin, (data, torch.get_num_threads())
    ) as pool:
        running = {
            pool.submit(_train_here, plan, seed): plan
            for plan in plans
            for seed in plan.seeds
            if seed not in plan.diverged()
        }
        for ended in tqdm(as_completed(running), total=len(running), unit="run"):
            ended.result()
            running[ended].record()
    return [plan.record() for plan in plans]


def _begin(data: Dataset, threads: int) -> None:
    global _here
    _here = data
    torch.set_num_threads(threads)


def _train_here(plan: Plan, seed: int) -> None:
    _train(plan, seed, plan.epochs, _share_of(_here, plan.experiment.share), progress=False)


def _train(plan: Plan, seed: int, epochs: int, data: Dataset, progress: bool) -> None:
    """Train one seed until it has so many epochs, or diverges."""
    folder, config = plan.folder(seed), plan.experiment.config
    try:
        fit(replace(config, seed=seed, epochs=epochs), data, run_dir=folder, progress=progress)
    except DivergedError as error:
        write_atomically(folder / DIVERGED, f"{error.asked} {error.got}".encode())


def _share_of(data: Dataset, share: float) -> Dataset:
    if share == 1:
        return data
    return Dataset(splits(data.train, 1 - share).train, data.test)
