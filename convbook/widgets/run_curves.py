"""Curves of recorded runs, seed by seed, with a cursor over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import traitlets

from convbook.errors import ShapeError
from convbook.training import History
from convbook.widgets.base import Widget, shape_of, source, styles

COLUMNS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
DIGITS = 4
EXAMPLE = [
    {
        "name": name,
        "seeds": [0],
        "train_loss": [[2.0, 1.0, 0.5]],
        "test_loss": [[2.0, low, 1.5]],
        "train_accuracy": [[20.0, 60.0, 90.0]],
        "test_accuracy": [[20.0, high, high]],
    }
    for name, low, high in (("one", 1.5, 50.0), ("another", 1.25, 60.0))
]


def steps_of(runs: Mapping[str, Sequence[History]]) -> list[dict[str, Any]]:
    """Return the curves of named groups of runs, as the state `steps` of the widget.

    Each group is cut to the epochs that all of its runs have; losses in nats, accuracies in
    per cent.
    """
    steps = []
    for name, histories in runs.items():
        epochs = min(len(history.epochs) for history in histories)
        step: dict[str, Any] = {"name": name, "seeds": [h.config.seed for h in histories]}
        for column in COLUMNS:
            unit = 100 if column.endswith("accuracy") else 1
            step[column] = [
                [round(unit * value, DIGITS) for value in history.column(column)[:epochs]]
                for history in histories
            ]
        steps.append(step)
    return steps


class RunCurves(Widget):
    """Two groups of recorded runs, every seed, up to the epoch at the cursor.

    Shapes:
        steps: dicts with `name`, `seeds`, and `train_loss`, `test_loss`, `train_accuracy`,
            `test_accuracy`, each (seeds, epochs); `steps_of` makes them of histories.

    `first` and `second` name the two groups that are drawn, `quantity` says what of them ("loss" in
    nats or "accuracy" in per cent), `epoch` is where the cursor is, counted from 1.
    """

    stem: ClassVar[str] = "run_curves"
    _esm = source(stem)
    _css = styles(stem)

    steps = traitlets.List(traitlets.Dict(), EXAMPLE, minlen=1).tag(sync=True)
    first = traitlets.Unicode().tag(sync=True)
    second = traitlets.Unicode().tag(sync=True)
    quantity = traitlets.Enum(["accuracy", "loss"], "accuracy").tag(sync=True)
    epoch = traitlets.Int(1, min=1).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        steps = state.get("steps", EXAMPLE)
        for step in steps:
            _check(step)
        names = [step["name"] for step in steps]
        super().__init__(**{"first": names[0], "second": names[-1], **state})
        for name in (self.first, self.second):
            if name not in names:
                _refuse(f"{name!r}", f"the steps are {', '.join(names)}")


def _check(step: dict[str, Any]) -> None:
    if set(step) != {"name", "seeds", *COLUMNS}:
        _refuse(f"keys {', '.join(step)}", f"a step has name, seeds, {', '.join(COLUMNS)}")
    shapes = {shape_of(column, step[column], "SE") for column in COLUMNS}
    if len(shapes) != 1 or next(iter(shapes))[0] != len(step["seeds"]):
        _refuse(
            f"{len(step['seeds'])} seeds and curves of {', '.join(map(str, sorted(shapes)))}",
            "each column is (seeds, epochs)",
        )


def _refuse(got: str, rule: str) -> None:
    raise ShapeError(
        "Reading the curves of runs.",
        got=got,
        rule=rule,
        next_step="make the steps with steps_of, of the histories of fit",
    )
