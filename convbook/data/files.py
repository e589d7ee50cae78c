"""Reading the data set out of whatever file or folder the reader names."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from convbook.data import pickles, tree
from convbook.data.images import Dataset
from convbook.errors import DataError

TAR_NAME = "cifar-10-python.tar.gz"
BATCHES_FOLDER = "cifar-10-batches-py"

# What a damaged archive makes the readers raise; RuntimeError is that of an encrypted zip.
DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
)


def locate(path: Path) -> Path:
    """Return the file or folder that holds the images at `path`.

    That is `path` for a file. For a folder it is, in this order, the folder of standard batches
    or their archive, the class folders, and the only zip in the folder.
    """
    if path.is_file():
        return path
    for place in (path, path / BATCHES_FOLDER):
        if any((place / name).is_file() for name in pickles.FILES):
            return place
    if (path / TAR_NAME).is_file():
        return path / TAR_NAME
    root = tree.find_root(path)
    zips = sorted(path.glob("*.zip"))
    return zips[0] if len(zips) == 1 and not tree.files_of(root) else root


def identity(place: Path) -> list[object]:
    """Return what tells the data at `place` from any other, and from itself changed: JSON.

    It is the path with size and time of change, of each file where there are several.
    """
    stats = {"": place.stat()} if place.is_file() else _stats(place)
    return [str(place), [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()]]


def _stats(folder: Path) -> dict[str, os.stat_result]:
    batches = {n: (folder / n).stat() for n in pickles.FILES if (folder / n).is_file()}
    return batches or tree.files_of(folder)


def decode(place: Path) -> Dataset:
    """Decode the data at `place`, a file or folder that `locate` returned.

    Raises:
        DataError: when it is damaged, or not the whole of CIFAR-10.
    """
    if place.is_dir():
        return _decode_folder(place)
    try:
        if zipfile.is_zipfile(place):
            return _decode_zip(place)
        return _decode_tar(place)
    except DAMAGE as error:
        raise DataError(
            f"Reading the archive {place}.",
            got=f"{place.stat().st_size:,} bytes; {type(error).__name__}: {error}",
            rule="the archive is a whole zip or tar.gz",
            next_step="copy or download it again",
        ) from error


def _decode_folder(folder: Path) -> Dataset:
    batches = {
        name: (folder / name).read_bytes() for name in pickles.FILES if (folder / name).is_file()
    }
    if batches:
        return pickles.decode(batches, folder)
    return tree.decode(tree.files_of(folder), lambda name: (folder / name).read_bytes(), folder)


def _decode_zip(path: Path) -> Dataset:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        batches = {PurePosixPath(name).name: name for name in names}
        contents = {name: archive.read(batches[name]) for name in pickles.FILES if name in batches}
        if contents:
            return pickles.decode(contents, path)
        return tree.decode(names, archive.read, path)


def _decode_tar(path: Path) -> Dataset:
    contents = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name, file = PurePosixPath(member.name).name, archive.extractfile(member)
            if name in pickles.FILES and file is not None:
                contents[name] = file.read()
    return pickles.decode(contents, path)
