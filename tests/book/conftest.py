"""The book as its readers get it: built once, served on this machine, read in a real Chromium."""

import functools
import hashlib
import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SOURCES = ("_config.yml", "_toc.yml", "book", "convbook", "exercises")


def pages():
    """The name of every page, in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", pages())


def run_jupyter_book(folder):
    return subprocess.run(
        [BIN / "jupyter-book", "build", "-W", "--keep-going", "-n", folder],
        env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=590,
    )


def state_of_the_sources():
    digest = hashlib.sha256()
    for name in SOURCES:
        root = ROOT / name
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def jupyter_book():
    """Build the book in a folder: what `jupyter-book` did."""
    return run_jupyter_book


@pytest.fixture(scope="session")
def html():
    """The folder of the built book; nothing is built when its sources are as they were."""
    built, stamp = ROOT / "_build" / "html", ROOT / "_build" / "tested"
    stamp.parent.mkdir(exist_ok=True)
    with FileLock(f"{stamp}.lock"):
        state = state_of_the_sources()
        if not (stamp.exists() and stamp.read_text() == state and (built / "index.html").exists()):
            result = run_jupyter_book(ROOT)
            assert result.returncode == 0, result.stdout + result.stderr
            stamp.write_text(state)
    return built


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address(html):
    handler = functools.partial(Quiet, directory=str(html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def look():
    """Ask an open page one of the questions of reading.js."""
    questions = Path(__file__).with_name("reading.js").read_text()
    return lambda page, question: page.evaluate(f"{questions}.{question}()")


@pytest.fixture
def open_page(browser, address):
    """Open a page of the book; at the end, anything that went wrong in it fails the test."""
    contexts, problems = [], []

    def watch(page):
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on(
            "requestfailed",
            lambda request: (
                problems.append(f"failed: {request.url}")
                if request.failure != "net::ERR_ABORTED"  # the page was left before it came
                else None
            ),
        )
        page.on(
            "console",
            lambda message: (
                problems.append(f"console: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.on(
            "response",
            lambda response: (
                problems.append(f"{response.status}: {response.url}")
                if response.status >= 400
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((address, "blob:", "data:", "file:"))
                else problems.append(f"outside: {request.url}")
            ),
        )

    def open_it(path, *, width=1280, scheme="light", script=True, route=None):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        watch(page)
        if route:
            page.route("**/*.html*", route)
        page.goto(path if "://" in path else address + path, wait_until="load")
        return page

    open_it.problems = problems
    yield open_it
    for context in contexts:
        context.close()
    assert problems == []
