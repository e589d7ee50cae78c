"""A page that mounts one widget as the book does, in a real Chromium."""

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from convbook.widgets import get

HARNESS = Path(__file__).parents[2] / "widgets" / "harness.html"


class Handler(BaseHTTPRequestHandler):
    """The harness, and the bundle of the widget that its address names."""

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        kind, body = "text/html", HARNESS.read_bytes()
        if url.path == "/bundle.json":
            bundle = get(query["name"]).bundle(**json.loads(query["state"]))
            kind, body = "application/json", json.dumps(vars(bundle)).encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


@pytest.fixture
def mount(browser, server):
    """Return a function that mounts a widget; at the end nothing may have gone to the console."""
    said, pages = [], []

    def show(name: str, *, theme: str = "light", width: int = 760, **state) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 700}, reduced_motion="reduce")
        page.set_default_timeout(10_000)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        query = {"name": name, "theme": theme, "state": json.dumps(state)}
        page.goto(server + "?" + urllib.parse.urlencode(query))
        page.wait_for_selector("html[data-ready]")
        return page

    yield show
    for page in pages:
        page.close()
    assert said == []
