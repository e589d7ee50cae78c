"""From the full histories of runs to the small result file that the book reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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

    Args:
        experiment: what was trained.
        histories: the finished epochs of each seed that has any.
        diverged: seed and place of each run whose loss was no longer a number.
        seeds: the seeds planned.
        epochs: the epochs planned for each.
        source: words for the data.
        remark: what else a reader must know, or nothing.
        path: of the result file.
    """
    done = {history.config.seed: len(history.epochs) for history in histories}
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
        runs=tuple(_named(thin(history), source) for history in histories),
        diverged=diverged,
    )
    result.save(path)
    return result


def _named(history: History, source: str) -> History:
    """Return the history with words for its data; the loader's may name a file of this machine."""
    return replace(history, data={**history.data, "source": source})
