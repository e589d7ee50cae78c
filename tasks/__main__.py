"""`python -m tasks NAME [ARGUMENTS]`: set up what NAME needs, then do it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable

from tasks import ROOT, debian, environment
from tasks.book import book, exercises
from tasks.environment import PYTHON, variables
from tasks.serve import serve
from tasks.terminal import run, step


def check() -> None:
    """Lint, types and spelling of everything."""
    step("Checking lint, format, types and spelling")
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["codespell"],
    ):
        run([environment.BIN / command[0], *command[1:]], env=variables())


def test(*arguments: str) -> None:
    """Run every check and every test: Python, JavaScript, browser, grading."""
    debian.ensure("bwrap", "chromium", "postgres")
    check()
    step("Testing the widgets' JavaScript")
    scripts = sorted(str(path) for path in (ROOT / "tests").rglob("*.test.mjs"))
    run([environment.BIN / "node", "--test", *scripts], env=variables())
    exercises()
    book()
    step("Testing the rest")
    run([PYTHON, "-m", "pytest", *(arguments or ("-n", "2"))], env=variables())


def handout() -> None:
    """Pack what students get: the exercises, a wheel of convbook, how to get the data."""
    run([PYTHON, "-m", "autograder", "handout"], env=variables())


def clean() -> None:
    """Remove what the tasks built; keep students' work, runs and grades."""
    caches = [".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"]
    for name in (".venv", "_build", "build", "dist", "source", *caches):
        if (ROOT / name).exists():
            step(f"Removing {name}")
            shutil.rmtree(ROOT / name)


TASKS: dict[str, Callable[..., object]] = {
    "serve": serve,
    "test": test,
    "book": book,
    "exercises": exercises,
    "handout": handout,
    "check": check,
    "lock": environment.lock,
    "setup": lambda: None,
    "clean": clean,
}


def main() -> None:
    """Read the task's name, make the environment it needs and do it."""
    parser = argparse.ArgumentParser(prog="python -m tasks", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("arguments", nargs="*", help="for `test`: what pytest should run")
    known, extra = parser.parse_known_args()
    if known.task != "clean":
        environment.ensure()
    try:
        TASKS[known.task](*known.arguments, *extra)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
