"""How the code cells of the book run, and when their kept results are out of date."""

from __future__ import annotations

import hashlib
import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

PROFILE = Path(__file__).resolve().parent.parent / "ipython" / "ipython_kernel_config.py"
# What a cell can show comes from these, beside its own text, which the cache itself compares.
READ_BY_CELLS = (".py", ".json", ".mplstyle")


def fingerprint(*folders: Path) -> str:
    """Return a short hash of all that the cells of the book can read.

    Args:
        folders: the package and the recorded results.
    """
    digest = hashlib.sha256(PROFILE.read_bytes())
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in READ_BY_CELLS):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def configure(app: Sphinx, config: Config) -> None:
    """Choose the cache and the kernel's settings before MyST-NB reads its own.

    The cache of executed notebooks compares cells only. A cell that calls `convbook` shows a new
    value when `convbook` changes, so each state of the package has its own cache; only the last
    one is kept.
    """
    build = Path(app.outdir).parent
    results = Path(app.srcdir) / "book" / "results"
    caches = build / ".jupyter_cache"
    cache = caches / fingerprint(Path(str(files("convbook"))), results)
    for old in caches.glob("*") if caches.is_dir() else ():
        if old != cache:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    config["nb_execution_cache_path"] = str(cache)

    profile = build / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROFILE, profile)
    os.environ["IPYTHONDIR"] = str(build / "ipython")
    os.environ["MPLCONFIGDIR"] = str(build / "matplotlib")
    os.environ["OMP_NUM_THREADS"] = "1"  # a sum in another order is another number


def setup(app: Sphinx) -> None:
    """Configure execution as soon as the configuration is read."""
    app.connect("config-inited", configure)
