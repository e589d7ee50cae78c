"""Let helpers refuse while an answer is checked, where calling them would be the answer.

This is an aid to learning, not a lock: it lives in the student's own Python, where everything
can be undone. What a mark is worth rests on the hidden cases and on reading the answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

from convbook.errors import NotAllowedHere
from convbook.texts import text


@contextmanager
def forbidding(names: Collection[str]) -> Iterator[None]:
    """Make the named functions raise NotAllowedHere inside the context.

    Args:
        names: dotted names: of a module or package (every public function and method that it
            defines), or of one Python function, which refuses wherever it was imported to. A name
            with a star, for instance "torch.*max_pool*", is a pattern: every operation of torch
            whose own name fits it refuses, be it called as a function, a method or by a layer.
    """
    patterns = tuple(name.removeprefix("torch.") for name in names if "*" in name)
    # Swapping the code of a function reaches every `from … import` of it too.
    swaps = [swap for name in names if "*" not in name for swap in _swaps(name)]
    codes = [function.__code__ for function, _ in swaps]
    try:
        for function, code in swaps:
            function.__code__ = code
        with _without(patterns) if patterns else nullcontext():
            yield
    finally:
        for (function, _), code in zip(swaps, codes, strict=True):
            function.__code__ = code


def _without(patterns: tuple[str, ...]) -> AbstractContextManager[object]:
    """Return the context in which operations of torch refuse."""
    operations = import_module("convbook.check.operations")  # imports torch: not before
    context: AbstractContextManager[object] = operations.Without(patterns)
    return context


def refuse(name: str) -> NoReturn:
    """Raise the refusal of the function of that name."""
    raise NotAllowedHere(
        text("check.not_allowed", name=name),
        rule=text("check.not_allowed_rule"),
        next_step=text("check.not_allowed_next"),
    )


@cache
def _functions(name: str) -> list[tuple[Any, str]]:
    """Return the holder and the attribute of every function that a name stands for."""
    owner, attribute = _resolve(name)
    if attribute:
        return [(owner, attribute)]
    found: dict[int, tuple[Any, str]] = {}
    for module in _modules(owner):
        classes = [member for _, member in inspect.getmembers(module, inspect.isclass)]
        for holder in (module, *classes):
            for member, function in inspect.getmembers(holder, inspect.isfunction):
                if not member.startswith("_") and function.__module__.startswith(name):
                    found[id(function)] = (holder, member)
    return list(found.values())


def _modules(module: ModuleType) -> list[ModuleType]:
    """Return a module and, if it is a package, every module in it."""
    inside = walk_packages(getattr(module, "__path__", []), module.__name__ + ".")
    return [module, *(import_module(entry.name) for entry in inside)]


def _resolve(name: str) -> tuple[Any, str]:
    """Return the module and the rest of a dotted name; a class may stand between them."""
    path, _, attribute = name.rpartition(".")
    try:
        return import_module(name), ""
    except ModuleNotFoundError:
        pass
    try:
        return import_module(path), attribute
    except ModuleNotFoundError:
        module, _, holder = path.rpartition(".")
        return getattr(import_module(module), holder), attribute


@cache
def _swaps(name: str) -> list[tuple[FunctionType, CodeType]]:
    """Return the Python functions that a name stands for, each with code that refuses."""
    found = ((getattr(owner, attribute), attribute) for owner, attribute in _functions(name))
    return [
        (function, _refusing_code(attribute, function.__code__.co_freevars))
        for function, attribute in found
        if isinstance(function, FunctionType)
    ]


def _refusing_code(name: str, free: tuple[str, ...]) -> CodeType:
    """Return code for a function that imports what it needs: its globals are another module's.

    Args:
        name: of the function, for the refusal.
        free: its free variables, which Python wants to find in the new code too.
    """
    scope: dict[str, Any] = {}
    source = f"def f(*_, **__):\n from convbook.check.forbid import refuse\n refuse({name!r})"
    exec(source, scope)
    code: CodeType = scope["f"].__code__
    return code.replace(co_freevars=free)
