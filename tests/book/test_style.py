"""The one table of colours: readable, told apart by every eye, and the only colours there are."""

import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "convbook" / "style.json").read_text())
ROLES = ("input", "kernel", "output", "gradient")
WORDS = ("text", "muted", "focus", *ROLES)
MARKS = ("padding", *WORDS)
# Machado, Oliveira, Fernandes (2009), severity 1: linear RGB as the eye without one cone sees it.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
       [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour):
    """Linear RGB of "#rrggbb", each 0 to 1."""
    channels = np.array([*bytes.fromhex(colour[1:])]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG contrast, 1 to 21."""
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(colour, eye):
    """CIE L*a*b* of a colour as an eye sees it."""
    seen = np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)
    ratio = np.array(XYZ) @ seen / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface"])
def test_words_and_marks_stand_out(mode, ground):
    colours = TABLE[mode]
    ratios = {name: contrast(colours[name], colours[ground]) for name in MARKS}
    assert {name: ratio for name, ratio in ratios.items() if ratio < 3} == {}
    assert {name: ratios[name] for name in WORDS if ratios[name] < 4.5} == {}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_every_eye_tells_the_roles_apart(mode, eye):
    for one, other in itertools.combinations(ROLES, 2):
        distance = np.linalg.norm(lab(TABLE[mode][one], eye) - lab(TABLE[mode][other], eye))
        assert distance > 15, (one, other)


def test_both_modes_name_the_same_colours():
    assert list(TABLE["light"]) == list(TABLE["dark"])
    assert all(
        re.fullmatch("#[0-9a-f]{6}", value) for mode in TABLE.values() for value in mode.values()
    )


def test_the_style_sheet_gives_every_colour_in_both_modes(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "book" / "_sphinx")])
    from convbook_sphinx.colours import style_sheet

    sheet = style_sheet()
    for mode in TABLE.values():
        for name, value in mode.items():
            assert f"--cb-{name}: {value};" in sheet


@pytest.mark.parametrize("path", sorted((ROOT / "book" / "assets" / "css").glob("*.css")), ids=str)
def test_style_sheets_name_only_colours_of_the_table(path):
    text = path.read_text()
    ours = set(re.findall(r"(--cb-[a-z]+):", text))
    assert (
        set(re.findall(r"var\((--cb-[a-z]+)", text)) <= {f"--cb-{n}" for n in TABLE["light"]} | ours
    )
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, ])|rgba?\(", text) == []
