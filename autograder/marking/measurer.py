"""The process that measures the weights of runs again, in the network of the practical.

It is the checker's twin with torch in it: our code, a student's bytes, the same walls. It is
started for practicals that have runs, so that the others do not wait for torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from autograder import questions
from autograder.marking.checker import outcome_of
from autograder.questions.runs import ReadingItem, RunItem
from autograder.runs import bands, facts
from autograder.runs.images import ImagesAtHand
from autograder.runs.reading import HandedIn, Wrong, read
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import (
    Message,
    decode,
    pack_answer,
    read_frame,
    unpack,
    write_all,
)
from convbook.check.diagnose import Outcome, problem
from convbook.check.plain import show
from convbook.check.readings import READINGS, TOLERANCE
from convbook.data import Dataset, Images
from convbook.data.images import CIFAR10_CLASSES
from convbook.data.standin import draw_standin
from convbook.training import SWEEPS, evaluate, runs_of, step
from convbook.training.config import AUGMENTATIONS, NORMALISATIONS
from convbook.training.metrics import Metrics
from convbook.training.setting_up import hold_out

N_TRAIN, N_TEST = 10_000, 2_000  # of the stand-in as `convbook.data.standin` draws it
N_UNSEEN = 1_000  # images drawn anew for each submission
ON_STANDIN = "This run is on the stand-in (drawn shapes), not on CIFAR-10."

# Drawn once, before a child is forked: the test images, then those that sweeps hold out.
_standin: list[ImagesAtHand] = []


def preload() -> None:
    """Draw the stand-in and read the runs of ours, once for all children."""
    torch.set_num_threads(1)
    bands.recorded()
    data = draw_standin(N_TRAIN, N_TEST, 0)
    swept = [step(run, "stand-in") for each in SWEEPS for run in runs_of(each)]
    held_out = {config.validation: hold_out(data, config) for config in swept if config.validation}
    _standin[:] = [_at_hand(each) for each in (data, *held_out.values())]


def _at_hand(data: Dataset) -> ImagesAtHand:
    return ImagesAtHand(
        len(data.train),
        data.train.fingerprint,
        data.test.fingerprint,
        len(data.test),
        data.test.images.numpy(),
        data.test.labels.numpy(),
    )


def main(requests: int, responses: int, _limits: Limits) -> None:
    """Serve one submission: measure its runs."""
    while (frame := read_frame(requests)) is not None:
        message = unpack(frame)
        reply = Message({"verdicts": measure(message)})
        write_all(responses, pack_answer(message.body["number"], 0, reply))


def measure(message: Message) -> list[dict[str, Any]]:
    """Return the verdicts on runs.

    The message has "items", the ids of the runs; "files", of each of the first blobs "run" and
    "name", and a "trouble" in place of what was not read; "readings", the outcome of each function
    that read something off a run; and, if there are test images of CIFAR-10 at hand, "images",
    where the last blob is them.
    """
    body = message.body
    at_hand = list(_standin)
    seed = int(hashlib.sha256(f"{body['hash']}\n{body['version']}".encode()).hexdigest()[:12], 16)
    if body["images"]:
        at_hand.append(ImagesAtHand(**decode(unpack(message.blobs[-1]))))
    verdicts = []
    for item_id in body["items"]:
        item = questions.run_item(item_id)
        if isinstance(item, ReadingItem):
            outcome = outcome_of(body["readings"][item_id], message.blobs)
            verdicts.append(_reading(item, message, outcome))
        else:
            verdicts.append(_verdict(item, message, at_hand, seed))
    return verdicts


def _runs(item: RunItem | ReadingItem, message: Message) -> dict[str, HandedIn]:
    """Read the runs of an item, by their names.

    Raises:
        Wrong: one of them is none; of a sweep it is named.
    """
    found = {}
    for run in item.runs:
        mine = [
            (entry, blob)
            for entry, blob in zip(message.body["files"], message.blobs, strict=False)
            if entry["run"] == run
        ]
        files = {entry["name"]: blob for entry, blob in mine if not entry["trouble"]}
        troubles = {entry["name"]: entry["trouble"] for entry, _ in mine if entry["trouble"]}
        with _named(item, run):
            found[run] = read(run, files, troubles)
    return found


@contextmanager
def _named(item: RunItem | ReadingItem, run: str) -> Iterator[None]:
    """Say of which run of a sweep something is wrong."""
    try:
        yield
    except Wrong as wrong:
        if not item.sweep:
            raise
        raise Wrong(wrong.name, f"The run {run}: {wrong.words}", wrong.hint) from None


def _verdict(
    item: RunItem, message: Message, at_hand: list[ImagesAtHand], seed: int
) -> dict[str, Any]:
    """Return what a run, or a sweep, is worth, in the form of an item's verdict."""
    told: dict[str, Any] = {"weights": {}, "curve": {}, "budget": "", "images": "", "measured": ""}
    try:
        runs = _runs(item, message)
        first = next(iter(runs.values())).record
        told |= {
            "weights": {name: run.weights for name, run in runs.items()},
            "curve": {name: facts.curve(run) for name, run in runs.items()},
            "budget": first.budget,
            "images": first.history.data["source"][:200],
        }
        if item.sweep:
            finding = _sweep_finding(item, runs, at_hand)
        else:
            finding = _finding(item, runs[item.step], at_hand, told, seed)
    except Wrong as wrong:
        finding = facts.Finding(0.0, wrong)
    except Exception as error:
        # One run must not stop the rest of its submission, whatever it found in us.
        finding = facts.Finding(0.0, due=f"the grader failed on it: {type(error).__name__}")
    passed = finding.share == 1 and not finding.due
    return {
        "id": item.id,
        "points": 0.0 if finding.due else round(item.points * finding.share, 2),
        "max_points": item.points,
        "passed": passed,
        "cases": [],
        "first_failure": None,
        "misconception": finding.wrong.name if finding.wrong else None,
        "words": finding.wrong.words if finding.wrong else "",
        "hint": finding.wrong.hint if finding.wrong else "",
        "run": {"name": item.step, "due": finding.due, "notes": finding.notes, **told},
    }


def _reading(item: ReadingItem, message: Message, outcome: Outcome) -> dict[str, Any]:
    """Return what a function is worth that reads something off runs."""
    verdict: dict[str, Any] = {
        "id": item.id,
        "points": 0.0,
        "max_points": item.points,
        "passed": False,
        "cases": [],
        "first_failure": None,
        "misconception": None,
        "words": "",
        "hint": "",
        "run": None,
    }
    try:
        runs = _runs(item, message)
        histories = {name: run.record.history for name, run in runs.items()}
        expected = READINGS[item.function](histories)
        words = problem(expected, outcome, TOLERANCE)
        got = show(outcome["value"]) if "value" in outcome else None
    except Wrong as wrong:
        named = {"misconception": wrong.name, "words": wrong.words, "hint": wrong.hint}
        return verdict | named
    except Exception as error:
        # As with a run: the rest of the submission stands. The run itself waits for a person.
        return verdict | {"words": f"The grader failed on it: {type(error).__name__}."}
    if words is None:
        return verdict | {"points": item.points, "passed": True}
    failure = {"public": True, "arguments": {}, "expected": show(expected), "problem": words}
    return verdict | {"first_failure": {**failure, "got": got}}


def _finding(
    item: RunItem,
    run: HandedIn,
    at_hand: list[ImagesAtHand],
    told: dict[str, Any],
    seed: int,
) -> facts.Finding:
    images = _images_of(run, at_hand)
    if images is None:
        return _not_at_hand(run)
    measured = _measured(run, images.pixels, images.labels)
    told["measured"] = f"{measured.accuracy:.1%} of {measured.n} test images"
    facts.require_consistent(run, measured, images)
    if images is at_hand[0]:
        new = draw_standin(1, N_UNSEEN, seed).test
        facts.require_unseen(measured, _measured(run, new.images.numpy(), new.labels.numpy()))
    finding = facts.judge(item.step, run, measured)
    if images is at_hand[0]:
        finding.notes.append(ON_STANDIN)
    return finding


def _sweep_finding(
    item: RunItem, runs: dict[str, HandedIn], at_hand: list[ImagesAtHand]
) -> facts.Finding:
    """Return what a sweep is worth: all of it when each run is what it says, and one learned."""
    measured = {}
    for name, run in runs.items():
        images = _images_of(run, at_hand)
        if images is None:
            return _not_at_hand(run)
        measured[name] = _measured(run, images.pixels, images.labels)
        with _named(item, name):
            facts.require_consistent(run, measured[name], images)
    facts.require_trained(runs, measured)
    budgets = {run.record.budget for run in runs.values()}
    return facts.Finding(1.0, notes=[ON_STANDIN] if "stand-in" in budgets else [])


def _images_of(run: HandedIn, at_hand: list[ImagesAtHand]) -> ImagesAtHand | None:
    """Return the images that a run was measured on, where they are at hand."""
    data = run.record.history.data
    prints = data["fingerprint"], data["test_fingerprint"]
    return next((a for a in at_hand if (a.fingerprint, a.test_fingerprint) == prints), None)


def _not_at_hand(run: HandedIn) -> facts.Finding:
    data = run.record.history.data
    return facts.Finding(
        0.0,
        due=f"its images ({data['source'][:100]!r}, fingerprint {data['test_fingerprint'][:16]}) "
        "are not at hand where this was graded, so its weights could not be measured",
    )


def _measured(run: HandedIn, pixels: Any, labels: Any) -> Metrics:
    config = run.record.history.config
    given = Images(
        torch.from_numpy(pixels),
        torch.from_numpy(labels),
        CIFAR10_CLASSES,
        fingerprint="of a part",
        role="test",
    )
    return evaluate(
        run.network,
        given,
        augment=AUGMENTATIONS[config.augment][1],
        normalise=NORMALISATIONS[config.normalise],
    )
