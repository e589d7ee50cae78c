"""Drawings of the book: grids of numbers, blocks of channels, windows, pictures.

A drawing leaves as SVG inside the page. Its colours are written as CSS properties, so that one
drawing follows the light and the dark theme. Positions are in cells: x to the right, y down.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle
from PIL import Image

STRONGEST = 0.55  # opacity of the largest value: a number on it stays readable in both themes
SMALLEST = 0.7  # of a drawing's size: on a narrow screen it scrolls rather than become unreadable
FONT = "var(--pst-font-family-base, sans-serif)"
MONO = "var(--pst-font-family-monospace, monospace)"
MINUS = "\N{MINUS SIGN}"
Point = tuple[float, float]


@cache
def colours() -> dict[str, str]:
    """Return the light colour (hex) of each role: input, kernel, output, text and so on."""
    table = json.loads(Path(__file__).with_name("style.json").read_text(encoding="utf-8"))
    return dict(table["light"])


class Drawing:
    """A finished figure that shows itself as SVG, with its text for screen readers."""

    def __init__(self, svg: str, alt: str) -> None:
        self.svg = svg
        self.alt = alt

    def __repr__(self) -> str:
        return f"Drawing: {self.alt}"

    def _repr_html_(self) -> str:
        return f'<div class="cb-figure" style="overflow-x:auto">{self.svg}</div>'


def canvas(width: float, height: float, *, cell: float = 0.36) -> tuple[Figure, Axes]:
    """Return a figure `width` by `height` cells large, and its axes; `cell` is in inches."""
    figure = Figure(figsize=(width * cell, height * cell))
    figure.patch.set_visible(False)
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.axis("off")
    return figure, ax


def chart(width: float, height: float, *, columns: int = 1) -> tuple[Figure, Any]:
    """Return a figure in inches with plain axes: no frame above or right, muted ticks."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_visible(False)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    c = colours()
    for ax in axes:
        ax.patch.set_visible(False)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(c["muted"])
        ax.tick_params(colors=c["muted"], labelcolor=c["text"])
        for label in (ax.xaxis.label, ax.yaxis.label, ax.title):
            label.set_color(c["text"])
    return figure, axes[0] if columns == 1 else axes


def _number(value: float) -> str:
    if float(value).is_integer():
        return f"{int(value)}".replace("-", MINUS)
    return f"{value:.2f}".replace("-", MINUS)


def cells(
    ax: Axes,
    values: Any,
    at: Point = (0, 0),
    *,
    role: str = "input",
    scale: float | None = None,
    numbers: bool = True,
    size: float = 10,
    name: str = "",
) -> None:
    """Draw a 2-D array as a grid whose corner is `at`, as the widgets do.

    Positive values are filled with the colour of `role`, negative ones with grey, the more opaque
    the nearer to `scale` (default: the largest absolute value).
    """
    grid = np.atleast_2d(np.asarray(values, dtype=float))
    c, (x0, y0) = colours(), at
    top = scale or float(np.abs(grid).max()) or 1.0
    for (row, column), value in np.ndenumerate(grid):
        opacity = STRONGEST * min(abs(value) / top, 1.0)
        fill = mpl.colors.to_rgba(c[role] if value >= 0 else c["muted"], opacity)
        x, y = x0 + column, y0 + row
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=c["border"], lw=0.6))
        if numbers:
            write(ax, (x + 0.5, y + 0.5), _number(value), size=size)
    outline(ax, at, grid.shape[0], grid.shape[1], role=role, lw=1.6)
    if name:
        write(ax, (x0 + grid.shape[1] / 2, y0 - 0.5), name, role=role, size=size + 1)


def outline(
    ax: Axes, at: Point, rows: float, columns: float, *, role: str = "kernel", lw: float = 2.4
) -> None:
    """Draw the outline of a window: `rows` by `columns` cells, its corner at `at`."""
    ax.add_patch(
        Rectangle(at, columns, rows, facecolor="none", edgecolor=colours()[role], lw=lw, zorder=3)
    )


def padding(ax: Axes, at: Point, rows: int, columns: int, width: int) -> None:
    """Draw hatched cells `width` deep around a grid of `rows` by `columns` cells at `at`."""
    c, (x0, y0) = colours(), at
    for row in range(-width, rows + width):
        for column in range(-width, columns + width):
            if 0 <= row < rows and 0 <= column < columns:
                continue
            ax.add_patch(
                Rectangle(
                    (x0 + column, y0 + row), 1, 1, facecolor="none", hatch="////", lw=0.6,
                    edgecolor=c["padding"],
                )
            )  # fmt: skip


def block(
    ax: Axes, at: Point, width: float, height: float, depth: float, *, role: str, label: str
) -> None:
    """Draw a tensor as a block seen from the front, its shape (C, H, W) written below."""
    colour, (x, y), lean = colours()[role], at, 0.35 * depth
    faces = (
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height)],
        [(x, y), (x + lean, y - lean), (x + width + lean, y - lean), (x + width, y)],
        [(x + width, y), (x + width + lean, y - lean), (x + width + lean, y + height - lean),
         (x + width, y + height)],
    )  # fmt: skip
    for face, opacity in zip(faces, (0.28, 0.14, 0.4), strict=True):
        fill = mpl.colors.to_rgba(colour, opacity)
        ax.add_patch(Polygon(face, facecolor=fill, edgecolor=colour, lw=1.2))
    write(ax, (x + width / 2, y + height + 0.6), label, mono=True)


def picture(
    ax: Axes, pixels: Any, at: Point, width: float, height: float, *, grey: float | None = None
) -> None:
    """Draw an image: (H, W, 3) bytes as colours, (H, W) numbers from black to white."""
    x, y = at
    low, high = (None, None) if grey is None else (-grey, grey)
    sides = (x, x + width, y + height, y)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(pixels, cmap="gray", extent=sides, interpolation="none", vmin=low, vmax=high)
    ax.set(xlim=limits[0], ylim=limits[1])


def arrow(ax: Axes, start: Point, end: Point, *, role: str = "muted") -> None:
    """Draw an arrow between two points."""
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colours()[role])
    )


def write(
    ax: Axes,
    at: Point,
    words: str,
    *,
    role: str = "text",
    size: float = 10,
    mono: bool = False,
    align: str = "center",
) -> None:
    """Write words centred on a point (or starting there: `align="left"`)."""
    family = "monospace" if mono else "sans-serif"
    ax.text(*at, words, color=colours()[role], fontsize=size, family=family, ha=align, va="center")


def draw(figure: Figure, alt: str) -> Drawing:
    """Return the figure as SVG for the page, `alt` saying in words what it shows."""
    salt = hashlib.sha256(alt.encode()).hexdigest()[:12]  # ids of two drawings must differ
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return Drawing(_for_page(buffer.getvalue(), alt, salt), alt)


def _smaller(png: str) -> str:
    """Store a picture (base64) without the channels that it does not use."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")
    red, green, blue, alpha = (np.asarray(band) for band in picture.split())
    if alpha.min() < 255:
        return png
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    buffer = io.BytesIO()
    picture.convert("L" if grey else "RGB").save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _for_page(svg: str, alt: str, salt: str) -> str:
    svg = svg[svg.index("<svg") :]
    for unwanted in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->"):
        svg = re.sub(unwanted, "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'(id="|href="#)([A-Za-z])', rf"\1c{salt}\2", svg)
    svg = svg.replace("url(#", f"url(#c{salt}")
    svg = re.sub(
        r' width="([\d.]+)pt" height="[\d.]+pt"',
        lambda m: (
            f' role="img" aria-label="{html.escape(alt)}"'
            f' style="width:100%;min-width:{SMALLEST * float(m[1]) / 72:.2f}in;'
            f'max-width:{float(m[1]) / 72:.2f}in;height:auto"'
        ),
        svg,
        count=1,
    )
    svg = re.sub(
        r"font-family: ([^;\"]+)",
        lambda m: f"font-family: {MONO if 'Mono' in m[1] else FONT}",
        svg,
    )
    svg = re.sub(r"(?<=data:image/png;base64,)[^\"]+", lambda m: _smaller(m[0]), svg)
    for role, colour in colours().items():
        svg = svg.replace(colour, f"var(--cb-{role}, {colour})")
    return re.sub(r"\s*\n\s*", " ", svg)
