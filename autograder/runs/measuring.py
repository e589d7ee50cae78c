"""What the measurer is asked: the files of runs, and test images where they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from autograder.runs import images
from autograder.runs.files import RunFile
from autograder.sandbox.inside.protocol import encode, pack

Outcome = dict[str, Any]  # of a call: {"kind": "answer", "blob": …}, or another kind


def request(
    items: Iterable[str],
    files: Sequence[RunFile],
    read: Mapping[str, tuple[Outcome, bytes]],
    seed: Mapping[str, str],
) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Return the request that measures a submission's runs, and its blobs.

    Args:
        items: the ids of the items that runs are handed in for.
        files: what was handed in of their runs.
        read: what the functions gave that read something off a run, by their item.
        seed: the hash of the submission and the version of the grader, which draw new images.
    """
    blobs = [file.data for file in files]
    told = [{"run": f.run, "name": f.name, "trouble": f.trouble} for f in files]
    readings = {}
    for item, (outcome, answer) in read.items():
        readings[item] = {**outcome, **({"blob": len(blobs)} if "blob" in outcome else {})}
        blobs.append(answer)
    at_hand = images.at_hand(images.place()) if files else None
    if at_hand is not None:
        blobs.append(pack(encode(asdict(at_hand))))
    body = {
        "do": "measure",
        "items": list(items),
        "files": told,
        "readings": readings,
        "images": at_hand is not None,
        **seed,
    }
    return body, tuple(blobs)
