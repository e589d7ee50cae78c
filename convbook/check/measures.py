"""What is compared of an answer that is random: facts that hold whatever the random numbers were.

A measure takes the arguments of a case and the value that came, and gives facts as plain values. A
right answer gets other facts by bad luck with a probability below 1e-9: shares are compared within
Hoeffding's bound, and a fact about all places needs so many images that each place must come up.
It runs where answers are judged, and knows no right answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from convbook.check.compare import as_array
from convbook.check.plain import Plain
from convbook.errors import CheckFailed
from convbook.texts import text

FALSE_ALARM = 1e-10
DRAWS, AGAIN = 2000, 20  # configurations that are drawn, and drawn once more
FEW = 0.02  # of the images: of 400, one in ten of which changes, so few never do
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
    """Return how far a share of independent draws may be from its probability (Hoeffding).

    So far may their whole distribution be from the true one (the inequality of Dvoretzky, Kiefer,
    Wolfowitz and Massart).
    """
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
        "something else than a mirror image": bool((~untouched & ~mirrored).mean() >= FEW),
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


def configurations(arguments: dict[str, Plain], drawn: Plain) -> Facts:
    """Return what many random configurations have in common.

    Args:
        arguments: "lr", "batch_size" and "dropout", (lowest, highest) of each.
        drawn: what `convbook.check.adapters.draw_configuration` gives.
    """
    first, again = (_columns(drawn, part) for part in ("first", "again"))
    sizes = first["batch_size"]
    return {
        "lr": _spread(first["lr"], *arguments["lr"]),
        "batch_size": _powers(sizes, *arguments["batch_size"]),
        "batch_size is a whole number": sizes.dtype.kind in "iu",
        "dropout": _spread(first["dropout"], *arguments["dropout"]),
        "every setting has a draw of its own": all(
            _independent(one, other) for one, other in combinations(first.values(), 2)
        ),
        "the same random numbers, the same configurations": all(
            np.array_equal(first[name][:AGAIN], column) for name, column in again.items()
        ),
    }


def _columns(drawn: Plain, part: str) -> dict[str, np.ndarray]:
    settings, draws = ("lr", "batch_size", "dropout"), {"first": DRAWS, "again": AGAIN}
    columns = drawn.get(part) if isinstance(drawn, dict) else None
    if not isinstance(columns, dict) or set(columns) != set(settings):
        raise CheckFailed(text("check.other_settings", expected=", ".join(settings)))
    return {name: _array(columns[name], (draws[part],)) for name in settings}


def _spread(values: np.ndarray, low: float, high: float) -> str:
    """Return in words how values lie between two bounds."""
    if not ((values >= low) & (values <= high)).all():
        return "not between the bounds"
    if values.min() == values.max():
        return "always the same"
    shares = {"evenly spread": (values - low) / (high - low)}
    if low > 0:
        shares["its logarithm evenly spread"] = np.log(values / low) / math.log(high / low)
    distances = {words: _distance_from_even(share) for words, share in shares.items()}
    nearest = min(distances, key=lambda words: distances[words])
    return nearest if distances[nearest] <= margin(len(values)) else "unevenly spread"


def _distance_from_even(shares: np.ndarray) -> float:
    """Return the largest distance of the distribution of numbers in [0, 1] from the even one."""
    below = np.arange(len(shares) + 1) / len(shares)
    ordered = np.sort(shares)
    return float(max((below[1:] - ordered).max(), (ordered - below[:-1]).max()))


def _powers(values: np.ndarray, low: int, high: int) -> str:
    """Return in words which powers of two came up, and whether each of them as often."""
    came, counts = np.unique(values, return_counts=True)
    powers = [2**n for n in range(int(high).bit_length()) if low <= 2**n <= high]
    if not set(came.tolist()) <= set(powers):
        return "not only powers of two between the bounds"
    if len(came) < len(powers):
        return "always the same" if len(came) == 1 else "some powers of two never"
    even = np.abs(counts / len(values) - 1 / len(came)).max() <= margin(len(values))
    return "every power of two as often" if even else "some powers of two more often"


def _independent(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether `other` is above its median as often where `one` is above its own as everywhere."""
    above, other_above = one > np.median(one), other > np.median(other)
    if not above.any():
        return True
    return bool(abs(other_above[above].mean() - other_above.mean()) <= margin(int(above.sum())))


def split(arguments: dict[str, Plain], splits: Plain) -> Facts:
    """Return what a split into training and validation images keeps to.

    Args:
        arguments: "labels" (N,) and "count", the number of images of each class to hold out.
        splits: what `convbook.check.adapters.validation_split` gives.
    """
    labels = arguments["labels"]
    names = ("first", "again", "other")
    if not isinstance(splits, dict) or set(splits) != set(names):
        raise CheckFailed(text("check.no_split", last=len(labels) - 1))
    first, again, other = (_positions(splits[name], len(labels)) for name in names)
    train, held_out = first
    counts = set(np.bincount(labels[held_out], minlength=labels.max() + 1).tolist())
    return {
        "validation images": len(held_out),
        "validation images of each class": counts.pop() if len(counts) == 1 else "not as many",
        "in both parts": bool(np.isin(held_out, train).any()),
        "in one part twice": any(len(np.unique(part)) < len(part) for part in first),
        "in no part": len(np.union1d(train, held_out)) < len(labels),
        "the same seed, the same split": all(map(np.array_equal, first, again)),
        "another seed, another split": set(held_out.tolist()) != set(other[1].tolist()),
    }


def _positions(parts: Plain, n: int) -> list[np.ndarray]:
    arrays = [as_array(part) for part in parts] if isinstance(parts, list) else []
    whole = [
        array
        for array in arrays
        if array is not None and array.ndim == 1 and array.dtype.kind in "iu"
    ]
    if len(whole) != 2 or len(arrays) != 2 or any((a < 0).any() or (a >= n).any() for a in whole):
        raise CheckFailed(text("check.no_split", last=n - 1))
    return whole


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
    "configurations": configurations,
    "dropped": dropped,
    "split": split,
}
