"""Runs that several students handed in: a matter of the class, which no mark depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HASHES = {"weights": "the same weights", "curve": "the same curve"}


class Copies:
    """Finds runs that are the same, over the results of a class.

    The seed of a run is drawn, so two students do not train the same one. Who copied from whom
    nobody can tell from the files: this names them, and a person asks.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], list[str]] = {}

    def add(self, result: Mapping[str, Any]) -> None:
        """Look at the runs of one submission."""
        for item in result["items"]:
            run = item["run"] or {}
            for kind in HASHES:
                for name, value in run.get(kind, {}).items():
                    self._seen.setdefault((name, kind, value), []).append(result["student"])

    def found(self) -> list[dict[str, Any]]:
        """Return each group of students with the same run: its name, what is the same, who."""
        groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (run, kind, _), students in self._seen.items():
            if len(students) > 1:
                groups.setdefault((run, tuple(students)), []).append(HASHES[kind])
        return [
            {"run": run, "what": " and ".join(what), "students": list(students)}
            for (run, students), what in sorted(groups.items())
        ]
