"""Curves of training and pictures of tensors, in the book's style.

Each function returns a matplotlib figure. As the value of a notebook's cell it shows itself;
`figure.savefig("curves.png")` keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from convbook import style
from convbook.errors import ConvbookError
from convbook.texts import text
from convbook.training.history import History
from convbook.training.result import Result

Runs = History | Sequence[History] | Result
Array = npt.NDArray[Any]

DASHES = {"train": (0, (4, 2)), "test": "-"}
UNIT = {"loss": 1.0, "accuracy": 100.0}  # accuracies are shares, shown in per cent
TILE = 1.1  # inches, the side of one picture in a grid
BAR = 0.9  # inches, for a bar of colours and its numbers


def curves(
    runs: Runs | Mapping[str, Runs],
    *,
    columns: Sequence[str] = ("loss", "accuracy"),
    theme: str = "light",
) -> Figure:
    """Plot training (dashed) and test (solid) against the epoch.

    Several runs of one configuration are drawn as their mean with a band of one standard
    deviation on each side, over the epochs that all of them have; n in the legend counts them.

    Args:
        runs: a history, several, a recorded result, or a name for each of such to compare them.
        columns: what to plot side by side, out of "loss" and "accuracy".
        theme: "light" or "dark".

    Raises:
        ConvbookError: there is no finished epoch to draw, or a column is unknown.
    """
    groups = _groups(runs)
    _check_columns(columns)
    with style.use(theme) as c:
        figure, axes = _panels(1, len(columns), width=4.6, height=3.2 if len(groups) == 1 else 3.7)
        for ax, column in zip(axes[0], columns, strict=True):
            for role, (name, histories) in zip(style.CYCLE, groups.items(), strict=False):
                for part in ("train", "test"):
                    _curve(ax, histories, f"{part}_{column}", name, c[role])
            ax.set(xlabel=text("plots.epoch"), ylabel=text(f"plots.{column}"))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if len(groups) == 1:
            axes[0, 0].legend()
        else:  # too much to lie over the curves
            lines = axes[0, 0].get_legend_handles_labels()
            figure.legend(*lines, loc="outside upper center", ncols=len(groups))
    return figure


def batch_losses(
    runs: Runs, *, epochs: int | None = None, classes: int = 10, theme: str = "light"
) -> Figure:
    """Plot the loss of single batches, each before its update, against the number of updates.

    Args:
        runs: a history, several, or a recorded result; one line each.
        epochs: how many of the first epochs to draw; None draws all.
        classes: a dotted line marks ln(classes), the loss of answering at random.
        theme: "light" or "dark".

    Raises:
        ConvbookError: there is no finished epoch to draw.
    """
    (histories,) = _groups({"": runs}).values()
    with style.use(theme) as c:
        figure, axes = _panels(1, 1, width=7.0, height=3.2)
        ax = axes[0, 0]
        for role, history in zip(cycle(style.CYCLE), histories, strict=False):
            losses = history.until(epochs or len(history.epochs)).batch_loss
            updates = np.arange(len(losses)) * history.every
            label = text("plots.seed", seed=history.config.seed)
            ax.plot(updates, losses, color=c[role], linewidth=1.0, label=label)
        label = text("plots.chance", classes=classes)
        ax.axhline(float(np.log(classes)), color=c["text"], linestyle=":", label=label)
        ax.set(xlabel=text("plots.updates"), ylabel=text("plots.loss_of_batch"))
        ax.legend(ncols=2)
    return figure


def images(
    pixels: Any, labels: Sequence[str] | None = None, *, columns: int = 8, theme: str = "light"
) -> Figure:
    """Show pictures in a grid.

    Args:
        pixels: (N, 3, H, W), bytes or numbers in [0, 1].
        labels: a title for each.
        columns: pictures in a row.
        theme: "light" or "dark".

    Raises:
        ConvbookError: the shape is another, or labels and pictures differ in number.
    """
    array = _array(pixels, "(N, 3, H, W)", ndim=4)
    if array.shape[1] != 3 or not len(array):
        _refuse("Showing images.", f"shape {array.shape}", "images are (N, 3, H, W), N at least 1")
    if labels is not None and len(labels) != len(array):
        _refuse("Showing images.", f"{len(labels)} labels", f"one for each of {len(array)} images")
    with style.use(theme):
        figure, axes = _tiles(len(array), columns, titled=labels is not None)
        for i, (ax, picture) in enumerate(zip(axes, array, strict=False)):
            ax.imshow(picture.transpose(1, 2, 0))
            ax.spines[:].set_visible(False)
            ax.set_title(labels[i] if labels is not None else "", fontsize="small")
    return figure


def kernels(weights: Any, *, rows: int = 8, columns: int = 8, theme: str = "light") -> Figure:
    """Show kernels: a row for each filter, a column for each input channel, zero transparent.

    Args:
        weights: (O, C, kh, kw), such as `model.conv1.weight`.
        rows: filters shown at most.
        columns: input channels shown at most.
        theme: "light" or "dark".

    Raises:
        ConvbookError: the shape is another.
    """
    array = _array(weights, "(O, C, kh, kw)", ndim=4)[:rows, :columns]
    with style.use(theme):
        figure, axes = _panels(
            len(array), array.shape[1], width=TILE, height=TILE, layout="compressed", beside=BAR
        )
        _signed(figure, list(axes.flat), list(array.reshape(-1, *array.shape[2:])))
        for i, ax in enumerate(axes[:, 0]):
            ax.set_ylabel(text("plots.filter", i=i), fontsize="small")
        for j, ax in enumerate(axes[0]):
            ax.set_title(text("plots.channel", i=j), fontsize="small")
    return figure


def feature_maps(maps: Any, *, columns: int = 8, theme: str = "light") -> Figure:
    """Show the maps of one image, all on one scale centred on 0.

    Args:
        maps: (C, H, W), such as `model.conv1(x)[0]`.
        columns: maps in a row.
        theme: "light" or "dark".

    Raises:
        ConvbookError: the shape is another.
    """
    array = _array(maps, "(C, H, W)", ndim=3)
    with style.use(theme):
        figure, axes = _tiles(len(array), columns, titled=True, beside=BAR)
        _signed(figure, axes, list(array))
        for i, ax in enumerate(axes):
            ax.set_title(text("plots.channel", i=i), fontsize="small")
    return figure


def _groups(runs: Runs | Mapping[str, Runs]) -> dict[str, list[History]]:
    named = runs if isinstance(runs, Mapping) else {"": runs}
    groups = {name: _histories(group) for name, group in named.items()}
    if not groups or not all(h.epochs for group in groups.values() for h in group):
        _refuse("Plotting runs.", "a run without a finished epoch", "curves need one at least")
    if len(groups) > len(style.CYCLE):
        _refuse("Plotting runs.", f"{len(groups)} groups", f"at most {len(style.CYCLE)}")
    return groups


def _histories(runs: Runs) -> list[History]:
    if isinstance(runs, History):
        return [runs]
    histories = list(runs.runs if isinstance(runs, Result) else runs)
    if not histories or not all(isinstance(history, History) for history in histories):
        got = ", ".join(type(history).__name__ for history in histories) or "nothing"
        _refuse("Plotting runs.", got, "runs are histories of convbook.training.fit")
    return histories


def _check_columns(columns: Sequence[str]) -> None:
    if not columns or not set(columns) <= set(UNIT):
        _refuse("Plotting runs.", f"columns {tuple(columns)}", f"columns are {tuple(UNIT)}")


def _curve(ax: Axes, histories: list[History], column: str, name: str, colour: str) -> None:
    part, quantity = column.split("_")
    length = min(len(history.epochs) for history in histories)
    values = np.array([history.column(column)[:length] for history in histories])  # (runs, epochs)
    values = values * UNIT[quantity]
    mean, epochs = values.mean(axis=0), np.arange(1, length + 1)
    n = len(histories)
    label = text(
        "plots.one_run" if n == 1 else "plots.several_runs", part=text(f"plots.{part}"), n=n
    )
    marker = "o" if length == 1 else ""
    ax.plot(
        epochs,
        mean,
        color=colour,
        linestyle=DASHES[part],
        marker=marker,
        label=f"{name}: {label}" if name else label,
    )
    if n > 1:
        spread = values.std(axis=0, ddof=1)
        ax.fill_between(epochs, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)


def _signed(figure: Figure, axes: list[Axes], arrays: list[Array]) -> None:
    """Draw 2-D arrays on one diverging scale and add its bar."""
    top = max(float(np.abs(array).max()) for array in arrays) or 1.0
    for ax, array in zip(axes, arrays, strict=True):
        drawn = ax.imshow(array, cmap=style.diverging(), vmin=-top, vmax=top)
        ax.spines[:].set_visible(True)
        _bare(ax)
    figure.colorbar(drawn, ax=axes, pad=0.02, aspect=30).outline.set_visible(False)


def _tiles(n: int, columns: int, *, titled: bool, beside: float = 0.0) -> tuple[Figure, list[Axes]]:
    """Return a figure with `n` square panels without ticks, and room `beside` them (inches)."""
    columns = min(n, columns)
    rows = -(-n // columns)
    height = TILE * (1.25 if titled else 1.0)
    figure, axes = _panels(
        rows, columns, width=TILE, height=height, layout="compressed", beside=beside
    )
    for ax in axes.flat:
        _bare(ax)
    for ax in list(axes.flat)[n:]:
        ax.set_visible(False)
    return figure, list(axes.flat)[:n]


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def _panels(
    rows: int,
    columns: int,
    *,
    width: float,
    height: float,
    layout: str = "constrained",
    beside: float = 0.0,
) -> tuple[Figure, Any]:
    """Return a figure with panels `width` by `height` inches, and its axes (rows, columns).

    The figure is closed for pyplot: a notebook would show it twice, and a loop pile them up.
    """
    size = (width * columns + beside, height * rows)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout=layout)
    pyplot.close(figure)
    return figure, axes


def _array(values: Any, shape: str, *, ndim: int) -> Array:
    """Return a tensor or an array as numpy, which must have `ndim` axes."""
    detached = values.detach().cpu() if hasattr(values, "detach") else values
    array = np.asarray(detached)
    if array.ndim != ndim or 0 in array.shape:
        _refuse("Showing a tensor.", f"shape {array.shape}", f"its shape is {shape}")
    return array


def _refuse(asked: str, got: str, rule: str) -> None:
    raise ConvbookError(asked, got=got, rule=rule, next_step="give what the rule says")
