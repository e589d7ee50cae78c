"""The errors convbook raises: each says what was asked, what came, the rule and the next step."""

from __future__ import annotations


class ConvbookError(Exception):
    """Base of every error that a user of convbook can meet.

    Attributes:
        asked: what was being done, in a few words.
        got: the values received, or an empty string.
        rule: what must hold.
        next_step: what the reader can do now.
    """

    def __init__(self, asked: str, *, got: str = "", rule: str = "", next_step: str = "") -> None:
        self.asked, self.got, self.rule, self.next_step = asked, got, rule, next_step
        lines = [asked]
        lines += [f"  got:  {got}"] if got else []
        lines += [f"  rule: {rule}"] if rule else []
        lines += [f"  next: {next_step}"] if next_step else []
        super().__init__("\n".join(lines))


class ShapeError(ConvbookError, ValueError):
    """Sizes that no layer can have, or that do not fit together."""


class DataError(ConvbookError):
    """Images that cannot be found, read, downloaded or stored."""


class TrainingError(ConvbookError):
    """A training run that cannot start, go on or be read back."""


class DivergedError(TrainingError):
    """A training run whose loss is no longer a number."""


class CheckError(ConvbookError):
    """A call of `check` that names no question, or hands in the wrong things."""


class CheckFailed(ConvbookError):
    """An answer that is not right yet."""


class NotAllowedHere(ConvbookError):
    """A helper that would give the answer away was called while an answer is checked."""


class GradingError(ConvbookError):
    """Grading that cannot start or go on."""


class BuildError(ConvbookError):
    """A source from which no exercise can be built."""
