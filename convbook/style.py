"""The one look of every plot: its colours come from `style.json`, as those of the pages do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from convbook.errors import ConvbookError

TABLE = Path(__file__).with_name("style.json")

# Series that are compared take these roles' colours in turn, told apart in light and dark and by
# colour-blind readers; what they mean elsewhere (input, kernel, …) does not apply to curves.
CYCLE = ("input", "kernel", "output", "gradient", "muted")


@cache
def colours(theme: str = "light") -> dict[str, str]:
    """Return the colour of each role as "#rrggbb", in the theme "light" or "dark".

    Raises:
        ConvbookError: there is no such theme.
    """
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    if theme not in table:
        raise ConvbookError(
            "Choosing the colours of a plot.",
            got=f"theme {theme!r}",
            rule=f"the themes are {', '.join(table)}",
            next_step="name one of them",
        )
    return dict(table[theme])


@contextmanager
def use(theme: str = "light") -> Iterator[dict[str, str]]:
    """Draw in the book's style inside; gives the colours of the theme."""
    c = colours(theme)
    with mpl.rc_context(_settings(c)):
        yield c


def diverging() -> LinearSegmentedColormap:
    """Return the scale for values around 0: orange below, nothing at 0, blue above.

    Zero is transparent and the ends lie halfway between the light and the dark colour, so that
    one picture reads on both backgrounds.
    """
    low, high = (_between(colours("light")[r], colours("dark")[r]) for r in ("kernel", "input"))
    stops = [(*low, 1.0), (*low, 0.0), (*high, 0.0), (*high, 1.0)]
    return LinearSegmentedColormap.from_list(
        "convbook", list(zip((0.0, 0.5, 0.5, 1.0), stops, strict=True))
    )


def _between(one: str, other: str) -> tuple[float, float, float]:
    r, g, b = ((x + y) / 2 for x, y in zip(to_rgb(one), to_rgb(other), strict=True))
    return r, g, b


def _settings(c: dict[str, str]) -> Any:
    return {
        "figure.facecolor": c["bg"],
        "figure.dpi": 110,
        "savefig.facecolor": c["bg"],
        "axes.facecolor": "none",
        "axes.edgecolor": c["muted"],
        "axes.labelcolor": c["text"],
        "axes.titlecolor": c["text"],
        "axes.titlesize": "medium",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=[c[role] for role in CYCLE]),
        "grid.color": c["border"],
        "grid.linewidth": 0.6,
        "xtick.color": c["muted"],
        "ytick.color": c["muted"],
        "xtick.labelcolor": c["text"],
        "ytick.labelcolor": c["text"],
        "text.color": c["text"],
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "hatch.color": c["padding"],
        "image.interpolation": "none",
        "font.size": 10,
    }
