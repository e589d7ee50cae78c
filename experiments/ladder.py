"""The experiments by name: what each trains, as data."""

from __future__ import annotations

from dataclasses import dataclass

from convbook.training import Config


@dataclass(frozen=True)
class Experiment:
    """One recorded experiment.

    Attributes:
        name: of its result file.
        title: what is trained, for a reader.
        config: its settings; the runner sets seed and epochs.
    """

    name: str
    title: str
    config: Config


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "q15",
            "The practical's network: SGD, lr 0.1, batches of 128, pixels in [0, 1], "
            "no augmentation",
            Config(model="base", lr=0.1, batch_size=128),
        ),
    )
}
