"""The page of a practical for its instructor: what came in, what is hard, what is left to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from math import ceil
from statistics import fmean, pstdev
from typing import Any, NamedTuple, TypeVar

from autograder import formgrader
from autograder.course import Assignment
from autograder.gradebook.marks import ManualMark
from autograder.marking.result import STATES, Result
from autograder.pages.feedback import title
from autograder.pages.render import render
from autograder.runs.copies import Copies
from convbook.texts import text

SLOWEST = 10  # submissions
MISTAKES = 3  # of one item
WORST = 5  # mistakes of all items
NAMES = 30  # of those who made a mistake
NOT_WRITTEN = "not written"
# What is called so although no question knows it, by the text that a student reads.
CALLED = {
    "check.not_written": NOT_WRITTEN,
    "check.timeout": "out of time",
    "check.died": "Python died",
}
Key = TypeVar("Key")
STEPS = ("none", "up to a quarter", "up to a half", "up to three quarters", "less than all", "all")


class Mistake(NamedTuple):
    """What went wrong: its name, what a student reads of it, and whether a question knows it."""

    name: str
    words: str = ""
    known: bool = False


class Summary:
    """What a page tells of all submissions; it keeps the marks of each, and forgets the rest."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._rows: list[dict[str, Any]] = []
        self._marks: dict[str, list[float]] = {}  # by item, and by written answer
        self._due: Counter[str] = Counter()  # written answers to mark
        self._right: Counter[str] = Counter()
        self._copies = Copies()
        self._bonus = {item for name, item in assignment.checks.items() if name in assignment.bonus}
        self._mistakes: dict[str, dict[Mistake, list[str]]] = {}  # who made them, by item

    def add(self, result: Result, row: dict[str, Any], manual: Mapping[str, ManualMark]) -> None:
        """Count one submission; one that could not be read has no marks to count."""
        self._rows.append({**row, "seconds": result["seconds"]})
        if result["state"] == "needs review":
            return
        self._copies.add(result)
        for item in result["items"]:
            self._marks.setdefault(item["id"], []).append(row[item["id"]])
            self._right[item["id"]] += item["passed"]
            found = mistake(item)
            if found is not None and not (found.name == NOT_WRITTEN and item["id"] in self._bonus):
                of_item = self._mistakes.setdefault(item["id"], {})
                of_item.setdefault(found, []).append(result["student"])
        for name in self._assignment.by_hand:
            mark = manual.get(name)
            if mark is None or mark.due:
                self._due[name] += 1
            elif name in self._assignment.prose:
                self._marks.setdefault(name, []).append(mark.points or 0.0)

    def page(self) -> str:
        """Return the page: self-contained HTML, every text escaped."""
        rows, name = self._rows, self._assignment.name
        states = Counter(row["state"] for row in rows)
        read = [row for row in rows if row["state"] != "needs review"]
        totals = [row["points"] or 0.0 for row in read]
        return render(
            "summary.html",
            title=title(self._assignment),
            assignment=name,
            states={state: states[state] for state in STATES},
            rows=rows,
            troubles=sorted(
                (row for row in rows if row["state"] != "graded" or not row["auto_points"]),
                key=lambda row: (-STATES.index(row["state"]), row["student"]),
            ),
            total=spread(totals, rows[0]["max_points"]) if read else None,
            questions=self._questions(),
            items=[self._item(item) for item in self._assignment.checks.values()],
            worst=self._worst(),
            again=[row for row in rows if row["look_again"]],
            copies=self._copies.found(),
            slowest=sorted(rows, key=lambda row: -row["seconds"])[:SLOWEST],
            due=[
                {"name": name, "count": self._due[name], "all": len(read)}
                for name in self._assignment.by_hand
                if self._due[name]
            ],
            formgrader=f"http://127.0.0.1:{formgrader.PORT}/formgrader/gradebook/{name}/{name}",
        )

    def _questions(self) -> list[dict[str, Any]]:
        """Return the marks of each question: of its functions together, and of its text."""
        shown = []
        worth = self._worth()
        for question, heading in self._titles().items():
            items = [item for item in worth if item.split(".")[0] == question]
            texts = [name for name in worth if name.split("-")[0] == question]
            together = zip(*(self._marks.get(item, []) for item in items), strict=True)
            best = sum(worth[item] for item in items)
            parts = [("functions", spread([sum(each) for each in together], best))] if items else []
            parts += [
                ("written answer", spread(self._marks.get(name, []), worth[name])) for name in texts
            ]
            shown.append({"id": question, "title": heading, "parts": parts})
        return shown

    def _titles(self) -> dict[str, str]:
        """Return the title of each question; its id where nobody told."""
        known = {each["id"]: each["title"] for each in self._assignment.questions}
        ids = dict.fromkeys(item.split(".")[0] for item in self._assignment.checks.values())
        return {question: known.get(question, question) for question in ids}

    def _worth(self) -> dict[str, float]:
        """Return the points of each item and of each written answer."""
        cells = self._assignment.by_id
        items = {
            item: float(cells[name]["metadata"]["nbgrader"]["points"])
            for name, item in self._assignment.checks.items()
        }
        return items | self._assignment.prose

    def _item(self, item: str) -> dict[str, Any]:
        mistakes = _most_frequent(self._mistakes.get(item, {}))
        return {
            "id": item,
            "right": self._right[item],
            "all": len(self._marks.get(item, [])),
            "mistakes": [
                {
                    **found._asdict(),
                    "count": len(students),
                    "students": students[:NAMES],
                    "more": max(0, len(students) - NAMES),
                }
                for found, students in mistakes[:MISTAKES]
            ],
            "others": sum(len(students) for _mistake, students in mistakes[MISTAKES:]),
        }

    def _worst(self) -> list[dict[str, Any]]:
        """Return the most frequent known mistakes of all items that more than one student made."""
        every = {
            (item, found): students
            for item, mistakes in self._mistakes.items()
            for found, students in mistakes.items()
            if found.known and len(students) > 1
        }
        return [
            {**found._asdict(), "item": item, "count": len(students)}
            for (item, found), students in _most_frequent(every)[:WORST]
        ]


def mistake(item: Mapping[str, Any]) -> Mistake | None:
    """Return what went wrong with an item; None where nothing did, or where a person must say.

    Of what is none of the known mistakes it is told whether there was an answer at all, how it
    ended, and whether only hidden cases find it.
    """
    if item["passed"] or (item["run"] and item["run"]["due"]):
        return None
    if item["misconception"]:
        return Mistake(item["misconception"], item["words"], known=True)
    failure = item["first_failure"]
    if failure is None or not failure["public"]:
        return Mistake("hidden cases", "Right in the cases of the notebook, wrong in others.")
    for key, name in CALLED.items():
        if failure["problem"] == text(key):
            return Mistake(name)
    stopped = _stopped().fullmatch(failure["problem"])
    if stopped:
        return Mistake(stopped[1], "It stopped with this error.")
    return Mistake("something else", "No mistake that has a name.")


@cache
def _stopped() -> re.Pattern[str]:
    """Return what matches the words about a function that raised an error, of which type."""
    words = re.escape(text("check.raised", type="TYPE", message="MESSAGE"))
    return re.compile(words.replace("TYPE", r"(\w{1,60})").replace("MESSAGE", ".*"), re.DOTALL)


def _most_frequent(mistakes: Mapping[Key, list[str]]) -> list[tuple[Key, list[str]]]:
    """Return mistakes with who made them, the most frequent first."""
    return sorted(mistakes.items(), key=lambda each: -len(each[1]))


def spread(marks: Iterable[float], best: float) -> dict[str, Any]:
    """Return how marks are spread: their count, mean and deviation, and how many are in each step.

    The steps are those of STEPS: no points, four equal ranges between, all points.
    """
    given = list(marks)
    counts = Counter(_step(mark, best) for mark in given)
    bars = [counts[step] for step in range(len(STEPS))]
    return {
        "count": len(given),
        "best": best,
        "mean": fmean(given) if given else 0.0,
        "deviation": pstdev(given) if given else 0.0,
        "bars": bars,
        "tallest": max(bars),
        "words": ", ".join(f"{step}: {count}" for step, count in zip(STEPS, bars, strict=True)),
    }


def _step(mark: float, best: float) -> int:
    if mark <= 0:
        return 0
    if mark >= best:
        return len(STEPS) - 1
    return 1 + min(3, ceil(4 * mark / best) - 1)
