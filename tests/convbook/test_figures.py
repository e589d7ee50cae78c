"""The book's drawings: what must hold of each SVG that goes into a page."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from convbook import figures


def drawing(alt: str = "A grid.") -> figures.Drawing:
    figure, ax = figures.canvas(8, 5)
    figures.cells(ax, [[-2, 0.5], [0, 2]], (1, 1), name="grid")
    figures.padding(ax, (1, 1), 2, 2, 1)
    figures.block(ax, (4, 1), 2, 2, 1, role="output", label="8x28x28")
    figures.picture(ax, np.eye(4), (4, 3), 1, 1, grey=1.0)
    figures.arrow(ax, (3, 2), (4, 2))
    return figures.draw(figure, alt)


def test_the_same_drawing_gives_the_same_bytes():
    assert drawing().svg == drawing().svg


def test_every_colour_of_the_table_follows_the_theme():
    svg = drawing().svg
    for role, colour in figures.colours().items():
        assert svg.count(colour) == svg.count(f"var(--cb-{role}, {colour})")
    assert "var(--cb-input," in svg


def test_the_words_for_screen_readers_are_escaped():
    page = drawing('Larger than "5" & <smaller>')._repr_html_()
    assert 'role="img"' in page
    assert 'aria-label="Larger than &quot;5&quot; &amp; &lt;smaller&gt;"' in page


def test_two_drawings_on_a_page_share_no_id():
    first, second = (set(re.findall(r'\bid="([^"]+)"', drawing(alt).svg)) for alt in "ab")
    assert first
    assert not first & second


def test_every_reference_inside_a_drawing_has_its_target():
    svg = drawing().svg
    wanted = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    assert wanted
    assert wanted <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_a_drawing_leaves_no_style_for_the_rest_of_the_page():
    assert "<style" not in drawing().svg


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "3"),
        (-3.0, "\N{MINUS SIGN}3"),
        (0.777, "0.78"),
        (-1 / 9, "\N{MINUS SIGN}0.11"),
        (0, "0"),
    ],
)
def test_numbers_are_short_and_have_a_true_minus(value, words):
    figure, ax = figures.canvas(1, 1)
    figures.cells(ax, [[value]])
    assert f">{words}<" in figures.draw(figure, "One number.").svg


@pytest.mark.parametrize(("value", "colour"), [(2, "output"), (-2, "muted")])
def test_negative_numbers_are_grey_and_others_have_the_colour_of_their_role(value, colour):
    figure, ax = figures.canvas(1, 1)
    figures.cells(ax, [[value]], role="output")
    assert f"fill: var(--cb-{colour}," in figures.draw(figure, "One cell.").svg


def test_a_grey_picture_is_stored_as_grey():
    figure, ax = figures.canvas(1, 1)
    figures.picture(ax, np.arange(256, dtype=np.uint8).reshape(16, 16), (0, 0), 1, 1)
    (stored,) = re.findall(r"base64,([^\"]+)", figures.draw(figure, "A ramp.").svg)
    picture = Image.open(io.BytesIO(base64.b64decode(stored)))
    assert picture.mode == "L"
    ramp = np.arange(256).reshape(16, 16)
    assert np.abs(np.asarray(picture, dtype=int) - ramp).max() <= 1  # matplotlib rounds its greys
