"""CIFAR-10's standard batches, read by an unpickler that builds arrays and nothing else."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convbook.data.images import Dataset, Images
from convbook.errors import DataError

TRAIN_FILES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_FILE = "test_batch"
META_FILE = "batches.meta"
FILES = (*TRAIN_FILES, TEST_FILE, META_FILE)
SHAPE = (3, 32, 32)
SOURCE = "CIFAR-10 (standard batches)"

# All that a pickled numpy array calls; numpy 2 moved `core` to `_core`.
ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler for numbers, strings, lists, dicts and numpy arrays: a pickle may run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return super().find_class(module, name)


def decode(contents: dict[str, bytes], where: Path) -> Dataset:
    """Decode the standard batches.

    Args:
        contents: the bytes of each of FILES.
        where: the folder or archive, for messages.

    Raises:
        DataError: for a missing batch, or one that does not hold what a batch holds.
    """
    missing = [name for name in FILES if name not in contents]
    if missing:
        raise DataError(
            f"Reading CIFAR-10's batches in {where}.",
            got=f"no {', '.join(missing)}",
            rule=f"the batches are {', '.join(FILES)}",
            next_step="unpack cifar-10-python.tar.gz again, whole",
        )
    batches = {name: _unpickle(name, contents[name], where) for name in FILES}
    try:
        classes = tuple(_word(name) for name in batches[META_FILE][b"label_names"])
        train = [_tensors(batches[name]) for name in TRAIN_FILES]
        images = torch.cat([images for images, _ in train])
        labels = torch.cat([labels for _, labels in train])
        return Dataset(
            Images(images, labels, classes, SOURCE, role="train"),
            Images(*_tensors(batches[TEST_FILE]), classes, SOURCE, role="test"),
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"Reading CIFAR-10's batches in {where}.",
            got=f"{type(error).__name__}: {error}",
            rule="a batch holds `data`, (n, 3072) uint8, and `labels`, n whole numbers",
            next_step="unpack cifar-10-python.tar.gz again",
        ) from error


def _unpickle(name: str, content: bytes, where: Path) -> dict[bytes, Any]:
    """Return the dict of a batch, with bytes as keys whichever Python wrote it."""
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        return {key.encode() if isinstance(key, str) else key: batch[key] for key in batch}
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(
            f"Reading {name} in {where}.",
            got=f"{type(error).__name__}: {error}",
            rule="a batch is a pickled dict of arrays, lists and strings",
            next_step="unpack cifar-10-python.tar.gz again",
        ) from error


def _tensors(batch: dict[bytes, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images, (n, 3, 32, 32) uint8, and the labels, (n,) int64, of one batch."""
    pixels = np.asarray(batch[b"data"])
    if pixels.dtype != np.uint8:
        raise TypeError(f"data is {pixels.dtype}")
    images = torch.from_numpy(np.array(pixels.reshape(-1, *SHAPE)))
    return images, torch.tensor(batch[b"labels"], dtype=torch.int64)


def _word(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
