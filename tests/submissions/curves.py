"""Hand-ins of a training run, one a behaviour: what was done to an honest one, and its verdict.

`CURVES` has them by name. Each gets the folder of the run and an honest run's files are in it; the
notebook beside is the solved one.
"""

from __future__ import annotations

import hashlib
import json
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from convbook.data.standin import draw_standin
from convbook.models import build
from convbook.training import evaluate, load_into
from convbook.training.record import full, small
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors

RECORD, WEIGHTS = "record.json", "weights.safetensors"
Break = Callable[[Path], None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Curve:
    """What was done to a run, and what it must come to.

    Attributes:
        spoil: does it.
        points: of 2.
        known: the name of what is wrong.
        due: a part of why a person must look.
        told: a part of the words about what is wrong.
    """

    spoil: Break
    points: float = 0
    known: str | None = None
    due: str = ""
    told: str = ""


def record(change: Callable[[Json], Any]) -> Break:
    def spoil(run: Path) -> None:
        values = json.loads((run / RECORD).read_text())
        change(values)
        (run / RECORD).write_text(json.dumps(values))

    return spoil


def put(run: Path, content: bytes) -> None:
    """Hand in other weights, under a record that names them."""
    (run / WEIGHTS).write_bytes(content)
    record(lambda values: values.update(weights=hashlib.sha256(content).hexdigest()))(run)


def weights(make: Callable[[], dict[str, torch.Tensor]]) -> Break:
    return lambda run: put(run, to_safetensors(make()))


def untrained() -> dict[str, torch.Tensor]:
    return small(build("base", seed=3).state_dict())


def claim(accuracy: float) -> Callable[[Json], None]:
    def change(values: Json) -> None:
        values["measured"]["accuracy"] = accuracy
        values["history"]["epochs"][-1]["test_accuracy"] = accuracy

    return change


def flat(run: Path) -> None:
    """An untrained network, and a curve that says as much."""
    weights(untrained)(run)
    network = build("base")
    load_into(network, full(untrained()))
    guessed = round(evaluate(network, draw_standin(1, 2_000, 0).test).accuracy, 4)

    def change(values: Json) -> None:
        claim(guessed)(values)
        for epoch in values["history"]["epochs"]:
            epoch.update(train_loss=2.303, test_loss=2.303, train_accuracy=0.1, test_accuracy=0.1)
        values["history"]["epochs"][-1]["test_accuracy"] = guessed

    record(change)(run)


def smooth(values: Json) -> None:
    """A curve from a formula, with everything in it that can be counted."""
    batches = values["history"]["batches"]
    n = len(batches["loss"])
    batches["loss"] = [round(0.3 + 2 * math.exp(-4 * i / n), 4) for i in range(n)]


def of_cifar10(values: Json) -> None:
    """The same numbers of batches and of test images, so that nothing contradicts itself."""
    values["budget"] = "laptop"
    values["history"]["config"].update(batch_size=128, lr=0.1)
    values["history"]["data"].update(
        source="CIFAR-10", fingerprint="0" * 16, test_fingerprint="1" * 16, n_train=40_000
    )


class Opened:
    """Leaves a trace where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("/tmp/leftover-of-a-pickle"),)


def linked(run: Path) -> None:
    (run / WEIGHTS).rename(run.parent / "elsewhere")
    (run / WEIGHTS).symlink_to("../elsewhere")


def larger_than_allowed(run: Path) -> None:
    with (run / WEIGHTS).open("r+b") as file:
        file.truncate(2**30)


def in_another_type(run: Path) -> None:
    """Weights of somebody else, in a file that is not theirs to the byte."""
    found = load_file(run / WEIGHTS)
    put(run, to_safetensors({name: tensor.float() for name, tensor in found.items()}))


def better_weights_elsewhere(run: Path) -> None:
    (run / WEIGHTS).write_bytes(to_safetensors(untrained()))


CURVES: dict[str, Curve] = {
    "honest": Curve(lambda _run: None, points=2),
    "copied": Curve(lambda _run: None, points=2),
    "copied-in-another-type": Curve(in_another_type, points=2),
    "edited-accuracy": Curve(record(claim(0.95)), known="accuracy-edited", told="claims 95.0%"),
    "untrained-weights": Curve(weights(untrained), known="accuracy-edited"),
    "weights-of-another-run": Curve(better_weights_elsewhere, known="checkpoint-of-another-run"),
    "edited-last-epoch": Curve(
        record(lambda r: r["history"]["epochs"][-1].update(test_accuracy=0.97)),
        known="record-contradicts-itself",
    ),
    "accuracy-of-no-count": Curve(
        record(lambda r: r["history"]["epochs"][0].update(test_accuracy=0.3333)),
        known="record-contradicts-itself",
        told="among 2000",
    ),
    "invented-smooth-curve": Curve(record(smooth), due="how rough its curve is"),
    "flat-curve": Curve(flat, known="nothing-learned"),
    "nan-loss": Curve(
        record(lambda r: r["history"]["epochs"][-1].update(train_loss=math.nan)),
        known="record-unreadable",
    ),
    "a-number-beyond-floats": Curve(
        record(lambda r: r["history"]["epochs"][0].update(train_loss=10**400)),
        known="record-unreadable",
        told="epochs[0].train_loss",
    ),
    "a-setting-beyond-floats": Curve(
        record(lambda r: r["history"]["config"].update(lr=10**400)), known="record-unreadable"
    ),
    "another-schema": Curve(
        record(lambda r: r.update(schema_version=99)),
        known="record-unreadable",
        told="schema_version = 99",
    ),
    "another-recipe": Curve(
        record(lambda r: r["history"]["config"].update(lr=0.02, momentum=0.9)),
        known="other-recipe",
        told="lr 0.02 (due: 0.05)",
    ),
    "record-without-weights": Curve(
        lambda run: (run / WEIGHTS).unlink(), known="checkpoint-missing"
    ),
    "weights-without-record": Curve(lambda run: (run / RECORD).unlink(), known="record-missing"),
    "pickle": Curve(lambda run: put(run, pickle.dumps(Opened())), known="pickle"),
    "another-architecture": Curve(
        weights(lambda: small(build("batchnorm", seed=3).state_dict())), known="other-architecture"
    ),
    "cut-off": Curve(
        lambda run: put(run, (run / WEIGHTS).read_bytes()[:-5000]), known="checkpoint-unreadable"
    ),
    "links": Curve(linked, known="file-refused"),
    "a-gigabyte": Curve(larger_than_allowed, known="file-refused", told="1024.0 MiB"),
    "cifar10-not-at-hand": Curve(record(of_cifar10), due="are not at hand"),
}
