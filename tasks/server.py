"""The local web server of the book, with a door to JupyterLab for its owner."""

from __future__ import annotations

import functools
import http.cookies
import http.server
import secrets
import socket
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

HOST = "127.0.0.1"
COOKIE = "convbook"
LAB_META = b'<meta name="convbook-lab" content="/lab/">'


def free_port(wanted: int) -> int:
    """Return `wanted`, or another free port of this machine when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # The same option as the server's own: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


class BookServer(http.server.ThreadingHTTPServer):
    """Serves the built pages on 127.0.0.1 and, to who knows the key, the way to JupyterLab.

    A page's link to JupyterLab carries Lab's token, which lets its owner run any code. So the
    first visit must bring `key` (printed in the terminal); a cookie then stands for it.
    """

    daemon_threads = True

    def __init__(self, pages: Path, port: int, lab_url: str, lab_token: str) -> None:
        self.key = secrets.token_urlsafe(16)
        self.lab_url, self.lab_token = lab_url, lab_token
        super().__init__((HOST, port), functools.partial(_Handler, directory=str(pages)))

    @property
    def url(self) -> str:
        """The address to open first."""
        return f"http://{HOST}:{self.server_port}/?key={self.key}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: BookServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            # Another name for this address is a page elsewhere that rebinds its own name to us.
            self.send_error(HTTPStatus.FORBIDDEN, f"Open the book at http://{HOST}")
        elif "key" in parse_qs(address.query):
            self._let_in(parse_qs(address.query)["key"][0])
        elif address.path.startswith("/lab/"):
            self._go_to_lab(unquote(address.path.removeprefix("/lab/")))
        elif self._is_owner() and self._page().suffix == ".html":
            self._send_page_with_lab(self._page())
        else:
            super().do_GET()

    def _is_owner(self) -> bool:
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        return COOKIE in cookies and secrets.compare_digest(cookies[COOKIE].value, self.server.key)

    def _let_in(self, key: str) -> None:
        self.send_response(HTTPStatus.SEE_OTHER)
        if secrets.compare_digest(key.encode(), self.server.key.encode()):
            cookie = f"{COOKIE}={self.server.key}; HttpOnly; SameSite=Lax; Path=/"
            self.send_header("Set-Cookie", cookie)
        self.send_header("Location", urlsplit(self.path).path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _go_to_lab(self, notebook: str) -> None:
        if not self._is_owner():
            self.send_error(
                HTTPStatus.FORBIDDEN,
                "Open the book once at the address with ?key= that make serve printed",
            )
            return
        self.send_response(HTTPStatus.SEE_OTHER)
        target = f"{self.server.lab_url}lab/tree/{quote(notebook)}?token={self.server.lab_token}"
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self) -> Path:
        path = Path(self.translate_path(self.path))
        return path / "index.html" if path.is_dir() else path

    def _send_page_with_lab(self, page: Path) -> None:
        try:
            html = page.read_bytes().replace(b"</head>", LAB_META + b"</head>", 1)
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND, "The book has no such page")
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(html)))
        self.end_headers()
        self.wfile.write(html)

    def end_headers(self) -> None:
        # A rebuilt page must show at the next reload.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: the terminal belongs to the addresses."""
