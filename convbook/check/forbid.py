"""Let helpers refuse while an answer is checked, where calling them would be the answer.

This is an aid to learning, not a lock: it lives in the student's own Python, where everything
can be undone. What a mark is worth rests on the hidden cases and on reading the answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, NoReturn
from unittest.mock import patch

from convbook.errors import NotAllowedHere
from convbook.texts import text


@contextmanager
def forbidding(names: Iterable[str]) -> Iterator[None]:
    """Make the named functions raise NotAllowedHere inside the context.

    Args:
        names: dotted names: of a module (all functions defined in it or below it that it shows),
            or of one function. A plain Python function refuses wherever it was imported to; any
            other callable refuses under this name only.
    """
    with ExitStack() as stack:
        for name in names:
            for owner, attribute in _functions(name):
                _forbid(stack, owner, attribute)
        yield


def refuse(name: str) -> NoReturn:
    """Raise the refusal of the function of that name."""
    raise NotAllowedHere(
        text("check.not_allowed", name=name),
        rule=text("check.not_allowed_rule"),
        next_step=text("check.not_allowed_next"),
    )


def _functions(name: str) -> list[tuple[Any, str]]:
    owner, attribute = _resolve(name)
    target = getattr(owner, attribute) if attribute else owner
    if not isinstance(target, ModuleType):
        return [(owner, attribute)]
    members = inspect.getmembers(target, inspect.isfunction)
    return [
        (target, member)
        for member, function in members
        if not member.startswith("_") and function.__module__.startswith(target.__name__)
    ]


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


def _forbid(stack: ExitStack, owner: Any, attribute: str) -> None:
    function: Any = getattr(owner, attribute)
    if isinstance(function, FunctionType) and not function.__closure__:
        # Swapping its code reaches every `from … import` of it too.
        stack.callback(setattr, function, "__code__", function.__code__)
        function.__code__ = _refusing_code(attribute)
    else:
        stack.enter_context(patch.object(owner, attribute, _refusing(function, attribute)))


def _refusing_code(name: str) -> Any:
    """Return code for a function that imports what it needs: its globals are another module's."""
    scope: dict[str, Any] = {}
    source = f"def f(*_, **__):\n from convbook.check.forbid import refuse\n refuse({name!r})"
    exec(source, scope)
    return scope["f"].__code__


def _refusing(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)
    def refusing(*_: object, **__: object) -> NoReturn:
        refuse(name)

    return refusing
