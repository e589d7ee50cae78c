"""`python -m autograder formgrader`: nbgrader's pages for marking written answers by hand."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path
from typing import NoReturn

import autograder
from autograder.course import Course

PORT = 8890
EXTENSION = "autograder.formgrader_extension"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")
    parser.add_argument("--port", type=int, default=PORT, help=f"the port on 127.0.0.1 ({PORT})")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def run(args: argparse.Namespace) -> NoReturn:
    """Become the server of formgrader, until Ctrl-C."""
    course = Course.opened(args.course).root
    serve = command(course, args.port, args.no_browser)
    environment = dict(os.environ)
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment["PATH"]
    # Its buttons run what nbgrader_config.py names in this package.
    here = [str(Path(autograder.__file__).parents[1]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, here))
    environment["JUPYTER_TOKEN"] = token = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{args.port}/formgrader/gradebook?token={token}"
    print(f"formgrader: {address} (Ctrl-C ends it)", flush=True)
    os.chdir(course)
    os.execve(serve[0], serve, environment)  # this process becomes the server: signals reach it


def command(course: Path, port: int, no_browser: bool) -> list[str]:
    """Return the command line of the server."""
    options = {
        "ip": "127.0.0.1",
        "port": str(port),
        "root_dir": str(course),
        "default_url": "/formgrader/gradebook",
        "open_browser": str(not no_browser),
        "jpserver_extensions": f"{{'{EXTENSION}': True}}",
        "answer_yes": "True",  # Ctrl-C asks nothing
        "allow_root": "True",  # on 127.0.0.1 only, and only with the token
    }
    settings = [f"--ServerApp.{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyter_server", *settings]
