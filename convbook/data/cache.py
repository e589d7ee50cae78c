"""Decoded images on disk: written whole or not at all, memory-mapped when read back."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from convbook.data.images import Dataset, Images, fingerprint
from convbook.errors import DataError

FORMAT = 1  # raise it when the files of an entry change: old entries are then never looked at
PARTS = ("train", "test")


def cache_folder() -> Path:
    """Return the folder of everything cached: $CONVBOOK_CACHE, or the user's cache folder."""
    named = os.environ.get("CONVBOOK_CACHE")
    if named:
        return Path(named).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "convbook"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convbook"


def key_of(identity: object) -> str:
    """Return the name of the entry of a source, from whatever identifies the source (JSON)."""
    text = json.dumps([FORMAT, identity], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def load(key: str, source: str) -> Dataset | None:
    """Return the data set stored under `key`, or None when there is none, or a damaged one.

    The pixels are memory-mapped, private to this process, and compared with their fingerprint.
    """
    folder = _entry(key)
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        parts = [_load_part(folder, part, about, source) for part in PARTS]
    except (OSError, ValueError, KeyError, DataError):
        return None  # whatever is wrong with the entry, decoding the source again repairs it
    return Dataset(*parts)


def _load_part(folder: Path, part: str, about: dict[str, object], source: str) -> Images:
    # Copy-on-write pages: a notebook may write into the tensor, the file never changes.
    pixels = np.load(folder / f"{part}_images.npy", mmap_mode="c")
    labels = np.load(folder / f"{part}_labels.npy")
    images, targets = torch.from_numpy(pixels), torch.from_numpy(labels)
    expected = str(about[part])
    if fingerprint(images, targets) != expected:
        raise ValueError("damaged entry")
    classes = tuple(json.loads(json.dumps(about["classes"])))
    return Images(images, targets, classes, source, expected, part)


def store(key: str, dataset: Dataset) -> None:
    """Write `dataset` under `key`: another process sees the whole entry or none.

    Raises:
        DataError: when the cache cannot be written, or the disk is full; nothing is left behind.
    """
    folder = _entry(key)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
    except OSError as error:
        raise unwritable(folder.parent, error) from error
    try:
        _write(draft, dataset)
        _publish(draft, folder)
    except OSError as error:
        raise unwritable(folder.parent, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(draft: Path, dataset: Dataset) -> None:
    for part in PARTS:
        images: Images = getattr(dataset, part)
        np.save(draft / f"{part}_images.npy", images.images.numpy())
        np.save(draft / f"{part}_labels.npy", images.labels.numpy())
    about = {
        "source": dataset.source,
        "classes": dataset.classes,
        **{part: getattr(dataset, part).fingerprint for part in PARTS},
    }
    (draft / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _publish(draft: Path, folder: Path) -> None:
    """Give the draft its name; an entry there, damaged or another process's, makes room."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        draft.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise  # otherwise another process has just stored the same images


def unwritable(folder: Path, error: OSError) -> DataError:
    """Return the error that says why nothing can be written in `folder`."""
    if error.errno == errno.ENOSPC:
        return DataError(
            "Keeping the decoded images on disk.",
            got=f"no space left in {folder}",
            rule="CIFAR-10 needs 185 MB decoded, and 170 MB more for a download",
            next_step="free some space, or set CONVBOOK_CACHE to a folder on another disk",
        )
    return DataError(
        "Keeping the decoded images on disk.",
        got=f"{folder}: {error.strerror or error}",
        rule="the cache must be a folder that you may write in",
        next_step="set CONVBOOK_CACHE to such a folder",
    )


def _entry(key: str) -> Path:
    return cache_folder() / "datasets" / key
