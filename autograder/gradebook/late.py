"""Points lost for handing in late, by the same plug-in as in nbgrader."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from autograder.settings import Settings
from convbook.errors import GradingError


def seconds_late(
    handed_in: datetime | None, due: datetime | None, extension: timedelta | None
) -> float:
    """Return by how many seconds a submission missed its due date, all in UTC."""
    if handed_in is None or due is None:
        return 0.0
    return max(0.0, (handed_in - due - (extension or timedelta())).total_seconds())


class LatePenalty:
    """The plug-in that `AssignLatePenalties.plugin_class` names; nbgrader's takes no points."""

    def __init__(self, settings: Settings) -> None:
        """Load the plug-in that the settings name.

        Raises:
            GradingError: there is no such plug-in.
        """
        from nbgrader.plugins import LateSubmissionPlugin
        from nbgrader.preprocessors import AssignLatePenalties

        try:
            step = AssignLatePenalties(config=settings)
            step.init_plugin()
        except Exception as error:
            raise GradingError(
                "Loading the plug-in for late penalties.",
                got=f"{type(error).__name__}: {error}",
                rule="AssignLatePenalties.plugin_class names a class, as FILE.CLASS; FILE.py lies "
                "beside nbgrader_config.py",
                next_step="correct that line of nbgrader_config.py",
            ) from error
        plugin: Any = step.plugin_inst
        if type(plugin) is LateSubmissionPlugin:  # it names its method for each submission
            plugin.log = logging.getLogger(f"{plugin.log.name}.late")
            plugin.log.setLevel(logging.WARNING)
        self._plugin = plugin if step.enabled else None

    def points(self, student: str, score: float, late: float) -> float | None:
        """Return the points that a submission loses, from 0 to its score; None is no penalty.

        Args:
            student: who handed it in.
            score: its points without a penalty.
            late: seconds.

        Raises:
            GradingError: the plug-in failed.
        """
        if self._plugin is None or late <= 0:
            return None
        try:
            penalty = self._plugin.late_submission_penalty(student, score, late)
            return None if penalty is None else min(max(float(penalty), 0.0), score)
        except Exception as error:
            raise GradingError(
                f"Asking the late penalty of {student!r}.",
                got=f"{type(self._plugin).__name__}: {type(error).__name__}: {error}",
                rule="late_submission_penalty(student_id, score, total_seconds_late) gives "
                "points, or None",
                next_step="correct the plug-in that AssignLatePenalties.plugin_class names",
            ) from error
