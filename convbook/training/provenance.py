"""Where numbers come from: the machine, the versions and the commit that made them."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import convbook

PACKAGE = Path(convbook.__file__).parent


def provenance(device: torch.device) -> dict[str, Any]:
    """Return the fields of a `History` that say where and with what it was made."""
    return {
        "device": describe(device),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "convbook": convbook.__version__,
        },
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def describe(device: torch.device) -> str:
    """Return the kind and the name of `device`, such as "cpu, AMD EPYC"."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        capabilities = torch.cpu.get_capabilities()
        name = str(capabilities.get("cpu_name") or platform.machine())
    return f"{device.type}, {name}"


def commit(package: Path = PACKAGE) -> str | None:
    """Return the commit of the repository that tracks `package`, with "+" if edited since.

    An installed package lies in no repository, or in one that does not track it: None.
    """
    tracked = _git(package, "ls-files", "--error-unmatch", "__init__.py")
    head = _git(package, "rev-parse", "HEAD")
    if not tracked or not head:
        return None
    return head + ("+" if _git(package, "status", "--porcelain", "--", ".") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
