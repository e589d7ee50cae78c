"""Every shape in which a reader may have CIFAR-10, and every way in which it may be broken."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from convbook.data import CIFAR10_CLASSES, cifar10
from convbook.data.pickles import META_FILE, TEST_FILE, TRAIN_FILES
from convbook.errors import DataError
from tests.convbook.data.samples import (
    batch_contents,
    pixels,
    python2_pickle,
    tree_contents,
    write_folder,
    write_tar,
    write_zip,
)

BATCHES = "cifar-10-batches-py"
TAR = "cifar-10-python.tar.gz"


def batches_by(dump):
    return lambda at: write_folder(at, batch_contents(dump))


def inside(prefix, contents):
    return {f"{prefix}/{name}": content for name, content in contents.items()}


SHAPES = {
    "batches": batches_by(python2_pickle),
    "batches pickled by Python 3": batches_by(pickle.dumps),
    "batches pickled by Python 3 with protocol 2": batches_by(lambda v: pickle.dumps(v, 2)),
    "batches with keys of Python 3": batches_by(
        lambda value: pickle.dumps({key.decode(): value[key] for key in value})
    ),
    "a folder of the batches folder": lambda at: write_folder(
        at, inside(BATCHES, batch_contents())
    ),
    "the archive": lambda at: write_tar(at / TAR, batch_contents()),
    "a folder of the archive": lambda at: write_tar(at / TAR, batch_contents()).parent,
    "a zip of the batches": lambda at: write_zip(at / "x.zip", inside("x", batch_contents())),
    "class folders": lambda at: write_folder(at, tree_contents()),
    "a folder of class folders": lambda at: write_folder(at, inside("cifar10", tree_contents())),
    "a zip of class folders": lambda at: write_zip(at / "x.zip", tree_contents()),
    "a compressed zip with a folder and a Mac's files": lambda at: write_zip(
        at / "x.zip",
        inside("cifar10", tree_contents()) | inside("__MACOSX", tree_contents()),
        zipfile.ZIP_DEFLATED,
    ),
    "a folder of a zip": lambda at: write_zip(at / "x.zip", tree_contents()).parent,
}


@pytest.mark.parametrize("write", SHAPES.values(), ids=SHAPES.keys())
def test_reads_every_shape(tmp_path, write):
    data = cifar10(write(tmp_path / "given"))
    for part, images in (("train", data.train), ("test", data.test)):
        assert images.images.dtype == torch.uint8
        assert images.images.shape == (10, 3, 32, 32)
        assert images.labels.dtype == torch.int64
        assert images.classes == CIFAR10_CLASSES
        assert images.role == part
        assert sorted(images.labels.tolist()) == list(range(10))
        for image, label in zip(images.images, images.labels.tolist(), strict=True):
            assert np.array_equal(image.numpy(), pixels(part, label))


def test_class_folders_come_mixed_and_always_in_one_order(tmp_path):
    contents = tree_contents() | {"train/cat/0001.png": png(32, 32)}
    by_folder = cifar10(write_folder(tmp_path / "folder", contents))
    by_zip = cifar10(write_zip(tmp_path / "x.zip", dict(reversed(contents.items()))))
    assert by_folder.train.labels.tolist() != sorted(by_folder.train.labels.tolist())
    assert by_folder.train.fingerprint == by_zip.train.fingerprint


def test_every_kind_of_picture_becomes_rgb(tmp_path):
    contents = tree_contents()
    grey = io.BytesIO()
    Image.fromarray(np.full((32, 32), 90, np.uint8)).save(grey, "png")
    del contents["train/cat/0000.png"]
    contents["train/cat/0000.PNG"] = grey.getvalue()
    data = cifar10(write_folder(tmp_path / "given", contents)).train
    assert data.images[data.labels == CIFAR10_CLASSES.index("cat")].unique().tolist() == [90]


def without(contents, *names):
    return {name: content for name, content in contents.items() if name not in names}


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def flipped(path, byte):
    content = bytearray(path.read_bytes())
    content[content.index(byte) + 20] ^= 0xFF
    path.write_bytes(content)
    return path


def png(width, height):
    file = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(file, "png")
    return file.getvalue()


def tree_with(name, content):
    return lambda at: write_folder(at, tree_contents() | {name: content})


def batches_with(name, content):
    return lambda at: write_folder(at, batch_contents() | {name: content})


def written(path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def empty_folder(at):
    at.mkdir()
    return at


FIRST = TRAIN_FILES[0]
BATCH = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}

BROKEN = {
    "nothing there": (lambda at: at, "no file or folder"),
    "an empty folder": (empty_folder, "got:  no image"),
    "a folder of other things": (
        lambda at: write_folder(at, {"notes.txt": b"", "train/cat/notes.txt": b""}),
        "got:  no image",
    ),
    "a class without images in one part": (
        lambda at: write_folder(at, without(tree_contents(), "test/frog/0000.png")),
        "test/ has no images of frog$",
    ),
    "a part without images": (
        lambda at: write_folder(
            at, {n: c for n, c in tree_contents().items() if n.startswith("train")}
        ),
        "test/ has no images of airplane, automobile",
    ),
    "a class that CIFAR-10 has not": (
        tree_with("train/whale/0.png", png(32, 32)),
        "train/ has unknown classes whale",
    ),
    "an image of another size": (
        tree_with("train/cat/1.png", png(64, 32)),
        r"Decoding the image train/cat/1.png.\n  got:  64x32 pixels",
    ),
    "an image cut short": (
        tree_with("test/cat/1.png", tree_contents()["test/cat/0000.png"][:-300]),
        "Decoding the image test/cat/1.png",
    ),
    "an image that is none": (
        tree_with("test/cat/1.jpg", b"<html>not found</html>"),
        "Decoding the image test/cat/1.jpg",
    ),
    "an empty image file": (tree_with("train/cat/1.jpg", b""), "got:  0 bytes"),
    "an empty archive": (lambda at: written(at / TAR, b""), "0 bytes; ReadError"),
    "a web page named as the archive": (
        lambda at: written(at / TAR, b"<html>log in</html>"),
        "whole zip or tar.gz",
    ),
    "an archive cut short": (
        lambda at: cut_short(write_tar(at / TAR, batch_contents())),
        "Reading the archive",
    ),
    "a zip cut short": (
        lambda at: cut_short(write_zip(at / "x.zip", tree_contents())),
        "whole zip or tar.gz",
    ),
    "a zip with a damaged image": (
        lambda at: flipped(write_zip(at / "x.zip", tree_contents()), b"IDAT"),
        "BadZipFile: Bad CRC-32",
    ),
    "a zip without images": (
        lambda at: write_zip(at / "x.zip", {"a.txt": b""}),
        "got:  no image",
    ),
    "an archive without batches": (
        lambda at: write_tar(at / TAR, {"a.txt": b""}),
        "no data_batch_1, data_batch_2",
    ),
    "a batch missing": (
        lambda at: write_folder(at, without(batch_contents(), TRAIN_FILES[2])),
        "got:  no data_batch_3\n",
    ),
    "class names missing": (
        lambda at: write_folder(at, without(batch_contents(), META_FILE)),
        "got:  no batches.meta",
    ),
    "a batch cut short": (
        batches_with(TEST_FILE, batch_contents()[TEST_FILE][:-3000]),
        "Reading test_batch in",
    ),
    "a batch without labels": (
        batches_with(FIRST, pickle.dumps({b"data": BATCH[b"data"]})),
        r"KeyError: b'labels'",
    ),
    "a batch of floats": (
        batches_with(FIRST, pickle.dumps(BATCH | {b"data": np.zeros((2, 3072))})),
        "data is float64",
    ),
    "a batch of other sizes": (
        batches_with(FIRST, pickle.dumps(BATCH | {b"data": np.zeros((2, 784), np.uint8)})),
        "ValueError",
    ),
    "a batch with a label too few": (
        batches_with(FIRST, pickle.dumps(BATCH | {b"labels": [1]})),
        "labels",
    ),
    "a batch with an unknown label": (
        batches_with(FIRST, pickle.dumps(BATCH | {b"labels": [0, 10]})),
        "labels from 0 to 10",
    ),
    "a batch that is no dict": (batches_with(FIRST, pickle.dumps([1])), "Reading data_batch_1"),
}


@pytest.mark.parametrize(("write", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_says_what_is_broken_and_keeps_nothing(tmp_path, cache, write, message):
    with pytest.raises(DataError, match=f"(?m){message}") as caught:
        cifar10(write(tmp_path / "given"))
    assert caught.value.rule
    assert caught.value.next_step
    assert not [path for path in cache.rglob("*") if path.is_file()]


class Attack:
    """Pickled, it asks whoever loads it to call a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [exec, eval, print, getattr, np.load, __import__])
def test_a_pickle_runs_no_code(tmp_path, capsys, function):
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w')"
    contents = batch_contents() | {FIRST: pickle.dumps(Attack(function, code))}
    with pytest.raises(DataError, match="which no batch needs"):
        cifar10(write_folder(tmp_path / "given", contents))
    assert not mark.exists()
    assert code not in capsys.readouterr().out
