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
