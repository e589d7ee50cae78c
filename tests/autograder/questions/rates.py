"""How well each item is graded: wrong answers that are caught, right ones that are accepted.

Wrong answers are the known misconceptions, which must be named, and every mutant of the solution
(`mutants`) but those that compute the same. Right answers are the solution and its `variants`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.questions import Item, cases, judge
from tests.autograder.questions import variants
from tests.autograder.questions.mutants import mutants
from tests.autograder.questions.solved import answer, cells, verdict
from tests.autograder.questions.variants_tp2 import EQUIVALENT_TP2, VARIANTS_TP2
from tests.autograder.questions.variants_tp3 import EQUIVALENT_TP3, FAULTS_TP3, VARIANTS_TP3
from tests.autograder.questions.variants_tp4 import EQUIVALENT_TP4, FAULTS_TP4, VARIANTS_TP4

VARIANTS = variants.VARIANTS | VARIANTS_TP2 | VARIANTS_TP3 | VARIANTS_TP4
FAULTS = FAULTS_TP3 | FAULTS_TP4

# The wrong answers that were really seen, and the names that they get.
SEEN = {
    "Q1: ceiling instead of floor": ("q01.output_size", "ceiling"),
    "Q1: the input channels forgotten": ("q01.conv_weights", "channels-forgotten"),
    "Q1: the bias forgotten": ("q01.conv_weights", "bias-forgotten"),
    "Q1: the kernel not subtracted": ("q01.output_size", "kernel-kept"),
    "Q2: a dense layer treats pixels one by one": ("q02.inputs_seen", "pixels-independent"),
    "Q2: the same, in its weights": ("q02.count_weights", "pixels-independent"),
    "Q2: a convolution is invariant": ("q02.equivariance_error", "invariance"),
    "Q7: the field shrinks with depth": ("q07.receptive_field", "shrinks"),
    "Q7: strides ignored": ("q07.receptive_field", "strides-ignored"),
    "Q7: pooling ignored": ("q07.receptive_field", "pooling-ignored"),
}

# Mutants that compute the same as the solution, and why.
EQUIVALENT: dict[str, Any] = {
    "q01.dense_weights": {
        "output_size(x, y, k, p, s) became output_size(y, x, k, p, s)": "a product of both sides",
    },
    "q03.max_pool": {"(1, 2) became (2, 1)": "the largest over both axes, in either order"},
    "q03.avg_pool": {"(1, 2) became (2, 1)": "the mean over both axes, in either order"},
    "q04.first_failure": {
        "min(height, width) became min(width, height)": "the smaller of two, in either order",
    },
    "q06.fully_convolutional": {
        "1 became 2 in shape = torch.zeros(1, *made_for)": "the size of a batch, thrown away",
    },
    "q06.map_shape": {
        "min(rows, columns) became min(columns, rows)": "the smaller of two, in either order",
        "zip(shapes[-1][1:], planned[1:], strict=True) became zip(shapes[-1][1:], planned[1:])": (
            "both have two sides"
        ),
    },
    "q06b.local_weights": {
        "output_size(x, y, k, p, s) became output_size(y, x, k, p, s)": "a product of both sides",
    },
    "q07.measured_field": {
        "(0, 0, height // 2, width // 2) became (0, 0, height // 2, width // 2)": (
            "swaps the two zeros"
        ),
    },
    **EQUIVALENT_TP2,
    **EQUIVALENT_TP3,
    **EQUIVALENT_TP4,
}


@dataclass
class Rate:
    """The counts of one item, and in words what went wrong."""

    item: str
    wrong: int = 0
    caught: int = 0
    equivalent: int = 0
    right: int = 0
    accepted: int = 0
    failures: list[str] = field(default_factory=list)

    def count_wrong(self, is_caught: bool, words: str) -> None:
        self.wrong += 1
        self.caught += is_caught
        self.failures += [] if is_caught else [f"not caught: {words}"]

    def count_right(self, is_accepted: bool, words: str) -> None:
        self.right += 1
        self.accepted += is_accepted
        self.failures += [] if is_accepted else [f"not accepted: {words}"]


def rate(item: Item) -> Rate:
    """Grade every wrong and every right answer to an item."""
    found = Rate(item.id)
    for known in item.misconceptions:
        result = values(item, known.wrong)
        named = result["misconception"] == known.id
        found.count_wrong(named and result["points"] < item.points, f"the mistake {known.id}")
    same, survivors = EQUIVALENT.get(item.id, {}), set()
    for what, code in faults(item):
        full = verdict(item, answer(item.id, code))["points"] >= item.points
        if full and what in same:
            survivors.add(what)
            found.equivalent += 1
            found.count_right(True, what)
        else:
            found.count_wrong(not full, f"the mutant {what}")
    found.failures += [f"not the same any more: {what}" for what in same if what not in survivors]
    for number, function in enumerate([answer(item.id), *VARIANTS[item.id]]):
        found.count_right(verdict(item, function)["passed"], f"variant {number}")
    return found


def faults(item: Item) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, the changed code) for every fault put into the solution."""
    code = cells(item.id)[item.id]
    yield from mutants(code)
    for part, changed in FAULTS.get(item.id, []):
        if part not in code:
            raise AssertionError(f"{item.id}: the solution has no {part!r} to change")
        yield f"{part} became {changed}", code.replace(part, changed)


def values(item: Item, function: Any, seed: int = 0) -> dict[str, Any]:
    """Return the verdict on a function of plain values, as misconceptions are."""
    drawn = cases(item, np.random.default_rng(seed))
    return judge(item, drawn, [{"value": function(**case.arguments)} for case in drawn])
