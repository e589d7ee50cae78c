"""The local server: pages for everyone on this machine, JupyterLab for its owner alone."""

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.server import HOST, LAB_META, BookServer, free_port


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BookServer]:
    pages = tmp_path / "pages"
    (pages / "book").mkdir(parents=True)
    (pages / "index.html").write_text("<html><head></head><body>front</body></html>")
    (pages / "book" / "a.html").write_text("<html><head></head><body>chapter</body></html>")
    (tmp_path / "secret.txt").write_text("outside the pages")
    with BookServer(pages, free_port(0), "http://127.0.0.1:9/", "lab-token") as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(
    server: BookServer, path: str, *, cookie: str = "", host: str = HOST
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=5)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", f"{host}:{server.server_port}")
    if cookie:
        connection.putheader("Cookie", cookie)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_a_visitor_reads_pages_but_sees_no_way_to_jupyterlab(server: BookServer) -> None:
    status, _, body = get(server, "/book/a.html")
    assert status == 200
    assert b"chapter" in body
    assert LAB_META not in body
    status, headers, _ = get(server, "/lab/tp1_layers/tp1_layers.ipynb")
    assert status == 403
    assert "Location" not in headers


def test_the_key_opens_the_door_and_leaves_the_address(server: BookServer) -> None:
    status, headers, _ = get(server, f"/?key={server.key}")
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert LAB_META in get(server, "/", cookie=cookie)[2]
    status, headers, _ = get(server, "/lab/tp1_layers/a%20b.ipynb", cookie=cookie)
    assert status == 303
    assert headers["Location"] == (
        "http://127.0.0.1:9/lab/tree/tp1_layers/a%20b.ipynb?token=lab-token"
    )


@pytest.mark.parametrize("key", ["", "wrong", "%F0%9F%94%91"])
def test_a_wrong_key_opens_nothing(server: BookServer, key: str) -> None:
    assert "Set-Cookie" not in get(server, f"/?key={key}")[1]
    assert get(server, "/lab/x.ipynb", cookie=f"convbook={key}")[0] == 403


def test_another_host_name_is_refused(server: BookServer) -> None:
    assert get(server, "/", host="attacker.example")[0] == 403


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "//secret.txt"])
def test_nothing_outside_the_pages_is_served(server: BookServer, path: str) -> None:
    status, _, body = get(server, path)
    assert status == 404
    assert b"outside" not in body


def test_a_missing_page_is_404_for_the_owner_too(server: BookServer) -> None:
    assert get(server, "/book/none.html", cookie=f"convbook={server.key}")[0] == 404


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        assert free_port(taken) != taken
    assert free_port(0) > 0
