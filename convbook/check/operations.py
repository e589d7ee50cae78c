"""Let operations of torch refuse by their own names, which no spelling of a call changes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from torch.overrides import TorchFunctionMode

from convbook.check.forbid import refuse


class Without(TorchFunctionMode):
    """The context in which every operation whose name fits a pattern raises NotAllowedHere."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        super().__init__()
        self.patterns = patterns

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Collection[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Make one call of torch, or refuse it."""
        del types
        name = getattr(func, "__name__", "")
        if _fits(name, self.patterns):
            refuse(name)
        return func(*args, **(kwargs or {}))


@cache
def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
