"""A training run that is handed in, as an item of a question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunItem:
    """A run that a student trains, or a sweep of them: graded by measuring the weights again.

    Attributes:
        id: `QUESTION.run`.
        step: of the practical, as `convbook.training.STEPS` names it, the run is named so too; or
            a sweep, as `SWEEPS` does.
        points: its mark when it is what it says, and learned as far as runs of ours; runs of a
            sweep need not have learned.
        sweep: the names of the runs of a sweep. (They stand here once more because students'
            notebooks are graded without loading torch.)
    """

    id: str
    step: str
    points: float
    sweep: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of its runs."""
        return self.sweep or (self.step,)

    @property
    def question(self) -> str:
        """The id of its question."""
        return self.id.split(".")[0]


@dataclass(frozen=True)
class ReadingItem:
    """What a student reads off runs of their own: graded by the records that were handed in.

    Attributes:
        id: `QUESTION.FUNCTION`; `convbook.check.readings` knows what the function must give.
        step: or sweep, whose runs they are.
        points: its mark when it is what the records say.
        sweep: the names of the runs of a sweep.
    """

    id: str
    step: str
    points: float
    sweep: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs."""
        return self.sweep or (self.step,)

    @property
    def function(self) -> str:
        """The name of the function that a student writes; it takes no arguments."""
        return self.id.split(".")[1]
