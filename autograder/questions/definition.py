"""What a question is made of. Each is defined once; every other form of it is made from that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from autograder.questions.runs import ReadingItem, RunItem
from convbook.check.plain import Plain

Arguments = dict[str, Plain]


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that was really seen, with words that teach.

    Attributes:
        id: its name, one or two words joined by a hyphen.
        words: what the mistake is, in one or two kind sentences.
        hint: where to look next; never the answer itself.
        wrong: the function that somebody who believes it writes.
    """

    id: str
    words: str
    hint: str
    wrong: Callable[..., Plain]


@dataclass(frozen=True)
class Item:
    """A function that a student writes: graded by calling it and looking at the value.

    Attributes:
        id: `QUESTION.FUNCTION`, for instance "q01.output_size".
        signature: how it is called, for instance "output_size(x, y, k, p, s)".
        points: its mark when it is right.
        public: the arguments of the cases that students see, plain values only.
        hidden: draws the arguments of the hidden cases; covers every misconception by itself.
        reference: the right function, from the same arguments to a plain value.
        misconceptions: known wrong answers; the first that explains a failure is named.
        adapter: the function of `convbook.check.adapters` that calls the student's function when
            that takes or gives more than plain values.
        measure: the function of `convbook.check.measures` that turns a value into the facts that
            are compared, when the answer is random; reference and mistakes are measured too.
        tolerance: allowed difference of numbers that are not whole, absolute and relative.
        grading: "all" gives the points when every case is right, "by case" gives the share of
            hidden cases that are right.
        forbidden: names of helpers that refuse while this item is checked, as
            `convbook.check.forbidding` takes them.
    """

    id: str
    signature: str
    points: float
    public: tuple[Arguments, ...]
    hidden: Callable[[np.random.Generator], list[Arguments]]
    reference: Callable[..., Plain]
    misconceptions: tuple[Misconception, ...]
    adapter: str | None = None
    measure: str | None = None
    tolerance: float = 1e-4
    grading: Literal["all", "by case"] = "all"
    forbidden: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The id of its question."""
        return self.id.split(".")[0]

    @property
    def function(self) -> str:
        """The name of the function that a student writes."""
        return self.id.split(".")[1]


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric of a prose answer: what earns how many points."""

    points: float
    words: str


@dataclass(frozen=True)
class Question:
    """A question of a practical: functions and runs graded by the machine, prose by hand.

    The statement, the stubs and the model answers stand in `solutions/`, which refers to the
    question by its id. The points of a bonus come on top: they are not part of the maximum.
    """

    id: str
    assignment: str
    title: str
    items: tuple[Item, ...]
    rubric: tuple[Criterion, ...]
    bonus: bool = False
    runs: tuple[RunItem | ReadingItem, ...] = ()

    @property
    def prose_points(self) -> float:
        """The points of the prose answer."""
        return sum(criterion.points for criterion in self.rubric)

    @property
    def points(self) -> float:
        """All its points."""
        return self.prose_points + self.machine_points

    @property
    def machine_points(self) -> float:
        """The points that the machine gives, for functions and for runs."""
        return sum(item.points for item in self.graded)

    @property
    def graded(self) -> tuple[Item | RunItem | ReadingItem, ...]:
        """All that the machine grades."""
        return (*self.items, *self.runs)
