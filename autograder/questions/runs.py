"""A training run that is handed in, as an item of a question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunItem:
    """A run that a student trains: graded by measuring its weights again.

    Attributes:
        id: `QUESTION.run`.
        step: of the practical, as `convbook.training.STEPS` names it; the run is named so too.
        points: its mark when it is what it says, and learned as far as runs of ours.
    """

    id: str
    step: str
    points: float

    @property
    def question(self) -> str:
        """The id of its question."""
        return self.id.split(".")[0]


@dataclass(frozen=True)
class ReadingItem:
    """What a student reads off a run of their own: graded by the record that was handed in.

    Attributes:
        id: `QUESTION.FUNCTION`; `convbook.check.readings` knows what the function must give.
        step: whose run it is.
        points: its mark when it is what the record says.
    """

    id: str
    step: str
    points: float

    @property
    def function(self) -> str:
        """The name of the function that a student writes; it takes no arguments."""
        return self.id.split(".")[1]
