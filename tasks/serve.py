"""`make serve`: the book in the browser and JupyterLab with the exercises."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from tasks import ROOT
from tasks.book import book, exercises
from tasks.environment import BIN, variables
from tasks.server import HOST, BookServer, free_port
from tasks.terminal import step, stop

WORK = Path(os.environ.get("CONVBOOK_WORK", ROOT / "work")).resolve()
LOG = WORK / ".jupyterlab.log"
LAB_SETTINGS = ROOT / "tasks" / "jupyter"
LAB_PATIENCE = 60.0  # seconds


def serve() -> None:
    """Build what changed, then serve the book and JupyterLab until Ctrl-C."""
    wanted = wanted_port(os.environ.get("CONVBOOK_PORT", "8000"))
    exercises()
    pages = book()
    copy_new_exercises(ROOT / "exercises", WORK)
    port = free_port(wanted)
    if port != wanted:
        step(f"Port {wanted} is taken: using {port}")
    lab_port, token = free_port(wanted + 1), secrets.token_urlsafe(24)
    server = BookServer(pages, port, f"http://{HOST}:{lab_port}/", token)
    lab = _start_lab(lab_port, token)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _wait_for_lab(lab, f"http://{HOST}:{lab_port}/api")
        print(
            f"\n  Book        {server.url}"
            f"\n  JupyterLab  http://{HOST}:{lab_port}/lab?token={token}"
            f"\n  Your copies of the exercises are in {WORK}. Ctrl-C stops everything.\n",
            flush=True,
        )
        if lab.wait():
            stop(f"JupyterLab ended by itself (exit status {lab.returncode}); see {LOG}.")
    except KeyboardInterrupt:
        print()
        step("Stopping")
    finally:
        _end(lab)
        server.shutdown()
        server.server_close()


def wanted_port(text: str) -> int:
    """Return the port that CONVBOOK_PORT asks for."""
    if not text.isdecimal() or not 0 < int(text) < 65535:
        stop(
            f"CONVBOOK_PORT is {text!r}, which is no port.\n"
            "Give a whole number from 1024 to 65534, or leave it out: CONVBOOK_PORT=9000 make serve"
        )
    return int(text)


def copy_new_exercises(source: Path, target: Path) -> None:
    """Copy each exercise file that `target` lacks; never touch what a student has there."""
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_file() and not copy.exists() and ".ipynb_checkpoints" not in path.parts:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _start_lab(port: int, token: str) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [
        BIN / "jupyter-lab",
        "--no-browser",
        f"--ip={HOST}",
        f"--port={port}",
    ]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={WORK}"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    WORK.mkdir(exist_ok=True)
    # The token goes through the environment: a command line is for every user to read.
    # LAB_SETTINGS: no look outside for news, no tools for instructors.
    env = {**variables(), "JUPYTER_TOKEN": token, "JUPYTER_CONFIG_PATH": str(LAB_SETTINGS)}
    with LOG.open("wb") as log:
        # A session of its own, so that Ctrl-C reaches us alone and Lab asks no question.
        return subprocess.Popen(
            command, cwd=WORK, env=env, stdout=log, stderr=log, start_new_session=True
        )


def _wait_for_lab(lab: subprocess.Popen[bytes], address: str) -> None:
    step("Starting JupyterLab")
    deadline = time.monotonic() + LAB_PATIENCE
    while time.monotonic() < deadline:
        if lab.poll() is not None:
            stop(f"JupyterLab did not start (exit status {lab.returncode}); see {LOG}.")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    stop(f"JupyterLab did not answer at {address} within {LAB_PATIENCE:.0f} s; see {LOG}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all it started: politely, then not."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _as_interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
