"""Downloading one archive from a list of places: resumed when cut, refused when not the same.

Every address serves the same bytes, so what one server began another can finish.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from convbook.data.archive import Archive
from convbook.data.cache import unwritable
from convbook.errors import DataError

ROUNDS = 3  # times that each server is asked
TIMEOUT = 15.0  # seconds without a byte, after which a server counts as stalled
SLOW = 100_000  # bytes a second: in the first round, a slower server makes way for the next
PATIENCE = 20.0  # seconds over which the speed is measured
CHUNK = 1 << 17  # bytes


class _RefusedError(Exception):
    """This server cannot give the archive."""


class _InterruptedError(Exception):
    """This server gave a part; it, or another, can go on from there."""


def download(archive: Archive, folder: Path, *, timeout: float = TIMEOUT) -> Path:
    """Return the path of `archive` in `folder`, downloaded and verified unless it is there.

    What has come of it is kept in a file ending in `.part`, and the next call goes on from there.
    One process downloads, others wait for it.

    Raises:
        DataError: when no server gives the archive, or the folder cannot be written.
    """
    target = folder / archive.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            if not (target.is_file() and archive.matches(target)):
                _from_any(archive, target, timeout)
    except OSError as error:
        raise unwritable(f"Downloading {archive.name}.", folder, error) from error
    return target


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let one process at a time work on `target`, and tell the others why they wait."""
    lock = FileLock(target.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another process is downloading {target.name}; waiting for it.", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _from_any(archive: Archive, target: Path, timeout: float) -> None:
    part = target.with_name(target.name + ".part")
    servers, reasons = list(archive.urls), []
    for attempt in range(ROUNDS):
        for url in tuple(servers):
            host = urlsplit(url).netloc
            print(f"Downloading {archive.name} from {host}.", flush=True)
            try:
                _from_one(archive, url, part, timeout, patient=attempt > 0)
            except _RefusedError as reason:
                servers.remove(url)
                reasons.append(f"{host} {reason}")
            except _InterruptedError as reason:
                reasons.append(f"{host} {reason}")
            else:
                part.replace(target)
                return
            print(f"  It did not work: {reasons[-1]}.", flush=True)
    raise DataError(
        f"Downloading {archive.name}.",
        got="\n        ".join(reasons),
        rule=f"{archive.size:,} bytes with the MD5 {archive.md5}",
        next_step="try again later, it goes on where it stopped; or get the file elsewhere and "
        "name it in CONVBOOK_DATA",
    )


def _from_one(archive: Archive, url: str, part: Path, timeout: float, *, patient: bool) -> None:
    """Bring `part` to its full length from one server, then verify it."""
    have = part.stat().st_size if part.exists() else 0
    if have >= archive.size and not archive.matches(part):
        part.unlink()
        have = 0
    if have < archive.size:
        _fetch(archive, url, part, have, timeout, patient=patient)
    if not archive.matches(part):
        part.unlink()
        # Of a file made of parts, nobody knows which server's is wrong: each may try again.
        error = _InterruptedError if have else _RefusedError
        raise error("sent other bytes than the archive's (wrong checksum)")


def _fetch(
    archive: Archive, url: str, part: Path, have: int, timeout: float, *, patient: bool
) -> None:
    """Add to `part`, which has `have` bytes, what the server at `url` sends."""
    headers = {"User-Agent": "convbook"} | ({"Range": f"bytes={have}-"} if have else {})
    with _network(timeout):
        answer = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout
        )
    with answer:
        have = _start(archive, answer, have)
        _check_space(part.parent, archive.size - have)
        bar = tqdm(total=archive.size, initial=have, unit="B", unit_scale=True, desc=archive.name)
        with bar, part.open("ab" if have else "wb") as file:
            for chunk in _chunks(answer, timeout, patient=patient):
                have += len(chunk)
                if have > archive.size:
                    break
                file.write(chunk)
                bar.update(len(chunk))
    if have > archive.size:
        part.unlink()
        raise _RefusedError(f"sent more than the archive's {archive.size:,} bytes")
    if have < archive.size:
        raise _InterruptedError(f"stopped after {have:,} of {archive.size:,} bytes")


@contextlib.contextmanager
def _network(timeout: float) -> Iterator[None]:
    """Say what a failure of the network means for the server; those of the disk pass elsewhere."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise _RefusedError(f"answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _RefusedError(f"cannot be reached ({error.reason})") from error
    except TimeoutError as error:
        raise _InterruptedError(f"sent nothing for {timeout:g} s") from error
    except (http.client.HTTPException, OSError) as error:
        raise _InterruptedError(f"broke the connection ({error!r})") from error


def _start(archive: Archive, answer: http.client.HTTPResponse, have: int) -> int:
    """Return the position of the answer's first byte; refuse an answer of another length."""
    if answer.status == http.client.PARTIAL_CONTENT:
        stated = answer.headers.get("Content-Range", "")
        if not re.fullmatch(rf"bytes {have}-{archive.size - 1}/({archive.size}|\*)", stated):
            raise _RefusedError(f"offers {stated or 'an unnamed part'} when asked from byte {have}")
        return have
    length = answer.headers.get("Content-Length")
    if length is not None and length != str(archive.size):
        raise _RefusedError(f"offers {length} bytes, not the archive's {archive.size:,}")
    return 0


def _chunks(answer: http.client.HTTPResponse, timeout: float, *, patient: bool) -> Iterator[bytes]:
    """Yield the answer as it comes; stop with _InterruptedError when it comes too slowly."""
    began, received = time.monotonic(), 0
    while True:
        with _network(timeout):
            chunk = answer.read1(CHUNK)
        if not chunk:
            return
        yield chunk
        received += len(chunk)
        seconds = time.monotonic() - began
        if seconds > PATIENCE:
            if not patient and received < SLOW * seconds:
                raise _InterruptedError(f"sends only {received / seconds / 1000:.0f} kB a second")
            began, received = time.monotonic(), 0


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            "Downloading CIFAR-10.",
            got=f"{free / 1e6:.0f} MB free in {folder}",
            rule=f"{needed / 1e6:.0f} MB are still to come, and 185 MB decoded",
            next_step="free some space, or set CONVBOOK_CACHE to a folder on another disk",
        )
