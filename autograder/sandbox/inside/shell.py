"""The IPython of a student's process: text is printed, pictures are kept, all else is dropped.

A notebook's cell shows pictures in three ways: `plt.show()` or a figure left open at its end (which
matplotlib's inline backend hands to `display`), `display(...)`, and its last expression.
"""

from __future__ import annotations

import base64
import contextlib
import tokenize
from collections.abc import Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

PNG = "image/png"


class _Publisher(DisplayPublisher):
    """What `display` calls."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Show it."""
        self.shell.show(data)

    def clear_output(self, wait: bool = False) -> None:
        """Progress bars call it; what was printed stays."""


class _Hook(DisplayHook):
    """What the value of a cell's last expression goes through."""

    def quiet(self) -> bool:
        """Does the cell end in a semicolon?"""
        with contextlib.suppress(tokenize.TokenError, SyntaxError):
            ends = self.semicolon_at_end_of_expression
            return bool(ends(self.shell.source))  # type: ignore[no-untyped-call]
        return False

    def write_output_prompt(self) -> None:
        """A notebook shows the number of an output beside it, not in it."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        """Show it."""
        del md_dict
        self.shell.show(format_dict)


class Shell(InteractiveShell):
    """A shell that runs cells one by one and remembers the pictures of the last one."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)
    system = InteractiveShell.system_raw  # the sandbox has no terminals

    def __init__(self, **traits: Any) -> None:
        self.source = ""
        self.pictures: list[bytes] = []
        traits |= {"history_length": 0, "colors": "nocolor", "xmode": "Plain"}
        # Kept from the start: a history that is switched off later has started a thread.
        config = Config({"HistoryAccessor": {"enabled": False}})
        super().__init__(config=config, **traits)  # type: ignore[no-untyped-call]

    def enable_gui(self, gui: str | None = None) -> None:
        """There are no windows; `%matplotlib` asks for them."""

    @contextlib.contextmanager
    def _tee(self, channel: Any) -> Iterator[None]:
        """Keep no copy of what is printed: a cell that prints much would run out of memory."""
        del channel
        yield

    def run(self, source: str) -> BaseException | None:
        """Run a cell; return the exception that ended it, if one did."""
        self.source, self.pictures = source, []
        # The class's own: a notebook may put another one on the shell.
        result = super().run_cell(source, store_history=False)  # type: ignore[no-untyped-call]
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def show(self, data: dict[str, Any]) -> None:
        """Keep the picture of a display, or print its text."""
        if PNG in data:
            self.pictures.append(_bytes(data[PNG]))
        elif "text/plain" in data:
            print(data["text/plain"])


def _bytes(picture: bytes | str) -> bytes:
    """Return the bytes of a picture; nothing, which is no picture, where they cannot be read."""
    with contextlib.suppress(ValueError):
        return picture if isinstance(picture, bytes) else base64.b64decode(picture)
    return b""
