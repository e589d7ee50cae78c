"""From the full histories of runs to the small result file that the book reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from convbook.errors import TrainingError
from convbook.training import History, Result
from convbook.training.record import EVERY, thin
from experiments.ladder import Experiment


def record(
    experiment: Experiment,
    histories: list[History],
    *,
    diverged: dict[int, str],
    seeds: list[int],
    epochs: int,
    source: str,
    remark: str,
    path: Path,
) -> Result:
    """Write what there is of an experiment to `path`, saying whether it is all that was planned.

    Runs that `path` has and that are not made anew stay, where they are of the same settings,
    images and planned length: seeds can be added on another day, or another machine.

    Args:
        experiment: what was trained.
        histories: the finished epochs of each seed that has any.
        diverged: seed and place of each run whose loss was no longer a number.
        seeds: the seeds planned.
        epochs: the epochs planned for each.
        source: words for the data.
        remark: what else a reader must know, or nothing.
        path: of the result file.

    Raises:
        TrainingError: there is nothing to record.
    """
    if not histories and not diverged:
        raise TrainingError(
            f"Recording the experiment {experiment.name!r}.",
            got=f"no finished epoch of the seeds {', '.join(map(str, seeds))}",
            rule="a record is made from the folders of runs; the one that is there stays",
            next_step="train first: python -m experiments run, with the same --runs",
        )
    runs = [_named(thin(history), source) for history in histories]
    done = {run.config.seed: len(run.epochs) for run in runs}
    before = Result.load(path) if path.exists() else None
    if runs and before is not None and before.planned_epochs == epochs:
        others = (run for run in before.runs if run.config.seed not in {*done, *diverged})
        kept = [run for run in others if _alike(run, runs[0])]
        runs = sorted([*kept, *runs], key=lambda run: run.config.seed)
        done = {run.config.seed: len(run.epochs) for run in runs}
        if kept:
            diverged = {**before.diverged, **diverged}
        seeds = sorted({*seeds, *done, *diverged})
    complete = all(done.get(seed, 0) >= epochs or seed in diverged for seed in seeds)
    words = ", ".join(f"seed {seed}: {count}" for seed, count in done.items())
    note = "Every planned epoch is here." if complete else "Partial: the run is not over."
    if diverged:
        note += f" Diverged: {', '.join(f'seed {seed}' for seed in diverged)}."
    result = Result(
        experiment=experiment.name,
        title=experiment.title,
        note=f"{note} Epochs finished: {words or 'none'} (of {epochs} planned for each of "
        f"{len(seeds)} seeds). Batch values: every {EVERY}th batch. {remark}".rstrip(),
        complete=complete,
        planned_seeds=tuple(seeds),
        planned_epochs=epochs,
        runs=tuple(runs),
        diverged=diverged,
    )
    result.save(path)
    return result


def _alike(run: History, other: History) -> bool:
    """Tell whether two runs differ by chance alone, or in how far they have come."""
    images = "fingerprint", "test_fingerprint", "n_train", "n_test"
    same_images = all(run.data[name] == other.data[name] for name in images)
    config = replace(run.config, seed=other.config.seed, epochs=other.config.epochs)
    return same_images and config == other.config


def _named(history: History, source: str) -> History:
    """Return the history with words for its data; the loader's may name a file of this machine."""
    return replace(history, data={**history.data, "source": source})
