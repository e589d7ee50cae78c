"""How the code cells of the book run, and when their kept results are out of date."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)

PROFILE = Path(__file__).resolve().parent.parent / "ipython" / "ipython_kernel_config.py"
# What a cell can show comes from these, beside its own text, which the cache itself compares.
READ_BY_CELLS = (".py", ".json", ".mplstyle", ".ipynb")


def fingerprint(*folders: Path) -> str:
    """Return a short hash of all that the cells of the book can read.

    Args:
        folders: the package, the recorded results, the exercises.
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
    root = Path(app.srcdir)
    read = [Path(str(files("convbook"))), root / "book" / "results", root / "exercises"]
    caches = build / ".jupyter_cache"
    cache = caches / fingerprint(*read)
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


def run_ahead(_app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Run the changed pages side by side and keep their results.

    MyST-NB would run one after the other. A page that fails is left to it: it says how.
    """
    if env.mystnb_config.execution_mode != "cache":
        return
    cache = get_cache(env.mystnb_config.execution_cache_path)

    def waiting() -> Iterator[tuple[Path, NotebookNode]]:
        for path in map(Path, map(env.doc2path, docnames)):
            text = path.read_text(encoding="utf-8")
            reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
            if reader is None:
                continue
            notebook = reader.read(text)
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                yield path, notebook

    def run(task: tuple[Path, NotebookNode]) -> tuple[Path, ExecutionResult]:
        path, notebook = task
        timeout = env.mystnb_config.execution_timeout
        result = single_nb_execution(
            notebook, cwd=str(path.parent), timeout=timeout, allow_errors=False
        )
        return path, result

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        for path, result in pool.map(run, waiting()):
            if result.err is None:
                LOGGER.info("ran the cells of %s in %.1f s", path.name, result.time)
                kept = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(kept, check_validity=False, overwrite=True)


def setup(app: Sphinx) -> None:
    """Configure execution as soon as the configuration is read, and run before pages are read."""
    app.connect("config-inited", configure)
    app.connect("env-before-read-docs", run_ahead)
