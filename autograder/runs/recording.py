"""Train the runs from which the bands come, and keep them in `recorded/`.

    python -m autograder.runs.recording base dropout                  on the stand-in
    python -m autograder.runs.recording base --data cifar10.zip       on your students' images

Bands hold for the very images that the runs saw. Each run is added to its file as it ends; a seed
that is there is not trained again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from autograder.runs.bands import FOLDER
from convbook.data import Dataset, cifar10, standin
from convbook.errors import ConvbookError
from convbook.training import STEPS, History, Result, fit, step
from convbook.training.record import thin

STANDIN, LAPTOP, FULL = "stand-in", "laptop", "full"  # the budgets


def record(name: str, data: Dataset, budget: str, seeds: list[int]) -> None:
    """Train a step of the practical for a budget, once with each of these seeds.

    Raises:
        TrainingError: there is no such step, a run failed, or its record cannot be written.
    """
    config = step(name, budget)
    images = "" if budget == STANDIN else f"-{budget}-{data.train.fingerprint}"
    path = FOLDER / f"{name}{images}.json"
    runs = list(Result.load(path).runs) if path.exists() else []
    for seed in seeds:
        if seed in {run.config.seed for run in runs}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = fit(replace(config, seed=seed), data, run_dir=folder, progress=False)
        runs.append(thin(run.history))
        _write(path, name, budget, runs, seeds)
        print(name, seed, runs[-1].epochs[-1], flush=True)


def _write(path: Path, name: str, budget: str, runs: list[History], seeds: list[int]) -> None:
    epochs = runs[0].config.epochs
    done = {run.config.seed for run in runs}
    Result(
        experiment=name,
        title=f"The step {name!r} of the practical, budget {budget!r}, for the grader's bands",
        note="Batch values: every 10th batch. The machine had other work beside: times are no "
        "benchmark.",
        complete=done >= set(seeds),
        planned_seeds=tuple(sorted(done | set(seeds))),
        planned_epochs=epochs,
        runs=tuple(runs),
    ).save(path)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m autograder.runs.recording",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("step", choices=STEPS, nargs="+", metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--seeds", type=int, default=5, help="how many; they are 1, 2, 3, …")
    parser.add_argument("--data", help="where CIFAR-10 lies; the stand-in is drawn without it")
    parser.add_argument(
        "--budget", choices=(LAPTOP, FULL), default=LAPTOP, help="of runs on CIFAR-10"
    )
    args = parser.parse_args(arguments)
    try:
        data = cifar10(args.data) if args.data else standin()
        for name in args.step:
            budget = args.budget if args.data else STANDIN
            record(name, data, budget, list(range(1, 1 + args.seeds)))
    except ConvbookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
