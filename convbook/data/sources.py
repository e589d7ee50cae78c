"""Where CIFAR-10 comes from: a place the reader names, a download, or else the stand-in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from convbook.data import cache, files
from convbook.data.archive import CIFAR10
from convbook.data.download import download
from convbook.data.images import Dataset, Images
from convbook.data.standin import draw_standin
from convbook.errors import DataError

VARIABLE = "CONVBOOK_DATA"


def cifar10(source: str | Path = "auto") -> Dataset:
    """Return CIFAR-10 as uint8 tensors, decoded once and then cached on disk.

    Args:
        source: where to take it from:

            - a path: a folder or archive of the standard batches, or class folders
              `train|test/CLASS/*.jpg|png`, or a zip of either, or a folder that holds one;
            - "download": torchvision's address, then mirrors;
            - "stand-in": drawn shapes, which are not CIFAR-10;
            - "auto": what the environment variable CONVBOOK_DATA names (any of the above), else
              the download, else the stand-in. Each step is printed.

    Returns:
        50,000 training images and 10,000 test images, (N, 3, 32, 32), for the real data.

    Raises:
        DataError: when the place named holds no such data, or it cannot be read or cached.
    """
    if source == "auto":
        return _auto()
    if source == "download":
        return _downloaded()
    if source == "stand-in":
        return standin()
    return _named(Path(source).expanduser())


def standin(n_train: int = 10_000, n_test: int = 2_000, seed: int = 0) -> Dataset:
    """Return the stand-in for CIFAR-10, drawn shapes of ten kinds, and announce it loudly.

    It is drawn once in a process, which takes a second; each call returns tensors of its own.

    Args:
        n_train: training images, (n_train, 3, 32, 32).
        n_test: test images.
        seed: names the drawings: the same seed gives the same bytes on any machine.

    Raises:
        DataError: when a number of images is below 1.
    """
    if min(n_train, n_test) < 1:
        raise DataError(
            "Drawing the stand-in for CIFAR-10.",
            got=f"n_train = {n_train}, n_test = {n_test}",
            rule="each part has 1 image or more",
            next_step="leave both out for 10,000 and 2,000 images",
        )
    line = "!" * 76
    print(
        f"{line}\n!!  This is NOT CIFAR-10. It is a stand-in: {n_train} + {n_test} drawn shapes.\n"
        f"!!  Accuracies on it say nothing about CIFAR-10. To use the real images, set\n"
        f"!!  {VARIABLE} to a folder or archive of them.\n{line}"
    )
    drawn = _drawn(n_train, n_test, seed)
    return Dataset(_copy(drawn.train), _copy(drawn.test))


@lru_cache(maxsize=1)
def _drawn(n_train: int, n_test: int, seed: int) -> Dataset:
    return draw_standin(n_train, n_test, seed)


def _copy(images: Images) -> Images:
    return replace(images, images=images.images.clone(), labels=images.labels.clone())


def _auto() -> Dataset:
    named = os.environ.get(VARIABLE, "auto")
    if named not in ("", "auto"):
        print(f"{VARIABLE} names {named}.")
        return cifar10(named)
    print(f"{VARIABLE} names no folder or archive; trying to download CIFAR-10.")
    try:
        return _downloaded()
    except DataError as error:
        print(error)
        return standin()


def _downloaded() -> Dataset:
    def decode() -> Dataset:
        return files.decode(download(CIFAR10, cache.cache_folder() / "downloads"))

    return _cached(["download", CIFAR10.md5], "the download", decode)


def _named(path: Path) -> Dataset:
    if not path.exists():
        raise DataError(
            "Loading CIFAR-10.",
            got=f"no file or folder {path}",
            rule='a source is a path, "download", "stand-in" or "auto"',
            next_step=f"correct the path, or {VARIABLE} if it came from there",
        )
    try:
        place = files.locate(path.resolve())
        return _cached(files.identity(place), str(place), lambda: files.decode(place))
    except OSError as error:
        raise DataError(
            f"Loading CIFAR-10 from {path}.",
            got=str(error),
            rule="you may read every file of it",
            next_step="check the permissions, or copy the data to a folder of yours",
        ) from error


def _cached(identity: object, where: str, decode: Callable[[], Dataset]) -> Dataset:
    """Return the cached images of a source, or decode and cache them."""
    key = cache.key_of(identity)
    dataset = cache.load(key)
    if dataset is None:
        dataset = decode()
        cache.store(key, dataset)
    counts = f"{len(dataset.train):,} training and {len(dataset.test):,} test images"
    print(f"Loaded {dataset.source} from {where}: {counts}.")
    return dataset
