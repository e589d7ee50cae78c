"""Downloads from servers that serve well, badly, or not at all."""

import hashlib
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock

from convbook.data import download as downloading
from convbook.data.archive import CIFAR10, Archive
from convbook.data.download import download
from convbook.errors import DataError

CONTENT = bytes(range(256)) * 200  # 51,200 bytes
HALF = len(CONTENT) // 2
SILENT = 2  # seconds without a byte that are a stall here: no busy machine is to look like one


@pytest.fixture
def server(serve):
    return serve(CONTENT)


@pytest.fixture
def fetch(server, tmp_path):
    """Download from addresses of the server, each given as its manners, one word a request."""

    def fetch(*urls):
        urls = [server.url(*url.split()) if "://" not in url else url for url in urls]
        archive = Archive("x.tar.gz", len(CONTENT), hashlib.md5(CONTENT).hexdigest(), tuple(urls))
        return download(archive, tmp_path / "downloads", timeout=SILENT)

    return fetch


def kept(tmp_path):
    """The names of the files in the folder of downloads, but for the lock."""
    names = (path.name for path in (tmp_path / "downloads").iterdir())
    return sorted(name for name in names if not name.endswith(".lock"))


def test_a_good_server(fetch, tmp_path, server, capsys):
    assert fetch("good").read_bytes() == CONTENT
    assert kept(tmp_path) == ["x.tar.gz"]
    assert "Downloading x.tar.gz from 127.0.0.1" in capsys.readouterr().out
    fetch("good")
    assert len(server.asked) == 1


def test_the_bar_shows_the_bytes(fetch, capsys):
    fetch("good")
    assert "51.2k/51.2k" in capsys.readouterr().err


GOES_ON = {
    "a cut": ("cut good", [0, HALF]),
    "two cuts": ("cut cut good", [0, HALF, HALF + HALF // 2]),
    "a cut, then a server that cannot resume": ("cut ignores-range", [0, HALF]),
    "a stall": ("stalls good", [0, HALF]),
}


@pytest.mark.parametrize(("manners", "starts"), GOES_ON.values(), ids=GOES_ON.keys())
def test_goes_on_at_the_same_server(fetch, tmp_path, server, manners, starts):
    assert fetch(manners).read_bytes() == CONTENT
    assert [start for _, start in server.asked] == starts
    assert kept(tmp_path) == ["x.tar.gz"]


SWITCHES = {
    "not there": ("404", 0, "answers 404"),
    "out of order": ("503", 0, "answers 503"),
    "a shorter file": ("too-short", 0, "offers 51199 bytes"),
    "a longer file": ("too-long", 0, "offers 51201 bytes"),
    "no length, and too many bytes": ("endless", 0, "sent more than"),
    "other bytes": ("other-bytes", 0, "wrong checksum"),
    "a cut": ("cut", HALF, "stopped after 25,600 of 51,200 bytes"),
    "a stall": ("stalls", HALF, f"sent nothing for {SILENT} s"),
    "a stall before the first byte": ("silent", 0, f"sent nothing for {SILENT} s"),
    "an answer that is not HTTP": ("babbles", 0, "broke the connection"),
}


@pytest.mark.parametrize(("manner", "start", "reason"), SWITCHES.values(), ids=SWITCHES.keys())
def test_the_next_server_takes_over(fetch, tmp_path, server, capsys, manner, start, reason):
    assert fetch(manner, "good").read_bytes() == CONTENT
    assert server.asked == [(f"/{manner}", 0), ("/good", start)]
    assert reason in capsys.readouterr().out
    assert kept(tmp_path) == ["x.tar.gz"]


def test_a_server_that_resumes_elsewhere_is_refused(fetch, server, capsys):
    assert fetch("cut", "wrong-range", "good").read_bytes() == CONTENT
    assert server.asked[1:] == [("/wrong-range", HALF), ("/good", HALF)]
    assert f"offers bytes {HALF + 1}-" in capsys.readouterr().out


def test_a_slow_server_makes_way_at_first_only(fetch, server, capsys, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0.05)
    monkeypatch.setattr(downloading, "SLOW", 10_000_000)
    assert fetch("slow", "404").read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/slow", "/404", "/slow"]
    assert server.asked[2][1] > 0
    assert "sends only" in capsys.readouterr().out


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_no_server_gives_it(fetch, tmp_path, server):
    nobody = f"http://127.0.0.1:{closed_port()}/x"
    with pytest.raises(DataError) as caught:
        fetch("404", nobody, "too-long", "other-bytes")
    message = str(caught.value)
    for reason in ("answers 404", "cannot be reached", "wrong checksum", "offers 51201 bytes"):
        assert reason in message
    assert "51,200 bytes with the MD5" in message
    assert "CONVBOOK_DATA" in caught.value.next_step
    assert kept(tmp_path) == []
    assert len(server.asked) == 3


def test_a_cut_download_goes_on_next_time(fetch, tmp_path, server):
    with pytest.raises(DataError, match="it goes on where it stopped"):
        fetch("cut 404")
    assert kept(tmp_path) == ["x.tar.gz.part"]
    assert fetch("good").read_bytes() == CONTENT
    assert server.asked[-1] == ("/good", HALF)
    assert kept(tmp_path) == ["x.tar.gz"]


PARTS = {
    "too long": CONTENT + b"more",
    "whole but wrong": bytes(len(CONTENT)),
    "wrong so far": bytes(HALF),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_a_bad_part_is_thrown_away(fetch, tmp_path, part):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/x.tar.gz.part").write_bytes(part)
    assert fetch("good").read_bytes() == CONTENT
    assert kept(tmp_path) == ["x.tar.gz"]


def test_a_whole_part_needs_no_server(fetch, tmp_path, server):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/x.tar.gz.part").write_bytes(CONTENT)
    assert fetch("404").read_bytes() == CONTENT
    assert server.asked == []


def test_a_damaged_archive_is_downloaded_again(fetch, server):
    path = fetch("good")
    path.write_bytes(CONTENT[:-1])
    assert fetch("good").read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_second_process_waits_for_the_first(fetch, server, capsys):
    path = fetch("good")
    with ThreadPoolExecutor(1) as pool:
        with FileLock(path.with_suffix(".lock")):
            second, shown = pool.submit(fetch, "good"), ""
            while "Another process is downloading x.tar.gz" not in shown:
                assert not second.done()
                time.sleep(0.01)
                shown += capsys.readouterr().out
        assert second.result() == path
    assert len(server.asked) == 1


def test_no_disk_space_before_the_download(fetch, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=51_199)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"0 MB free in .*downloads"):
        fetch("good")
    assert kept(tmp_path) == []


def test_the_disk_fills_up_during_the_download(fetch, tmp_path):
    """/dev/full takes no byte, as a full disk does; it stands in for the part."""
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/x.tar.gz.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match="No space left on device") as caught:
        fetch("good")
    assert "CONVBOOK_CACHE" in caught.value.next_step


def test_a_folder_that_cannot_be_made(fetch, tmp_path):
    (tmp_path / "downloads").write_text("")
    with pytest.raises(DataError, match="set CONVBOOK_CACHE to such a folder"):
        fetch("good")


def test_the_real_archive_is_named_once():
    real = CIFAR10
    assert (real.size, real.md5) == (170_498_071, "c58f30108f718f92721af3b95e74349a")
    assert len(set(real.urls)) == len(real.urls) >= 2
    assert all(url.startswith("https://") for url in real.urls)
    assert real.name == "cifar-10-python.tar.gz"
