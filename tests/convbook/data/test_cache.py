"""The cache: whole entries or none, found again only while the source is the same."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from convbook.data import cache as caching
from convbook.data import cifar10, files
from convbook.data.standin import draw_standin
from convbook.errors import DataError
from tests.convbook.data.samples import tree_contents, write_folder, write_zip


@pytest.fixture
def decoded(monkeypatch):
    """Count the times that images are decoded."""
    times = []
    decode = files.decode
    monkeypatch.setattr(files, "decode", lambda *given: times.append(1) or decode(*given))
    return times


@pytest.fixture
def given(tmp_path):
    return write_folder(tmp_path / "given", tree_contents())


def entries(cache):
    return sorted(path.name for path in (cache / "datasets").iterdir())


def test_decodes_once(given, cache, decoded):
    first, second = cifar10(given), cifar10(given)
    assert len(decoded) == 1
    assert torch.equal(first.train.images, second.train.images)
    assert torch.equal(first.test.labels, second.test.labels)
    assert first.train.fingerprint == second.train.fingerprint
    assert (second.train.role, second.test.role) == ("train", "test")
    assert second.source == first.source == "CIFAR-10 (class folders of image files)"
    assert len(entries(cache)) == 1


def later(path):
    time = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(time, time))


def replaced(folder):
    path = folder / "train/cat/0000.png"
    shutil.copy(folder / "train/dog/0000.png", path)


CHANGES = {
    "an image more": lambda at: shutil.copy(at / "train/cat/0000.png", at / "train/cat/1.png"),
    "an image renamed": lambda at: (at / "train/cat/0000.png").rename(at / "train/cat/2.png"),
    "an image touched": lambda at: later(at / "test/cat/0000.png"),
    "an image replaced": replaced,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_decodes_again_what_changed(given, decoded, change):
    cifar10(given)
    change(given)
    cifar10(given)
    assert len(decoded) == 2


def test_a_zip_replaced_under_its_name_is_decoded_again(tmp_path, decoded):
    path = write_zip(tmp_path / "x.zip", tree_contents())
    cifar10(path)
    later(path)
    cifar10(path)
    assert len(decoded) == 2


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a pixel": lambda at: flip_last_byte(at / "train_images.npy"),
    "a label": lambda at: flip_last_byte(at / "test_labels.npy"),
    "a file cut": lambda at: os.truncate(at / "train_images.npy", 1000),
    "a file emptied": lambda at: os.truncate(at / "train_images.npy", 0),
    "a file lost": lambda at: (at / "test_images.npy").unlink(),
    "no facts": lambda at: (at / "about.json").write_text("{"),
    "other facts": lambda at: (at / "about.json").write_text("[]"),
    "all files lost": lambda at: [path.unlink() for path in at.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_entry_is_repaired(given, cache, decoded, damage):
    first = cifar10(given).train.fingerprint
    (entry,) = (cache / "datasets").iterdir()
    damage(entry)
    assert cifar10(given).train.fingerprint == first
    assert len(decoded) == 2
    cifar10(given)
    assert len(decoded) == 2
    assert entries(cache) == [entry.name]


def test_what_a_notebook_writes_stays_in_the_notebook(given, decoded):
    cifar10(given)
    cifar10(given).train.images.zero_()
    assert cifar10(given).train.images.any()
    assert len(decoded) == 1


def test_another_process_may_store_first(cache):
    """While one process decodes, another stores the same entry: one entry stays, and is whole."""
    data = draw_standin(4, 2, seed=0)
    caching.store("key", data)
    before = (cache / "datasets/key").stat().st_ino
    caching.store("key", data)
    assert (cache / "datasets/key").stat().st_ino == before
    assert entries(cache) == ["key"]


def test_drafts_of_killed_processes_are_swept(given, cache):
    old, new = cache / "datasets/draft-old", cache / "datasets/draft-new"
    for draft in (old, new):
        draft.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * caching.ABANDONED,) * 2)
    cifar10(given)
    assert not old.exists()
    assert new.exists()


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("CONVBOOK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert caching.cache_folder() == tmp_path / "convbook"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert caching.cache_folder() == tmp_path / ".cache/convbook"


@pytest.mark.parametrize("blocked", ["", "datasets"])
def test_a_cache_that_cannot_be_made(given, cache, blocked):
    """A file where the folder should be stops root too, as missing permissions would not."""
    place = cache / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("")
    with pytest.raises(DataError, match="set CONVBOOK_CACHE to such a folder"):
        cifar10(given)
    assert place.is_file()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_while_writing(given, cache, monkeypatch, code):
    def full(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_text", full)  # the last file of an entry
    with pytest.raises(DataError, match="needs 185 MB") as caught:
        cifar10(given)
    assert "free some space" in caught.value.next_step
    assert entries(cache) == []


FULL_DISK = """
import sys
from convbook.data import cifar10
from convbook.errors import DataError
try:
    cifar10(sys.argv[1])
except DataError as error:
    print(error)
"""


def test_a_disk_that_is_really_full(given, tmp_path):
    """On a file system of 64 KB, which the user's own namespace may mount without being root."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=64k tmpfs {disk}"
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
    if shutil.which("unshare") is None or subprocess.run([*inside, mount]).returncode:
        pytest.skip("this machine lets no user mount a file system")
    script = f'{mount}; "$0" -c "$1" "$2"; find {disk} -type f'
    run = subprocess.run(
        [*inside, script, sys.executable, FULL_DISK, given],
        env=os.environ | {"CONVBOOK_CACHE": str(disk), "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No space left on device" in run.stdout
    assert "free some space" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("  next:")  # find found no file
