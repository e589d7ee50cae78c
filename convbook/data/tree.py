"""Class folders, `train/CLASS/*.png` and `test/CLASS/*.png`, in a folder or in a zip."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from tqdm.auto import tqdm

from convbook.data.images import CIFAR10_CLASSES, Dataset, Images
from convbook.data.random import permutation
from convbook.errors import DataError

SIZE = 32  # pixels
SUFFIXES = (".jpg", ".jpeg", ".png")
LAYOUT = "train/CLASS/*.jpg or *.png, and test/CLASS/ likewise, for the ten classes of CIFAR-10"
PARTS = ("train", "test")
SOURCE = "CIFAR-10 (class folders of image files)"

Reader = Callable[[str], bytes]
Listing = dict[str, dict[str, list[str]]]  # part -> class -> names of its files


def find_root(folder: Path) -> Path:
    """Return `folder`, or the folder in it, that holds train/ or test/; else `folder`."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    for place in (folder, *inside):
        if any((place / part).is_dir() for part in PARTS):
            return place
    return folder


def files_of(root: Path) -> dict[str, os.stat_result]:
    """Return the facts of each file in the class folders, by its name from `root`, sorted."""
    found = {
        f"{part}/{folder.name}/{file.name}": file.stat()
        for part in PARTS
        if (root / part).is_dir()
        for folder in os.scandir(root / part)
        if folder.is_dir()
        for file in os.scandir(folder)
    }
    return dict(sorted(found.items()))


def decode(names: Iterable[str], read: Reader, where: Path) -> Dataset:
    """Decode class folders.

    Args:
        names: the files, as paths that end in part/class/file; others are passed over.
        read: returns the bytes of a name.
        where: the folder or archive, for messages.

    Raises:
        DataError: for missing or unknown classes, and for a file that is no 32x32 image.
    """
    listing = _listing(names)
    _check(listing, where)
    total = sum(len(files) for part in listing.values() for files in part.values())
    with tqdm(total=total, desc="Decoding images", unit=" images") as bar:
        return Dataset(*(_decode_part(part, listing[part], read, bar.update) for part in PARTS))


def _listing(names: Iterable[str]) -> Listing:
    found: Listing = {part: {} for part in PARTS}
    for name in names:
        *above, file = PurePosixPath(name).parts
        hidden = file.startswith(".") or "__MACOSX" in above
        if hidden or len(above) < 2 or not file.lower().endswith(SUFFIXES):
            continue
        part, class_name = above[-2:]
        if part in found:
            found[part].setdefault(class_name, []).append(name)
    return found


def _check(listing: Listing, where: Path) -> None:
    """Raise DataError unless both parts have images of the ten classes and of no other."""
    asked = f"Reading the class folders in {where}."
    if not any(listing.values()):
        raise DataError(
            asked, got="no image", rule=LAYOUT, next_step="name the folder that holds train/"
        )
    problems = []
    for part, classes in listing.items():
        missing = [name for name in CIFAR10_CLASSES if name not in classes]
        unknown = sorted(set(classes) - set(CIFAR10_CLASSES))
        problems += [f"{part}/ has no images of {', '.join(missing)}"] if missing else []
        problems += [f"{part}/ has unknown classes {', '.join(unknown)}"] if unknown else []
    if problems:
        raise DataError(
            asked, got="; ".join(problems), rule=LAYOUT, next_step="copy the whole data set again"
        )


def _decode_part(
    part: str,
    classes: dict[str, list[str]],
    read: Reader,
    progress: Callable[[], object],
) -> Images:
    """Decode one part, in a fixed shuffled order, so that any slice of it mixes the classes."""
    files = [
        (name, label)
        for label, class_name in enumerate(CIFAR10_CLASSES)
        for name in sorted(classes[class_name])
    ]
    files = [files[i] for i in permutation(len(files), seed=0)]
    pixels = np.empty((len(files), SIZE, SIZE, 3), dtype=np.uint8)
    for i, (name, _) in enumerate(files):
        pixels[i] = _pixels(name, read(name))
        progress()
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()  # (N, 3, 32, 32)
    labels = torch.tensor([label for _, label in files])  # (N,)
    return Images(images, labels, CIFAR10_CLASSES, SOURCE, role=part)


def _pixels(name: str, content: bytes) -> npt.NDArray[np.uint8]:
    """Return the (32, 32, 3) pixels of an image file."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            size = image.size  # known before the pixels are unpacked, however many there are
            pixels = np.asarray(image.convert("RGB")) if size == (SIZE, SIZE) else None
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise DataError(
            f"Decoding the image {name}.",
            got=f"{len(content)} bytes; {error}",
            rule="every .jpg and .png is a whole image",
            next_step="copy the data set again",
        ) from error
    if pixels is None:
        raise DataError(
            f"Decoding the image {name}.",
            got=f"{size[0]}x{size[1]} pixels",
            rule=f"the images of CIFAR-10 have {SIZE}x{SIZE} pixels",
            next_step="name a folder of CIFAR-10, or resize the images first",
        )
    return pixels
