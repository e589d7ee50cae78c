"""The database of a gradebook: SQLite or PostgreSQL, one writer, named without its password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convbook.errors import GradingError

# Any number will do, as long as every grader asks for the same one.
WRITER = 0x636F6E76


def at(url: str, folder: Path) -> str:
    """Return the URL with the path of an SQLite file made absolute, from the course folder."""
    from sqlalchemy import make_url

    try:
        parsed = make_url(url)
    except Exception as error:
        raise trouble("Reading the URL of the gradebook.", url, error) from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return url
    path = folder / parsed.database
    return str(parsed.set(database=str(path)).render_as_string(hide_password=False))


def shown(url: str) -> str:
    """Return a URL as people may see it."""
    from sqlalchemy import make_url

    try:
        return str(make_url(url).render_as_string(hide_password=True))
    except Exception:  # SQLAlchemy's own, and what int() says of a port
        return "a text that is no database URL"


def stamp(url: str) -> None:
    """Write the version of nbgrader's tables into a new database.

    nbgrader would ask for it in a process of its own, which loads all of nbgrader again (3 s).
    """
    import nbgrader
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                script = ScriptDirectory(str(Path(nbgrader.__file__).with_name("alembic")))
                MigrationContext.configure(connection).stamp(script, "head")
    finally:
        engine.dispose()


@contextmanager
def one_writer(url: str) -> Iterator[None]:
    """Be the one grader that writes this gradebook, on every machine that reaches it.

    The operating system or the server ends the claim with the process, however it ends.

    Raises:
        GradingError: another grader writes it, or it cannot be reached.
    """
    from sqlalchemy import make_url

    backend = make_url(url).get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise GradingError(
            "Opening the gradebook to write marks.",
            got=shown(url),
            rule="a gradebook is an SQLite file or a PostgreSQL database",
            next_step="correct CourseDirectory.db_url in nbgrader_config.py",
        )
    with _claimed_file(url) if backend == "sqlite" else _claimed_server(url) as free:
        if not free:
            raise GradingError(
                "Opening the gradebook to write marks.",
                got=f"another grader is at work on {shown(url)}",
                rule="a gradebook has one writer at a time",
                next_step="wait until it has ended, then run this again",
            )
        yield


@contextmanager
def _claimed_file(url: str) -> Iterator[bool]:
    from filelock import FileLock, Timeout
    from sqlalchemy import make_url

    path = Path(str(make_url(url).database))
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        if not path.parent.is_dir():  # which a lock would make, and SQLite does not
            raise FileNotFoundError(f"there is no folder {path.parent}")
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise trouble("Opening the gradebook.", url, error) from None
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _claimed_server(url: str) -> Iterator[bool]:
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    try:
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        connection = engine.connect()
    except Exception as error:
        raise trouble("Opening the gradebook.", url, error) from None
    with connection:
        ask = text("SELECT pg_try_advisory_lock(:writer)")
        yield bool(connection.execute(ask, {"writer": WRITER}).scalar())


def trouble(what: str, url: str, error: Exception) -> GradingError:
    """Return what a person must know of the database layer's error, whatever it is."""
    return GradingError(
        what,
        got=f"{shown(url)}: {_without_secrets(str(error), url)}",
        rule="CourseDirectory.db_url in nbgrader_config.py names it; gradebook.db is the default",
        next_step="correct the URL, start its server, install its driver (for PostgreSQL: "
        "pip install 'psycopg[binary]') or close other programs that use the file",
    )


def _without_secrets(message: str, url: str) -> str:
    from sqlalchemy import make_url

    try:
        password: Any = make_url(url).password
    except Exception:
        return "it cannot be read"  # nobody knows which part of it is the password
    return message.replace(str(password), "***") if password else message
