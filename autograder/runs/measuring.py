"""What the measurer is asked: the files of runs, and test images where they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from autograder.runs import images
from autograder.runs.files import RunFile
from autograder.sandbox.inside.protocol import encode, pack


def request(
    runs: Mapping[str, str], files: Sequence[RunFile], seed: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Return the request that measures a submission's runs, and its blobs.

    Args:
        runs: the name of each run that is due, by its item.
        files: what was handed in of them.
        seed: the hash of the submission and the version of the grader, which draw new images.
    """
    told = [{"run": f.run, "name": f.name, "trouble": f.trouble} for f in files]
    blobs = [file.data for file in files]
    at_hand = images.at_hand(images.place()) if files else None
    if at_hand is not None:
        blobs.append(pack(encode(asdict(at_hand))))
    body = {
        "do": "measure",
        "items": list(runs),
        "files": told,
        "images": at_hand is not None,
        **seed,
    }
    return body, tuple(blobs)
