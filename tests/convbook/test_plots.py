import io
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from convbook import figures, plots, style
from convbook.errors import ConvbookError
from convbook.training import Config, History, Result
from convbook.training.history import Epoch


def run(seed=0, epochs=4, offset=0.0):
    """A history with losses 2, 1, 2/3, … and accuracies 0.1, 0.2, …, all moved by `offset`."""
    return History(
        config=Config(epochs=epochs, batch_size=10, seed=seed),
        data={"source": "numbers", "fingerprint": "0", "n_train": 20, "n_test": 5},
        device="cpu",
        precision="float32",
        threads=1,
        versions={},
        commit=None,
        date="2026-01-01",
        batch_loss=[2.3 - 0.1 * i for i in range(2 * epochs)],
        batch_accuracy=[0.1] * (2 * epochs),
        epochs=[
            Epoch(e, 2 / e + offset, 0.1 * e, 2.5 / e + offset, 0.08 * e + offset / 10, 0.1, 1.0)
            for e in range(1, epochs + 1)
        ],
    )


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_train_is_dashed_and_test_solid_with_units_and_count():
    loss, accuracy = plots.curves(run()).axes
    assert lines(loss)["train, n = 1"].get_linestyle() == "--"
    assert lines(loss)["test, n = 1"].get_linestyle() == "-"
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "loss (nats)")
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert [t.get_text() for t in loss.get_legend().get_texts()] == ["train, n = 1", "test, n = 1"]


def test_the_numbers_drawn_are_those_of_the_run():
    loss, accuracy = plots.curves(run()).axes
    x, y = lines(loss)["test, n = 1"].get_data()
    assert list(x) == [1, 2, 3, 4]
    assert y == pytest.approx([2.5, 1.25, 2.5 / 3, 0.625])
    assert lines(accuracy)["train, n = 1"].get_ydata() == pytest.approx([10, 20, 30, 40])
    assert not loss.collections  # one run has no spread


def test_several_runs_are_a_mean_and_a_band_of_one_standard_deviation():
    runs = [run(seed, offset=offset) for seed, offset in enumerate((-0.3, 0.0, 0.3))]
    (loss,) = plots.curves(runs, columns=["loss"]).axes
    mean = lines(loss)["test, mean ± s.d., n = 3"].get_ydata()
    assert mean == pytest.approx([2.5, 1.25, 2.5 / 3, 0.625])
    band = loss.collections[1].get_paths()[0].vertices
    at_first_epoch = band[band[:, 0] == 1][:, 1]
    assert (at_first_epoch.min(), at_first_epoch.max()) == pytest.approx((2.2, 2.8))


def test_runs_of_other_lengths_are_compared_where_all_have_epochs():
    (loss,) = plots.curves([run(0, 4), run(1, 2)], columns=["loss"]).axes
    assert list(lines(loss)["test, mean ± s.d., n = 2"].get_xdata()) == [1, 2]


def test_a_recorded_result_is_drawn_as_its_runs():
    result = Result("q15", "title", "note", True, (0, 1), 4, (run(0), run(1)))
    assert "test, mean ± s.d., n = 2" in lines(plots.curves(result).axes[0])


def test_named_groups_have_their_names_and_colours_of_their_own():
    (loss,) = plots.curves({"plain": run(), "again": [run(0), run(1)]}, columns=["loss"]).axes
    drawn = lines(loss)
    assert set(drawn) == {
        *("plain: train, n = 1", "plain: test, n = 1"),
        *("again: train, mean ± s.d., n = 2", "again: test, mean ± s.d., n = 2"),
    }
    assert drawn["plain: test, n = 1"].get_color() == drawn["plain: train, n = 1"].get_color()
    assert drawn["plain: test, n = 1"].get_color() != loss.get_lines()[-1].get_color()


def test_the_names_of_several_groups_stand_above_the_curves():
    figure = plots.curves({"plain": run(), "again": run(1)})
    figure.savefig(io.BytesIO())  # which lays it out
    (legend,) = figure.legends
    assert [t.get_text().split(":")[0] for t in legend.get_texts()] == ["plain"] * 2 + ["again"] * 2
    assert all(ax.get_legend() is None for ax in figure.axes)
    assert legend.get_window_extent().y0 >= max(ax.get_window_extent().y1 for ax in figure.axes)


def test_one_epoch_is_visible_as_a_point():
    (loss,) = plots.curves(run(epochs=1), columns=["loss"]).axes
    assert all(line.get_marker() == "o" for line in loss.get_lines())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_comes_from_the_table(theme):
    figure = plots.curves(run(), theme=theme)
    table = style.colours(theme)
    ax = figure.axes[0]
    assert to_hex(figure.get_facecolor()) == table["bg"]
    assert to_hex(ax.yaxis.label.get_color()) == table["text"]
    assert {line.get_color() for line in ax.get_lines()} == {table["input"]}


def test_batches_stand_at_their_update_and_guessing_is_marked():
    history = replace(run(), every=2, batch_loss=[2.3, 2.1, 1.9, 1.7], batch_accuracy=[0.1] * 4)
    (ax,) = plots.batch_losses([history]).axes
    assert list(lines(ax)["seed 0"].get_xdata()) == [0, 2, 4, 6]
    assert lines(ax)["guessing: ln 10"].get_ydata()[0] == pytest.approx(np.log(10))


def test_the_first_epochs_of_batches_alone():
    (ax,) = plots.batch_losses(run(), epochs=1).axes
    assert lines(ax)["seed 0"].get_ydata() == pytest.approx([2.3, 2.2])


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plots.curves([]), "nothing"),
        (lambda: plots.curves({}), "without a finished epoch"),
        (lambda: plots.curves(replace(run(), epochs=[])), "without a finished epoch"),
        (lambda: plots.curves(["history.json"]), "str"),
        (lambda: plots.curves({str(i): run() for i in range(6)}), "6 groups"),
        (lambda: plots.curves(run(), columns=["lr"]), "'lr'"),
        (lambda: plots.curves(run(), theme="sepia"), "sepia"),
        (lambda: plots.images(np.zeros((2, 1, 4, 4))), r"shape \(2, 1, 4, 4\)"),
        (lambda: plots.images(np.zeros((0, 3, 4, 4))), r"shape \(0, 3, 4, 4\)"),
        (lambda: plots.images(np.zeros((2, 3, 4, 4)), ["one"]), "1 labels"),
        (lambda: plots.kernels(np.zeros((3, 5, 5))), r"its shape is \(O, C, kh, kw\)"),
        (lambda: plots.feature_maps(np.zeros((1, 3, 5, 5))), r"its shape is \(C, H, W\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, words):
    with pytest.raises(ConvbookError, match=words):
        draw()


def test_images_stand_upright_under_their_labels():
    pixels = np.zeros((3, 3, 4, 5), dtype=np.uint8)
    pixels[0, 0, 1, 2] = 255  # red, second row, third column
    figure = plots.images(pixels, ["a", "b", "c"], columns=2)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == ["a", "b", "c"]
    drawn = shown[0].images[0].get_array()
    assert drawn.shape == (4, 5, 3)
    assert list(drawn[1, 2]) == [255, 0, 0]


@pytest.mark.parametrize(
    ("figure", "panels"),
    [
        (lambda w: plots.kernels(w, rows=2, columns=2), 4),
        (lambda w: plots.feature_maps(w[0]), 3),
    ],
)
def test_signed_values_share_one_scale_centred_on_zero(figure, panels):
    weights = np.linspace(-1, 3, 4 * 3 * 2 * 2).reshape(4, 3, 2, 2)
    figure = figure(weights)
    scales = {image.get_clim() for ax in figure.axes[:-1] for image in ax.images}
    assert sum(len(ax.images) for ax in figure.axes[:-1]) == panels
    assert len(scales) == 1
    low, high = scales.pop()
    assert low == -high < 0


def test_zero_is_transparent_and_signs_have_the_table_s_hues():
    scale = style.diverging()
    assert scale(0.5)[3] < 0.01
    red, _, blue, alpha = scale(1.0)
    assert blue > red
    assert alpha == 1
    red, _, blue, alpha = scale(0.0)
    assert red > blue
    assert alpha == 1


def test_a_tensor_that_needs_a_gradient_is_drawn():
    import torch

    figure = plots.kernels(torch.nn.Conv2d(3, 2, 5).weight)
    assert isinstance(figure, Figure)


def test_a_figure_is_closed_for_pyplot_and_can_be_saved():
    figure = plots.curves(run())
    assert not pyplot.get_fignums()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")


def test_the_style_does_not_leak_into_the_reader_s_own_plots():
    before = dict(pyplot.rcParams)
    plots.curves(run())
    assert dict(pyplot.rcParams) == before


def test_both_themes_name_the_same_roles():
    assert style.colours("light").keys() == style.colours("dark").keys()
    assert set(style.CYCLE) <= set(style.colours())


@pytest.mark.parametrize("draw", [plots.curves, plots.batch_losses])
def test_on_a_page_every_colour_follows_the_theme(draw):
    svg = figures.draw(draw([run(0), run(1)]), "curves").svg
    assert "var(--cb-input, #" in svg
    fixed = re.sub(r"var\(--cb-[a-z]+, #[0-9a-f]{6}\)", "", svg)
    assert set(re.findall(r"(?:fill|stroke): *([#\w]+)", fixed)) <= {"none"}
