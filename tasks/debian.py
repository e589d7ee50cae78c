"""Programs that come from the operating system, not from PyPI."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tasks.terminal import run, step, stop

# program → the Debian package that brings it
PROGRAMS = {"bwrap": "bubblewrap", "chromium": "chromium", "postgres": "postgresql"}


def find(name: str) -> str | None:
    """Return the path of a program; Debian keeps those of a PostgreSQL server off the path."""
    servers = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(servers[-1]) if servers else None)


def ensure(*names: str) -> None:
    """Install the programs that are missing, or say exactly how to."""
    packages = [PROGRAMS[name] for name in names if find(name) is None]
    if not packages:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    rights = _rights()
    if rights is None or shutil.which("apt-get") is None:
        stop(
            f"Missing: {', '.join(packages)}.\n"
            "On Debian or Ubuntu run this, then the task again:\n\n"
            f"    sudo {' '.join(install)}\n\n"
            "On another system install the packages of these names with its own package manager."
        )
    step(f"Installing {', '.join(packages)} with apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*rights, "apt-get", "update", "-qq"], env=quiet)
    run([*rights, *install, "-qq"], env=quiet)


def _rights() -> list[str] | None:
    """Return the words that run a command as root, or None when nothing may be installed."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if asked.returncode == 0 else None
