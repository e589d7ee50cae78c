"""`python -m autograder formgrader`: nbgrader's pages for marking written answers by hand."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import NoReturn

import autograder
from autograder.course import Course
from convbook.errors import GradingError

HOST, PORT = "127.0.0.1", 8890
EXTENSION = "autograder.formgrader_extension"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")
    parser.add_argument("--port", type=int, default=PORT, help=f"the port on {HOST} ({PORT})")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(args: argparse.Namespace) -> NoReturn:
    """Become the server of formgrader, until Ctrl-C."""
    course = Course.opened(args.course).root
    require_free(args.port)
    serve = command(course, args.port, args.no_browser)
    environment = dict(os.environ)
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment["PATH"]
    # Its buttons run what nbgrader_config.py names in this package.
    here = [str(Path(autograder.__file__).parents[1]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, here))
    environment["JUPYTER_TOKEN"] = token = secrets.token_urlsafe(24)
    address = f"http://{HOST}:{args.port}/formgrader/gradebook?token={token}"
    print(f"formgrader: {address} (Ctrl-C ends it)", flush=True)
    os.chdir(course)
    os.execve(serve[0], serve, environment)  # this process becomes the server: signals reach it


def require_free(port: int) -> None:
    """Make sure that the address which is printed will be the one that is served.

    Raises:
        GradingError: the port cannot be used.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise GradingError(
                "Starting formgrader.",
                got=f"port {port}: {error}",
                rule=f"it needs a port of {HOST} that nothing else uses",
                next_step="end the formgrader that runs there, or choose another one with --port",
            ) from None


def command(course: Path, port: int, no_browser: bool) -> list[str]:
    """Return the command line of the server."""
    options = {
        "ip": HOST,
        "port": str(port),
        "port_retries": "0",  # on another port it would not be where the address says
        "root_dir": str(course),
        "default_url": "/formgrader/gradebook",
        "open_browser": str(not no_browser),
        "jpserver_extensions": f"{{'{EXTENSION}': True}}",
        "answer_yes": "True",  # Ctrl-C asks nothing
        "allow_root": "True",  # on 127.0.0.1 only, and only with the token
    }
    settings = [f"--ServerApp.{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyter_server", *settings]
