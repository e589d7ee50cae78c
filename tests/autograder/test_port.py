"""Where formgrader is served: at the address that is printed, or nowhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from autograder import formgrader
from autograder.__main__ import main
from autograder.course import Course


@pytest.mark.parametrize("port", ["in use", "99999"])
def test_a_port_that_cannot_be_used_is_explained(
    make_course: Callable[..., Course],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    port: str,
) -> None:
    def served(*_arguments: object) -> None:
        raise AssertionError("it is served")

    monkeypatch.setattr(os, "execve", served)
    course = make_course()
    with socket.create_server(("127.0.0.1", 0)) as other:
        if port == "in use":
            port = str(other.getsockname()[1])
        assert main(["formgrader", "--course", str(course.root), "--port", port]) == 1
    said = capsys.readouterr()
    assert f"port {port}: " in said.err
    assert "--port" in said.err
    assert "token" not in said.out


def test_a_port_that_was_just_left_can_be_used(make_course: Callable[..., Course]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()  # this side waits a minute for what is late
        client.close()
    formgrader.require_free(port)
    assert "--ServerApp.port_retries=0" in formgrader.command(make_course().root, port, True)
