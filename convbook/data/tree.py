"""Class folders, `train/CLASS/*.png` and `test/CLASS/*.png`, in a folder or in a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from tqdm.auto import tqdm

from convbook.data.images import CIFAR10_CLASSES, Dataset, Images
from convbook.data.random import permutation
from convbook.errors import DataError

SIZE = 32  # pixels
SUFFIXES = (".jpg", ".jpeg", ".png")
LAYOUT = "train/CLASS/*.jpg or *.png, and test/CLASS/ likewise, for the ten classes of CIFAR-10"

Reader = Callable[[str], bytes]
Listing = dict[str, dict[str, list[str]]]  # part -> class -> names of its files


def from_folder(folder: Path, source: str) -> Dataset:
    """Decode the class folders in `folder`, or in the only folder of it that has them."""
    names = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return _decode(_listing(names, folder), lambda name: (folder / name).read_bytes(), source)


def from_zip(path: Path, source: str) -> Dataset:
    """Decode the class folders in the zip at `path`."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _decode(_listing(archive.namelist(), path), archive.read, source)
    except zipfile.BadZipFile as error:
        raise DataError(
            f"Reading the zip {path}.",
            got=str(error),
            rule="the archive must be whole",
            next_step="copy or download it again",
        ) from error


def _listing(names: Iterator[str] | list[str], where: Path) -> Listing:
    """Sort file names by part and class, and check that none of these is empty."""
    found: Listing = {"train": {}, "test": {}}
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) < 3 or not name.lower().endswith(SUFFIXES) or parts[0] == "__MACOSX":
            continue
        part, class_name = parts[-3:-1]
        if part in found and not parts[-1].startswith("."):
            found[part].setdefault(class_name, []).append(name)
    _check_listing(found, where)
    return {part: {name: sorted(found[part][name]) for name in CIFAR10_CLASSES} for part in found}


def _check_listing(found: Listing, where: Path) -> None:
    asked = f"Reading the class folders in {where}."
    if not any(found.values()):
        raise DataError(
            asked,
            got="no image",
            rule=LAYOUT,
            next_step="name the folder that holds train/ and test/",
        )
    for part, classes in found.items():
        missing = [name for name in CIFAR10_CLASSES if name not in classes]
        unknown = sorted(set(classes) - set(CIFAR10_CLASSES))
        if missing or unknown:
            problems = [f"{part}/ has no images of: {', '.join(missing)}"] if missing else []
            problems += [f"{part}/ has unknown classes: {', '.join(unknown)}"] if unknown else []
            raise DataError(asked, got="; ".join(problems), rule=LAYOUT, next_step="add them")


def _decode(listing: Listing, read: Reader, source: str) -> Dataset:
    total = sum(len(names) for part in listing.values() for names in part.values())
    with tqdm(total=total, desc="Decoding images", unit="image") as bar:
        parts = [_decode_part(part, listing[part], read, source, bar) for part in listing]
    return Dataset(*parts)


def _decode_part(
    part: str, classes: dict[str, list[str]], read: Reader, source: str, bar: tqdm[object]
) -> Images:
    """Decode one part, in a fixed shuffled order, so that any slice of it mixes the classes."""
    files = [(name, label) for label, names in enumerate(classes.values()) for name in names]
    files = [files[i] for i in permutation(len(files), seed=0)]
    pixels = np.empty((len(files), SIZE, SIZE, 3), dtype=np.uint8)
    for i, (name, _) in enumerate(files):
        pixels[i] = _pixels(name, read(name))
        bar.update()
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()  # (N, 3, 32, 32)
    labels = torch.tensor([label for _, label in files])
    return Images(images, labels, CIFAR10_CLASSES, source, role=part)


def _pixels(name: str, content: bytes) -> np.ndarray:
    """Return the (32, 32, 3) pixels of an image file."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataError(
            f"Decoding the image {name}.",
            got=f"{len(content)} bytes: {error}",
            rule="every .jpg and .png must be a whole image",
            next_step="copy the images again, or remove this one",
        ) from error
    if pixels.shape != (SIZE, SIZE, 3):
        raise DataError(
            f"Decoding the image {name}.",
            got=f"{pixels.shape[1]}×{pixels.shape[0]} pixels",
            rule=f"CIFAR-10's images have {SIZE}×{SIZE} pixels",
            next_step="resize the images first",
        )
    return pixels
