"""Train the runs from which the bands come: `python -m autograder.runs.recording base --seeds 5`.

Each run is added to `recorded/STEP.json` as it ends; a seed that is there is not trained again.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from autograder.runs.bands import FOLDER
from convbook.data import Dataset, standin
from convbook.training import STEPS, History, Result, fit, step
from convbook.training.record import thin

BUDGET = "stand-in"


def record(name: str, data: Dataset, seeds: list[int]) -> None:
    """Train a step of the practical on the stand-in, once with each of these seeds."""
    config = step(name, BUDGET)
    path = FOLDER / f"{name}.json"
    runs = list(Result.load(path).runs) if path.exists() else []
    for seed in seeds:
        if seed in {run.config.seed for run in runs}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = fit(replace(config, seed=seed), data, run_dir=folder, progress=False)
        runs.append(thin(run.history))
        _write(path, name, runs, seeds)
        print(name, seed, runs[-1].epochs[-1], flush=True)


def _write(path: Path, name: str, runs: list[History], seeds: list[int]) -> None:
    epochs = runs[0].config.epochs
    done = {run.config.seed for run in runs}
    Result(
        experiment=name,
        title=f"The step {name!r} of the practical on its stand-in, for the bands of the grader",
        note="Batch values: every 10th batch. The machine had other work beside: times are no "
        "benchmark.",
        complete=done >= set(seeds),
        planned_seeds=tuple(sorted(done | set(seeds))),
        planned_epochs=epochs,
        runs=tuple(runs),
    ).save(path)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=STEPS, nargs="+")
    parser.add_argument("--seeds", type=int, default=5, help="how many; they are 1, 2, 3, …")
    args = parser.parse_args()
    data = standin()
    for name in args.step:
        record(name, data, list(range(1, 1 + args.seeds)))


if __name__ == "__main__":
    main()
