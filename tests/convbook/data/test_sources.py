"""Which source is taken, and that the reader is told."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from convbook.data import CIFAR10_CLASSES, channel_statistics, cifar10, sources
from convbook.data.archive import Archive
from convbook.data.statistics import PIXEL_MEAN, PIXEL_STD
from convbook.errors import DataError
from tests.convbook.data.samples import batch_contents, tree_contents, write_folder, write_tar

REAL = os.environ.get("CONVBOOK_DATA", "")  # read before the tests' own setting hides it

FOLDERS = "CIFAR-10 (class folders of image files)"


@pytest.fixture
def given(tmp_path):
    return write_folder(tmp_path / "given", tree_contents())


@pytest.fixture
def published(serve, tmp_path, monkeypatch):
    """Publish the archive on a server of the test's own, which behaves as named."""

    def publish(*manners):
        content = write_tar(tmp_path / "published/x.tar.gz", batch_contents()).read_bytes()
        server = serve(content)
        archive = Archive(
            "cifar-10-python.tar.gz",
            len(content),
            hashlib.md5(content).hexdigest(),
            tuple(server.url(manner) for manner in manners),
        )
        monkeypatch.setattr(sources, "CIFAR10", archive)
        return server

    return publish


def test_auto_takes_what_the_variable_names(given, monkeypatch, capsys, published):
    server = published("good")
    monkeypatch.setenv("CONVBOOK_DATA", str(given))
    assert cifar10().source == FOLDERS
    shown = capsys.readouterr().out
    assert f"CONVBOOK_DATA names {given}" in shown
    assert f"Loaded {FOLDERS} from {given}: 10 training and 10 test images." in shown
    assert server.asked == []


def test_the_argument_comes_before_the_variable(given, monkeypatch):
    monkeypatch.setenv("CONVBOOK_DATA", "/nowhere")
    assert cifar10(given).source == FOLDERS


def test_a_variable_that_names_nothing_is_an_error_not_a_stand_in(monkeypatch, published):
    published("good")
    monkeypatch.setenv("CONVBOOK_DATA", "/nowhere")
    with pytest.raises(DataError, match="no file or folder /nowhere"):
        cifar10()


@pytest.mark.parametrize("value", [None, "", "auto"])
def test_auto_downloads_when_the_variable_names_nothing(monkeypatch, capsys, published, value):
    server = published("404", "good")
    if value is not None:
        monkeypatch.setenv("CONVBOOK_DATA", value)
    data = cifar10()
    shown = capsys.readouterr().out
    assert data.source == "CIFAR-10 (standard batches)"
    assert "trying to download CIFAR-10" in shown
    assert "answers 404" in shown
    assert "Loaded CIFAR-10 (standard batches) from the download" in shown
    assert cifar10("download").train.fingerprint == data.train.fingerprint
    assert len(server.asked) == 2  # the second time came from the cache


def test_auto_ends_with_the_stand_in(capsys, published):
    published("404", "other-bytes")
    data = cifar10()
    shown = capsys.readouterr().out
    assert "NOT CIFAR-10" in data.source
    assert shown.index("answers 404") < shown.index("wrong checksum")
    assert shown.index("wrong checksum") < shown.index("rule: ") < shown.index("This is NOT")


def test_a_download_asked_for_is_never_replaced_by_the_stand_in(published):
    published("404")
    with pytest.raises(DataError, match="answers 404"):
        cifar10("download")


def test_the_variable_may_name_the_stand_in(monkeypatch, published):
    server = published("good")
    monkeypatch.setenv("CONVBOOK_DATA", "stand-in")
    assert "NOT CIFAR-10" in cifar10().source
    assert server.asked == []


def test_a_home_folder_is_understood(given, monkeypatch):
    monkeypatch.setenv("HOME", str(given.parent))
    assert cifar10("~/given").source == FOLDERS


def test_a_folder_that_may_not_be_read(given, monkeypatch):
    """Root may read everything, so the refusal is simulated where the bytes are read."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        cifar10(given)


@pytest.mark.slow
@pytest.mark.skipif(not Path(REAL).exists() or not REAL, reason="CONVBOOK_DATA names no data")
def test_optional_the_real_images():
    data = cifar10(REAL)
    assert "NOT" not in data.source
    assert (len(data.train), len(data.test)) == (50_000, 10_000)
    assert data.classes == CIFAR10_CLASSES
    assert data.train.labels.bincount().tolist() == [5000] * 10
    assert data.test.labels.bincount().tolist() == [1000] * 10
    mean, std = channel_statistics(data.train.images)
    np.testing.assert_allclose(mean, PIXEL_MEAN, rtol=0, atol=0.005)  # JPEG moves them a little
    np.testing.assert_allclose(std, PIXEL_STD, rtol=0, atol=0.005)
