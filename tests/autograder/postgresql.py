"""A PostgreSQL server of the tests' own: Debian's, on a socket in a folder of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, text

from tasks.debian import find

PASSWORD = "p@ss:" + secrets.token_hex(8)  # with characters that a URL must quote
READY_SECONDS = 60


@dataclass
class Server:
    """A running server; every database that is asked for is new and empty."""

    folder: Path
    count: int = 0

    def new_database(self) -> str:
        """Make a database and return its URL."""
        self.count += 1
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE book{self.count}"))
        engine.dispose()
        return self.url(f"book{self.count}")

    def url(self, database: str) -> str:
        user = f"grader:{quote(PASSWORD, safe='')}"
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"


@contextmanager
def running() -> Iterator[Server]:
    """Start a server with a role `grader` that needs its password; stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters
    try:
        who = _unprivileged(folder)
        (folder / "password").write_text(PASSWORD)
        data, log = folder / "data", folder / "log"
        make = ["--username=grader", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256"]
        _run("initdb", [f"--pgdata={data}", *make, "--no-sync", "--encoding=UTF8"], who)
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        at = [f"--pgdata={data}", f"--log={log}", "--wait", f"--timeout={READY_SECONDS}"]
        _run("pg_ctl", [*at, f"--options={options}", "start"], who)
        try:
            yield Server(folder)
        finally:
            _run("pg_ctl", [f"--pgdata={data}", "--mode=immediate", "stop"], who)
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, object]:
    """Return whom the server runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody", "nogroup")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _run(program: str, arguments: list[str], who: dict[str, object]) -> None:
    path = find(program)
    assert path is not None, "install PostgreSQL: make test does it, or apt-get install postgresql"
    done = subprocess.run(
        [path, *arguments],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
        **who,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stdout
