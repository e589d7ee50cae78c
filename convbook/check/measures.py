"""What is compared of an answer that is random: facts that hold whatever the random numbers were.

A measure takes the arguments of a case and the value that came, and gives facts as plain values. A
right answer gets other facts by bad luck with a probability below 1e-9: see `chance`; and what is
to come up at all is drawn so often that it must. It runs where answers are judged, and knows no
right answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from convbook.check.chance import distance_from_even, drawn_anew, even, independent, margin
from convbook.check.compare import as_array
from convbook.check.plain import Plain
from convbook.errors import CheckFailed
from convbook.texts import text

DRAWS, AGAIN = 2000, 20  # configurations that are drawn, and drawn once more
LATER = 100  # splits by other seeds: an image that is never held out is none by bad luck
MORE = 8  # seeds: as many numbers are dropped with each of them by a rule, not by bad luck
FEW = 0.037  # of the images: of 800, one in ten of which changes, so few never do
MANY = 50  # different values of 2,000 that are rounded to two digits, but not of a grid
EDGE = 0.02  # of a range: 2,000 numbers never all lie above the first so many of it
Facts = dict[str, Plain]
T = TypeVar("T")


def measured(measure: str | None, arguments: dict[str, Plain], outcome: Mapping[str, Any]) -> Any:
    """Return an outcome with the facts of its value in the value's place."""
    if measure is None or "value" not in outcome:
        return outcome
    try:
        return {"value": MEASURES[measure](arguments, outcome["value"])}
    except CheckFailed as error:
        return {"error": {"type": "CheckFailed", "message": str(error)}}


def thrice(draw: Callable[[int], T], seed: int) -> dict[str, T]:
    """Return what a seed gives, what it gives again, and what another one gives."""
    return {"first": draw(seed), "again": draw(seed), "other": draw(seed + 1)}


def with_zeros(draw: Callable[[int], Plain], seed: int) -> dict[str, Plain]:
    """Return what comes `thrice`, and of what other seeds give how many numbers are 0."""
    later = [as_array(draw(each)) for each in range(seed + 2, seed + 2 + MORE)]
    zeros = [-1 if array is None else int((array == 0).sum()) for array in later]
    return {**thrice(draw, seed), "zeros": np.array(zeros)}


def _three(runs: Plain, shape: tuple[int, ...], **more: tuple[int, ...]) -> list[np.ndarray]:
    """Return the arrays that came from `thrice`, and more, each with its shape."""
    shapes = {"first": shape, "again": shape, "other": shape, **more}
    if not isinstance(runs, dict) or set(runs) != set(shapes):
        raise CheckFailed(text("check.no_array"))
    return [_array(runs[name], each) for name, each in shapes.items()]


def augmented(arguments: dict[str, Plain], runs: Plain) -> Facts:
    """Return what a batch of random crops, mirrored or not, is made of.

    Args:
        arguments: of `convbook.check.adapters.augment`, its images without two equal windows.
        runs: what came `thrice`, each (N · copies, C, size, size).
    """
    images, copies, size = (arguments[name] for name in ("images", "copies", "size"))
    n, channels, height, width = images.shape
    first, again, other = _three(runs, (n * copies, channels, size, size))
    all_places = (height - size + 1) * (width - size + 1)
    crops, others = (_crops(images, batch, size) for batch in (first, other))
    place, mirrored = crops[:, crops[0] >= 0]
    if not len(place):
        return {"every output is a crop of its image": False}
    return {
        "every output is a crop of its image": len(place) == len(first),
        "mirrored": _share(mirrored.mean(), len(mirrored), 0.5),
        "places": _places(np.bincount(place, minlength=all_places)),
        "every image has a draw of its own": drawn_anew(place)
        and drawn_anew(mirrored)
        and _apart(place, mirrored),
        "the same random numbers, the same result": bool((first == again).all()),
        "other random numbers, other places and mirror images": bool(
            (crops != others).any(axis=1).all()
        ),
    }


def _apart(place: np.ndarray, mirrored: np.ndarray) -> bool:
    """Whether as many are mirrored at each place as everywhere."""
    shares = [(mirrored[place == each].mean(), int((place == each).sum())) for each in set(place)]
    whole = mirrored.mean()
    return all(abs(share - whole) <= margin(n) + margin(len(place)) for share, n in shares)


def _crops(images: np.ndarray, batch: np.ndarray, size: int) -> np.ndarray:
    """Return two rows: of each output the place, -1 for none, and 1 where it is mirrored."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(2, 3))
    place_of = [
        {window: place for place, window in enumerate(_bytes(each))}
        for each in windows.reshape(len(images), images.shape[1], -1, size, size).swapaxes(1, 2)
    ]
    with np.errstate(invalid="ignore"):  # what is no number becomes some number, and is not equal
        crops = batch.astype(images.dtype)
    copies = len(batch) // len(images)
    straight, mirrored = (
        np.array([place_of[k // copies].get(crop, -1) for k, crop in enumerate(_bytes(each))])
        for each in (crops, crops[..., ::-1])
    )
    whole = (crops == batch).all(axis=(1, 2, 3))
    return np.stack([np.where(whole, np.maximum(straight, mirrored), -1), mirrored >= 0])


def _bytes(pixels: np.ndarray) -> list[bytes]:
    """Return the bytes of each image, window or crop of an array."""
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    return list(flat.view(f"V{flat.itemsize * flat.shape[1]}").ravel().tolist())


def _places(counts: np.ndarray) -> str:
    found = int((counts > 0).sum())
    if found < len(counts):
        return "one" if found == 1 else f"{found} of {len(counts)}"
    return "all, each as often" if even(counts) else "all, some more often"


def _share(share: float, draws: int, p: float) -> str:
    """Return a share in words that the same right answer always gets."""
    if share in (0, 1):
        return "none" if share == 0 else "all"
    wanted = "half of them" if p == 0.5 else f"a share of {p:g}"
    return wanted if abs(share - p) <= margin(draws) else "another share"


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
    first, again, other, after = _three(runs, images.shape, after=images.shape)
    copies = len(images) // 2
    share = np.mean([_is_changed(images, run) for run in (first, other)])
    differ = bool((first[:copies] != first[0]).any())
    one, another = (
        {i.tobytes() for i in run[:copies] if (i != images[0]).any()} for run in (first, other)
    )
    return {
        "values from 0 to 255": bool(first.min() >= 0 and first.max() <= 255),
        "whole numbers": first.dtype.kind in "iu" or bool((first == np.floor(first)).all()),
        "changed by more than mirroring": "enough"
        if share >= FEW
        else "too few"
        if share
        else "none",
        "equal images become different ones": differ,
        "one change for all that change, another one each time": differ
        and len(one) == len(another) == 1
        and one != another,
        "different images stay different": 2 * len({i.tobytes() for i in first[copies:]}) > copies,
        "the same random numbers, the same result": bool((first == again).all()),
        "other random numbers, another result": bool((first != other).any()),
        "the images that were given stay as they were": bool((after == images).all()),
    }


def _is_changed(images: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Return for each image whether it is neither the one that was given nor its mirror image."""
    axes = (1, 2, 3)
    return np.asarray(
        (changed != images).any(axis=axes) & (changed != images[..., ::-1]).any(axis=axes)
    )


def dropped(arguments: dict[str, Plain], runs: Plain) -> Facts:
    """Return what dropout did to its input.

    Args:
        arguments: "x", (N, D) without zeros, and "p", the probability of dropping. D is so large
            that no two images lose the same numbers by bad luck.
        runs: what came `with_zeros`, each (N, D).
    """
    x, p = arguments["x"], arguments["p"]
    first, again, other, zeros = _three(runs, x.shape, zeros=(MORE,))
    kept = first != 0
    scales = (first / x)[kept]
    same = scales.size and np.allclose(scales, scales[0], rtol=1e-3)
    images = _different(np.unique(kept, axis=0), len(kept))
    numbers = bool((kept != kept[:, :1]).any())
    apart = images == "all" and numbers
    return {
        "dropped": _share((~kept).mean(), kept.size if apart else min(kept.shape), p),
        "what is kept is multiplied by": round(float(scales[0]), 4) if same else None,
        "images with a draw of their own": images,
        "every number has a draw of its own": numbers or bool(kept.all()),
        "every image loses as many": apart and _as_many(kept),
        "every number is lost as often": apart and _as_many(kept.T),
        "as many are lost each time": apart and bool((zeros == (~kept).sum()).all()),
        "every image loses as large a share": not apart or _as_large(kept),
        "every number is lost with the same probability": not apart or _as_large(kept.T),
        "drawn by a rule": apart
        and not all(drawn_anew(k.ravel().astype(int)) for k in (kept, kept.T)),
        "the same random numbers, the same result": bool((first == again).all()),
        "other random numbers, another result": bool((first != other).any()),
    }


def _different(rows: np.ndarray, n: int) -> str:
    """Return how many of n images are different, given each kind once."""
    if len(rows) == n or rows.all():
        return "all"
    return "none" if len(rows) == 1 else "some"


def _as_many(kept: np.ndarray) -> bool:
    return bool((kept.sum(axis=1) == kept[0].sum()).all())


def _as_large(kept: np.ndarray) -> bool:
    """Whether the share that is kept of each row may be by luck what it is."""
    rows, columns = kept.shape
    near = margin(columns, rows) + margin(kept.size)
    return bool((abs(kept.mean(axis=1) - kept.mean()) <= near).all())


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
        "nearly every configuration is a new one": 2 * len(set(zip(*first.values(), strict=True)))
        > DRAWS,
        "every setting has a draw of its own": all(
            independent(one, other) for one, other in combinations(first.values(), 2)
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
    if len(np.unique(values)) < MANY:
        return "a few values only"
    shares = {"evenly spread": (values - low) / (high - low)}
    if low > 0:
        shares["its logarithm evenly spread"] = np.log(values / low) / math.log(high / low)
    distances = {words: distance_from_even(share) for words, share in shares.items()}
    nearest = min(distances, key=lambda words: distances[words])
    if distances[nearest] > margin(len(values)):
        return "unevenly spread"
    whole = shares[nearest].min() < EDGE and shares[nearest].max() > 1 - EDGE
    return nearest if whole else "not up to the bounds"


def _powers(values: np.ndarray, low: int, high: int) -> str:
    """Return in words which powers of two came up, and whether each of them as often."""
    came, counts = np.unique(values, return_counts=True)
    powers = [2**n for n in range(int(high).bit_length()) if low <= 2**n <= high]
    if not ((values >= low) & (values <= high)).all():
        return "not between the bounds"
    if not set(came.tolist()) <= set(powers):
        return "not only powers of two"
    if len(came) < len(powers):
        return "always the same" if len(came) == 1 else "some powers of two never"
    return "every power of two as often" if even(counts) else "some powers of two more often"


def split(arguments: dict[str, Plain], splits: Plain) -> Facts:
    """Return what a split into training and validation images keeps to.

    Args:
        arguments: "labels" (N,) and "count", the number of images of each class to hold out.
        splits: what `convbook.check.adapters.validation_split` gives.
    """
    _, labels = np.unique(arguments["labels"], return_inverse=True)  # numbered without gaps
    names = {"first", "again", "other", "later"}
    later = splits.get("later") if isinstance(splits, dict) and set(splits) == names else None
    if not isinstance(later, list) or len(later) != LATER:
        raise CheckFailed(text("check.no_split", last=len(labels) - 1))
    first, again, other, *more = (
        _positions(parts, len(labels))
        for parts in (splits["first"], splits["again"], splits["other"], *later)
    )
    train, held_out = first
    counts = set(np.bincount(labels[held_out], minlength=labels.max() + 1).tolist())
    return {
        "validation images": len(held_out),
        "validation images of each class": min(counts) if len(counts) == 1 else "not as many",
        "in both parts": bool(np.isin(held_out, train).any()),
        "in one part twice": any(len(np.unique(part)) < len(part) for part in first),
        "in no part": len(np.union1d(train, held_out)) < len(labels),
        "the same seed, the same split": all(map(np.array_equal, first, again)),
        "another seed, another split": set(held_out.tolist()) != set(other[1].tolist()),
        "another seed moves the same pattern": all(
            _pattern(held_out, where) == _pattern(other[1], where)
            for where in (np.flatnonzero(labels == label) for label in np.unique(labels))
        ),
        "every image is held out as often": len(counts) == 1
        and _as_often([validation for _, validation in more], labels),
    }


def _as_often(held_out: list[np.ndarray], labels: np.ndarray) -> bool:
    """Whether each image of a class may be as likely as the others, held out in so many splits."""
    shares = np.bincount(np.concatenate(held_out), minlength=len(labels)) / len(held_out)
    means = np.bincount(labels, weights=shares) / np.bincount(labels)
    return bool((shares > 0).all() and (abs(shares - means[labels]) <= margin(len(held_out))).all())


def _pattern(held_out: np.ndarray, where: np.ndarray) -> list[int]:
    """Return the steps from one image of a class that is held out to the next, all around it.

    The smallest of their rotations: two patterns are one where the second is the first, moved on.
    """
    chosen = np.flatnonzero(np.isin(where, held_out))
    steps = (np.roll(chosen, -1) - chosen).tolist()
    if steps:
        steps[-1] += len(where)
    return min((steps[k:] + steps[:k] for k in range(len(steps))), default=[])


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
