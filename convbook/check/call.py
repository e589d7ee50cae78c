"""Call a student's function on plain arguments, on the student's side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from convbook.check.diagnose import Outcome
from convbook.check.forbid import forbidding
from convbook.check.plain import Plain, plain
from convbook.errors import NotAllowedHere

MESSAGE_LIMIT = 2000


def call(
    function: Callable[..., object],
    arguments: dict[str, Plain],
    *,
    adapter: str | None = None,
    forbidden: tuple[str, ...] = (),
) -> Outcome:
    """Call a function and return what it came to; an exception of its own is an outcome.

    Args:
        function: the student's function.
        arguments: plain values, which the function may change.
        adapter: the name of the adapter of `convbook.check.adapters` to call it through.
        forbidden: dotted names that refuse while it runs.

    Returns:
        `{"value": plain}` or `{"error": {"type", "message"}}`.
    """
    try:
        with _settings_of_torch(), forbidding(forbidden):
            if adapter is None:
                return {"value": plain(function(**arguments))}
            adapters = import_module("convbook.check.adapters")  # imports torch: not before
            return {"value": plain(getattr(adapters, adapter)(function, **arguments))}
    except (Exception, SystemExit) as error:
        return {"error": {"type": type(error).__name__, "message": _message(error, function)}}


@contextmanager
def _settings_of_torch() -> Iterator[None]:
    """Let numbers be float32 and gradients be kept, whatever the notebook has switched since.

    And convolutions do without oneDNN, which makes a program for each new shape: that takes longer
    than to convolve a small image.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before, onednn = torch.get_default_dtype(), torch.backends.mkldnn
    torch.set_default_dtype(torch.float32)
    enabled, *_ = onednn.set_flags(False, _fp32_precision=None)  # None: left as it is
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)
        onednn.set_flags(enabled, _fp32_precision=None)


def _message(error: BaseException, function: object) -> str:
    try:
        words = f"{error.asked} {error.next_step}" if type(error) is NotAllowedHere else str(error)
    except Exception:  # an exception of the student's whose text cannot be made
        words = ""
    line = _line(error, function)
    return words[:MESSAGE_LIMIT] + (f" (line {line} of its cell)" if line else "")


def _line(error: BaseException, function: object) -> int | None:
    """Return the line of the student's code that the error came through last."""
    code: Any = getattr(function, "__code__", None)
    trace, line = error.__traceback__, None
    while code is not None and trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
