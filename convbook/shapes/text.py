"""A table of rows as plain text, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Literal

from convbook.errors import ShapeError

if TYPE_CHECKING:
    from convbook.shapes.tables import Row

HEADER = ("layer", "kind", "output", "weights", "biases", "parameters", "MACs", "field", "jump")
TIMES = "\N{MULTIPLICATION SIGN}"
LEFT = 3  # the first columns are words and shapes, set left; the others are numbers, set right


def format_table(rows: Iterable[Row], style: Literal["text", "markdown", "html"] = "text") -> str:
    """Return the rows and their totals, thousands with commas.

    Args:
        rows: what `table` returned, or some of its rows.
        style: "text" for print, "markdown" or "html".

    Raises:
        ShapeError: no such style.
    """
    rows = tuple(rows)
    cells = [HEADER, *map(_cells, rows), _totals(rows)]
    if style == "text":
        return _text(cells)
    if style == "markdown":
        return _markdown(cells)
    if style == "html":
        return _html(cells)
    raise ShapeError(
        "Formatting a table.",
        got=f"style={style!r}",
        rule='the styles are "text", "markdown" and "html"',
        next_step="choose one of them",
    )


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.weights, row.biases, row.parameters, row.macs)
    sizes = (row.receptive_field, row.jump)
    return (
        row.name,
        row.kind,
        TIMES.join(map(str, row.output_shape)),
        *(f"{number:,}" for number in numbers),
        *(str(size) if isinstance(size, int) else TIMES.join(map(str, size)) for size in sizes),
    )


def _totals(rows: tuple[Row, ...]) -> tuple[str, ...]:
    sums = [
        sum(getattr(row, column) for row in rows)
        for column in ("weights", "biases", "parameters", "macs")
    ]
    return ("total", "", "", *(f"{number:,}" for number in sums), "", "")


def _text(cells: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i < LEFT else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _markdown(cells: list[tuple[str, ...]]) -> str:
    rule = [":--" if i < LEFT else "--:" for i in range(len(HEADER))]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html(cells: list[tuple[str, ...]]) -> str:
    head, *body = [
        "".join(
            f'<{tag} style="text-align: {"left" if i < LEFT else "right"}">{escape(cell)}</{tag}>'
            for i, cell in enumerate(line)
        )
        for tag, line in zip(["th"] + ["td"] * (len(cells) - 1), cells, strict=True)
    ]
    rows = "".join(f"<tr>{line}</tr>" for line in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
