"""Decoded images on disk: written whole or not at all, memory-mapped when read back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convbook.data.images import Dataset, Images, fingerprint
from convbook.errors import DataError

FORMAT = 2  # raise it when the files of an entry change: old entries are then never looked at
PARTS = ("train", "test")
ABANDONED = 3600  # seconds after which a draft belongs to a process that was killed


def cache_folder() -> Path:
    """Return the folder of everything cached: $CONVBOOK_CACHE, or the user's cache folder."""
    named = os.environ.get("CONVBOOK_CACHE")
    if named:
        return Path(named).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "convbook"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convbook"


def key_of(identity: object) -> str:
    """Return the name of the entry of a source, from whatever identifies the source (JSON)."""
    text = json.dumps([FORMAT, identity], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def load(key: str) -> Dataset | None:
    """Return the data set stored under `key`, or None when there is none, or a damaged one.

    The pixels are memory-mapped, private to this process, and compared with their fingerprint.
    """
    folder = _entry(key)
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        return Dataset(*(_load_part(folder, part, about) for part in PARTS))
    except (OSError, EOFError, ValueError, KeyError, TypeError, DataError):
        return None  # whatever is wrong with the entry, decoding the source again repairs it


def _load_part(folder: Path, part: str, about: dict[str, Any]) -> Images:
    # Copy-on-write pages: a notebook may write into the tensor, the file never changes.
    images = torch.from_numpy(np.load(folder / f"{part}_images.npy", mmap_mode="c"))
    labels = torch.from_numpy(np.load(folder / f"{part}_labels.npy"))
    if fingerprint(images, labels) != about[part]:
        raise ValueError("the files are not those that were written")
    return Images(images, labels, tuple(about["classes"]), about["source"], about[part], part)


def store(key: str, dataset: Dataset) -> None:
    """Write `dataset` under `key`: another process sees the whole entry or none.

    Raises:
        DataError: when the cache cannot be written, or the disk is full; nothing is left behind.
    """
    folder = _entry(key)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
        try:
            _write(draft, dataset)
            _publish(draft, folder, key)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise unwritable("Keeping the decoded images on disk.", folder.parent, error) from error


def _write(draft: Path, dataset: Dataset) -> None:
    about: dict[str, Any] = {"source": dataset.source, "classes": dataset.classes}
    for part in PARTS:
        data: Images = getattr(dataset, part)
        _save(draft / f"{part}_images.npy", data.images)
        _save(draft / f"{part}_labels.npy", data.labels)
        about[part] = data.fingerprint
    (draft / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _save(path: Path, tensor: torch.Tensor) -> None:
    """Write a tensor as .npy, as np.save does, except that a full disk is reported as one."""
    array = tensor.contiguous().numpy()
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data)


def _publish(draft: Path, folder: Path, key: str) -> None:
    """Give the draft its name, unless another process has just stored the same images."""
    try:
        draft.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        if load(key) is None:  # a damaged entry makes room
            shutil.rmtree(folder)
            draft.rename(folder)


def _sweep(parent: Path) -> None:
    """Remove the drafts that killed processes left behind."""
    for draft in parent.glob("draft-*"):
        with contextlib.suppress(FileNotFoundError):  # its process has just published it
            if time.time() - draft.stat().st_mtime > ABANDONED:
                shutil.rmtree(draft, ignore_errors=True)


def unwritable(asked: str, folder: Path, error: OSError) -> DataError:
    """Return the error that says why nothing can be written in `folder`."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DataError(
        asked,
        got=f"{folder}: {error.strerror or error}",
        rule="CIFAR-10 needs 185 MB decoded, and 170 MB more for a download"
        if full
        else "the cache is a folder that you may write in",
        next_step="free some space, or set CONVBOOK_CACHE to a folder on another disk"
        if full
        else "set CONVBOOK_CACHE to such a folder",
    )


def _entry(key: str) -> Path:
    return cache_folder() / "datasets" / key
