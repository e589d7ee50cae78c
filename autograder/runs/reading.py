"""From bytes of a student to a record and weights, or to what is wrong with them, by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import load as from_safetensors
from torch import Tensor, nn

from autograder.runs.files import FILES
from convbook.errors import TrainingError
from convbook.models import build
from convbook.training import Record, load_into
from convbook.training import step as recipe_of
from convbook.training.checkpoint import PICKLES
from convbook.training.record import full

RECORD, WEIGHTS = FILES


class Wrong(Exception):
    """What is wrong with a run: a name for the table, words that teach, and what to do."""

    def __init__(self, name: str, words: str, hint: str) -> None:
        super().__init__(words)
        self.name, self.words, self.hint = name, words, hint


@dataclass(frozen=True)
class HandedIn:
    """A run as it was handed in: its record, and the practical's network with its weights."""

    record: Record
    network: nn.Module
    weights: str  # the SHA-256 of all values, whatever file they came in


def read(step: str, files: Mapping[str, bytes], troubles: Mapping[str, str]) -> HandedIn:
    """Read a run.

    Args:
        step: of the practical, or the name of a run of a sweep, whose network and recipe it must
            have.
        files: the bytes of `record.json` and `weights.safetensors`, those that are there.
        troubles: why a file that is there was not read.

    Raises:
        Wrong: it is not the record and the weights of a run of this step.
    """
    for name, words in troubles.items():
        raise Wrong(
            "file-refused",
            f"{name}: {words}.",
            "Hand in the two files as fit wrote them.",
        )
    if not files:
        raise Wrong(
            "run-missing",
            f"No run was handed in: there is no folder runs/{step} with its files.",
            "Run the training cell, and hand in the folder runs together with the notebook.",
        )
    for name, other in ((RECORD, WEIGHTS), (WEIGHTS, RECORD)):
        if name not in files:
            raise Wrong(
                "record-missing" if name == RECORD else "checkpoint-missing",
                f"{other} was handed in without {name}: one says what the other is.",
                f"Hand in both files of runs/{step}.",
            )
    record = _record(step, files[RECORD])
    _require_recipe(step, record)
    return HandedIn(record, *_network(step, files[WEIGHTS], record))


def _record(step: str, data: bytes) -> Record:
    try:
        values = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Wrong(
            "record-unreadable",
            "The record is not JSON: damaged, or something else.",
            "Hand in record.json as fit wrote it.",
        ) from None
    try:
        record = Record.from_dict(values, name=RECORD)
    except TrainingError as error:
        raise Wrong(
            "record-unreadable",
            f"The record does not hold what a record holds. {error.got}; {error.rule}."[:500],
            "Hand in record.json as fit wrote it, of the version that the course uses.",
        ) from None
    if record.run != step:
        raise Wrong(
            "record-of-another-run",
            f"The record is of a run named {record.run[:60]!r}, where {step!r} is due.",
            f'Train with fit(…, run="{step}"): the name is in the record.',
        )
    return record


def _require_recipe(step: str, record: Record) -> None:
    if record.budget == "own":
        raise Wrong(
            "too-short",
            f"The run has {len(record.history.epochs)} epochs, fewer than the smallest budget "
            "for its images.",
            'The budgets are "full", "laptop" and, for the stand-in, "stand-in".',
        )
    wanted = recipe_of(step, record.budget).to_dict()
    given = record.history.config.to_dict()
    free = ("epochs", "seed", "amp")
    other = [name for name in wanted if name not in free and wanted[name] != given[name]]
    if other:
        listed = ", ".join(f"{name} {given[name]!r} (due: {wanted[name]!r})" for name in other)
        raise Wrong(
            "other-recipe",
            f"The run has other settings than this question asks for: {listed}."[:500],
            f'Train with step("{step}", BUDGET) as it is.',
        )


def _network(step: str, data: bytes, record: Record) -> tuple[nn.Module, str]:
    if data.startswith(PICKLES) and data[8:9] != b"{":
        raise Wrong(
            "pickle",
            "The weights are a file of torch.save or pickle. Opening one runs whatever is in it, "
            "so nobody opened it.",
            "Hand in weights.safetensors as fit wrote it.",
        )
    try:
        weights = from_safetensors(data)
    except Exception:  # of whatever kind: the bytes are a student's
        raise Wrong(
            "checkpoint-unreadable",
            "The weights are no safetensors file: damaged, or something else.",
            "Hand in weights.safetensors as fit wrote it.",
        ) from None
    if hashlib.sha256(data).hexdigest() != record.weights:
        raise Wrong(
            "checkpoint-of-another-run",
            "The weights are not those that the record names: the two files are of different "
            "runs, or one of them was changed.",
            "Hand in both files of one run, as fit wrote them.",
        )
    network = build(recipe_of(step, record.budget).model)
    try:
        load_into(network, full(weights))
    except TrainingError as error:
        raise Wrong(
            "other-architecture",
            f"The weights are not of the practical's network. {error.got}."[:500],
            "Let the check of your network pass, then train it.",
        ) from None
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise Wrong(
            "not-finite",
            "Some weights are not finite numbers: the run diverged.",
            "Compare the settings with those of the question.",
        )
    return network, _values(network.state_dict())


def _values(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of all weights in the network's order, as float32."""
    digest = hashlib.sha256()
    for tensor in state.values():
        digest.update(tensor.to(torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()
