"""What is compared of an answer that is random: facts that hold whatever the random numbers were.

A measure takes the arguments of a case and the value that came, and gives facts as plain values. A
right answer gets other facts by bad luck with a probability below 1e-9: shares are compared within
Hoeffding's bound, and a fact about all places needs so many images that each place must come up.
It runs where answers are judged, and knows no right answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convbook.check.compare import as_array
from convbook.check.plain import Plain
from convbook.errors import CheckFailed
from convbook.texts import text

FALSE_ALARM = 1e-10
Facts = dict[str, Plain]


def measured(measure: str | None, arguments: dict[str, Plain], outcome: Mapping[str, Any]) -> Any:
    """Return an outcome with the facts of its value in the value's place."""
    if measure is None or "value" not in outcome:
        return outcome
    try:
        return {"value": MEASURES[measure](arguments, outcome["value"])}
    except CheckFailed as error:
        return {"error": {"type": "CheckFailed", "message": str(error)}}


def margin(draws: int) -> float:
    """Return how far a share of independent draws may be from its probability (Hoeffding)."""
    return math.sqrt(math.log(2 / FALSE_ALARM) / (2 * draws))


def augmented(arguments: dict[str, Plain], batch: Plain) -> Facts:
    """Return what a batch of random crops, mirrored or not, is made of.

    Args:
        arguments: of `convbook.check.adapters.augment`, its images without two equal windows.
        batch: what came, (N · copies, C, size, size).
    """
    images, copies, size = (arguments[name] for name in ("images", "copies", "size"))
    n, channels, height, width = images.shape
    came = _array(batch, (n * copies, channels, size, size))
    with np.errstate(invalid="ignore"):  # what is no number becomes some number, and is not equal
        crops = came.astype(images.dtype)
    windows = {
        (which, _bytes(images[which, :, i : i + size, j : j + size])): (i, j)
        for which in range(n)
        for i in range(height - size + 1)
        for j in range(width - size + 1)
    }
    straight, mirrored = (
        [windows.get((place // copies, _bytes(crop))) for place, crop in enumerate(each)]
        for each in (crops, crops[..., ::-1])
    )
    places = [one or other for one, other in zip(straight, mirrored, strict=True)]
    return {
        "every output is a crop of its image": None not in places and bool((crops == came).all()),
        "mirrored": _share(sum(place is not None for place in mirrored), len(places), 0.5),
        "places": _places(len({*places} - {None}), len(set(windows.values()))),
    }


def _bytes(pixels: np.ndarray) -> bytes:
    return np.ascontiguousarray(pixels).tobytes()


def _places(found: int, all_places: int) -> str:
    if found == all_places:
        return "all"
    return "one" if found == 1 else f"{found} of {all_places}"


def _share(count: int, draws: int, p: float) -> str:
    """Return a share in words that the same right answer always gets."""
    if count in (0, draws):
        return "none" if count == 0 else "all"
    wanted = "half of them" if p == 0.5 else f"a share of {p:g}"
    return wanted if abs(count / draws - p) <= margin(draws) else "another share"


def pictures(n: int, seed: int) -> np.ndarray:
    """Return n random uint8 images, (n, 3, 16, 16); the first half of them are one and the same.

    They are coarse and bright: none looks like its mirror image, and none has black parts.
    """
    coarse = np.random.default_rng(seed).integers(60, 200, size=(n, 3, 4, 4), dtype=np.uint8)
    coarse[: n // 2] = coarse[0]
    return coarse.repeat(4, axis=2).repeat(4, axis=3)


def changed(arguments: dict[str, Plain], runs: Plain) -> Facts:
    """Return what an augmentation of one's own keeps to.

    Args:
        arguments: "n" and "seed" of the pictures.
        runs: what `convbook.check.adapters.own_augmentation` gives.
    """
    images = pictures(**arguments)
    names = ("first", "again", "other", "after")
    if not isinstance(runs, dict) or set(runs) != set(names):
        raise CheckFailed(text("check.no_array"))
    first, again, other, after = (_array(runs[name], images.shape) for name in names)
    copies = len(images) // 2
    untouched = (first == images).all(axis=(1, 2, 3))
    mirrored = (first == images[..., ::-1]).all(axis=(1, 2, 3))
    return {
        "values from 0 to 255": bool(first.min() >= 0 and first.max() <= 255),
        "whole numbers": first.dtype.kind in "iu" or bool((first == np.floor(first)).all()),
        "something else than a mirror image": bool((~untouched & ~mirrored).any()),
        "equal images become different ones": bool((first[:copies] != first[0]).any()),
        "different images stay different": 2 * len({i.tobytes() for i in first[copies:]}) > copies,
        "the same random numbers, the same result": bool((first == again).all()),
        "other random numbers, another result": bool((first != other).any()),
        "the images that were given stay as they were": bool((after == images).all()),
    }


def dropped(arguments: dict[str, Plain], output: Plain) -> Facts:
    """Return what dropout did to its input.

    Args:
        arguments: "x", (N, D) without zeros, and "p", the probability of dropping.
        output: what came, (N, D).
    """
    x, p = arguments["x"], arguments["p"]
    kept = _array(output, x.shape) != 0
    scales = (output / x)[kept]
    same = scales.size and np.allclose(scales, scales[0], rtol=1e-3)
    return {
        "dropped": _share(int((~kept).sum()), kept.size, p),
        "what is kept is multiplied by": round(float(scales[0]), 4) if same else None,
        "every image has a draw of its own": bool((kept != kept[0]).any() or kept.all()),
        "every number has a draw of its own": bool((kept != kept[:, :1]).any() or kept.all()),
    }


def _array(value: Plain, shape: tuple[int, ...]) -> np.ndarray:
    array = as_array(value)
    if array is None:
        raise CheckFailed(text("check.no_array"))
    if array.shape != tuple(shape):
        raise CheckFailed(text("check.other_shape", expected=tuple(shape), got=array.shape))
    return array


MEASURES: dict[str, Callable[[dict[str, Plain], Plain], Facts]] = {
    "augmented": augmented,
    "changed": changed,
    "dropped": dropped,
}
