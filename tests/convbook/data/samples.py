"""CIFAR-10 with one image a class and part, written in every shape that it comes in."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
from PIL import Image

from convbook.data import CIFAR10_CLASSES
from convbook.data.pickles import META_FILE, TEST_FILE, TRAIN_FILES


def pixels(part, label):
    """The only image of a class: (3, 32, 32) uint8, different in every class and part."""
    start = 20 * label + (7 if part == "test" else 0)
    return (np.arange(3 * 32 * 32) * 31 + start).astype(np.uint8).reshape(3, 32, 32)


# Two labels a training batch, in an order of its own; the test batch holds all ten.
BATCH_LABELS = {name: [9 - 2 * i, 8 - 2 * i] for i, name in enumerate(TRAIN_FILES)}
BATCH_LABELS[TEST_FILE] = list(range(10))


class Python2Pickler(pickle._Pickler):
    """Writes as the published batches were written: str of Python 2, numpy.core, protocol 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_bytes(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python2_pickle(value):
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"cnumpy._core.multiarray", b"cnumpy.core.multiarray")


def batch_contents(dump=python2_pickle):
    """The bytes of each file of the standard batches, one image a class and part."""
    contents = {META_FILE: dump({b"label_names": [name.encode() for name in CIFAR10_CLASSES]})}
    for name, labels in BATCH_LABELS.items():
        part = "test" if name == TEST_FILE else "train"
        data = np.stack([pixels(part, label).reshape(-1) for label in labels])
        contents[name] = dump({b"data": data, b"labels": labels, b"batch_label": name.encode()})
    return contents


def tree_contents():
    """The bytes of each file of a class-folder tree, one PNG a class and part."""
    contents = {}
    for part in ("train", "test"):
        for label, name in enumerate(CIFAR10_CLASSES):
            file = io.BytesIO()
            Image.fromarray(pixels(part, label).transpose(1, 2, 0)).save(file, "png")
            contents[f"{part}/{name}/0000.png"] = file.getvalue()
    return contents


def write_folder(folder, contents):
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_zip(path, contents, compression=zipfile.ZIP_STORED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def write_tar(path, contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
