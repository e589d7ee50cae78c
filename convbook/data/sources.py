"""Where CIFAR-10 comes from: a place the reader names, a download, or else the stand-in."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from convbook.data import cache, pickles, tree
from convbook.data.images import Dataset
from convbook.data.standin import SOURCE, draw_standin
from convbook.errors import DataError

VARIABLE = "CONVBOOK_DATA"


def cifar10(source: str | Path = "auto") -> Dataset:
    """Return CIFAR-10 as two uint8 tensors, decoded once and cached on disk.

    Args:
        source: where to take it from:

            - a path: a folder or archive of the standard batches, or class folders
              `train|test/CLASS/*.jpg|png`, or a zip of these;
            - "download": torchvision's address, then mirrors;
            - "stand-in": drawn shapes, which are not CIFAR-10;
            - "auto": what the environment variable CONVBOOK_DATA names (any of the above), else
              the download, else the stand-in. Each step is printed.

    Returns:
        50,000 training images and 10,000 test images, (N, 3, 32, 32), for the real data.

    Raises:
        DataError: when the place named holds no such data, or it cannot be read or cached.
    """
    source = str(source)
    if source == "auto":
        named = os.environ.get(VARIABLE, "")
        if named and named != "auto":
            print(f"{VARIABLE} names {named}.")
            return cifar10(named)
        print(f"{VARIABLE} is not set.")
        return standin()
    if source == "stand-in":
        return standin()
    return _from_path(Path(source).expanduser())


def standin(n_train: int = 10_000, n_test: int = 2_000, seed: int = 0) -> Dataset:
    """Return the stand-in for CIFAR-10: drawn shapes of ten kinds, announced loudly.

    Args:
        n_train: training images.
        n_test: test images.
        seed: names the drawings.
    """
    line = "!" * 72
    print(f"{line}\nThis is NOT CIFAR-10: a stand-in of drawn shapes.\n{line}")
    return _cached(
        ["stand-in", n_train, n_test, seed], SOURCE, lambda: draw_standin(n_train, n_test, seed)
    )


def _from_path(path: Path) -> Dataset:
    if not path.exists():
        raise DataError(
            "Loading CIFAR-10.",
            got=f"no file or folder {path}",
            rule='the source is a path, "download", "stand-in" or "auto"',
            next_step=f"correct the path (or {VARIABLE})",
        )
    path = path.resolve()
    if path.is_dir():
        return _from_folder(path)
    words = f"CIFAR-10 from the file {path.name}"
    about = path.stat()
    identity = ["file", str(path), about.st_size, about.st_mtime_ns]
    if zipfile.is_zipfile(path):
        return _cached(identity, words, lambda: tree.from_zip(path, words))
    if tarfile.is_tarfile(path):
        return _cached(identity, words, lambda: pickles.from_tar(path, words))
    raise DataError(
        f"Loading CIFAR-10 from {path}.",
        got=f"a file of {about.st_size} bytes that is neither a zip nor a tar archive",
        rule="an archive must be whole",
        next_step="copy or download it again",
    )


def _from_folder(folder: Path) -> Dataset:
    words = f"CIFAR-10 from the folder {folder.name}"
    for place in (folder, folder / "cifar-10-batches-py"):
        if pickles.has_batches(place):
            identity = ["folder", str(place), _listing(place)]
            return _cached(identity, words, lambda: pickles.from_batches(place, words))  # noqa: B023
    identity = ["folder", str(folder), _listing(folder)]
    return _cached(identity, words, lambda: tree.from_folder(folder, words))


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    """Return (name, bytes, time of change) of every file below `folder`, sorted."""
    found: list[tuple[str, int, int]] = []
    for root, _, names in os.walk(folder):
        for name in names:
            about = os.stat(f"{root}/{name}")
            found.append((f"{root}/{name}", about.st_size, about.st_mtime_ns))
    return sorted(found)


def _cached(identity: object, words: str, decode: Callable[[], Dataset]) -> Dataset:
    """Return the cached images of a source, or decode and cache them."""
    key = cache.key_of(identity)
    dataset = cache.load(key, words)
    if dataset is None:
        dataset = decode()
        cache.store(key, dataset)
    print(f"Loaded {words}: {len(dataset.train)} training, {len(dataset.test)} test images.")
    return dataset
