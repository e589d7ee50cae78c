"""Which folder may import from which: nothing goes in circles, nothing inside looks outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autograder.conftest import ROOT

# Each imports from itself and from those before it; "" is the top, where the course folder is.
LAYERS = ("sandbox.inside", "sandbox", "questions", "", "runs", "marking", "gradebook", "pages")


def folder(name: str) -> Path:
    return ROOT / "autograder" / name.replace(".", "/")


def layer(module: str) -> str:
    """The layer of `autograder.FOLDER.MODULE`."""
    found = [each for each in LAYERS if module.startswith(f"autograder.{each}.")]
    return max(found, key=len, default="")


def imported(path: Path) -> Iterator[str]:
    """The names of ours that a module imports, at any depth of its code."""
    yield from (name for name in _named(path) if name.startswith("autograder."))


def _named(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", [each for each in LAYERS if each])
def test_a_folder_imports_only_from_those_before_it(name: str) -> None:
    modules = [path for path in folder(name).glob("*.py") if path.stem != "__init__"]
    assert modules
    above = LAYERS[LAYERS.index(name) + 1 :]
    for path in modules:
        assert [module for module in imported(path) if layer(module) in above] == [], path


@pytest.mark.parametrize("name", [each for each in LAYERS if each != "questions"])
def test_a_folder_loads_nothing_by_itself(name: str) -> None:
    """Or the processes inside would load it too; the questions are one table."""
    assert list(imported(folder(name) / "__init__.py")) == []
