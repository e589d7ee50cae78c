"""How pages are made: templates in the colours of the book, in which every text is escaped."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

import convbook

TEMPLATES = Path(__file__).with_name("templates")
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # colours and the like, for terminals
_REWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n\r])", re.MULTILINE)  # a progress bar, line over line
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def render(template: str, **values: object) -> str:
    """Return a page made from a template."""
    return _environment().get_template(template).render(**values)


def readable(text: str) -> str:
    """Return what a terminal would show of a text: no control characters, progress bars once."""
    return _CONTROLS.sub("", _REWRITTEN.sub("", _ESCAPES.sub("", text)))


def sentence(text: str) -> str:
    """Return a text as a sentence: with a capital, and one full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def points(number: float | None) -> str:
    """Return a number of points, without zeros that say nothing; a dash where there are none."""
    return "\N{EN DASH}" if number is None else f"{round(float(number), 2):g}"


def _variables(colours: dict[str, str]) -> Markup:
    """Return colours as variables of CSS."""
    return Markup(" ".join(f"--cb-{name}: {value};" for name, value in colours.items()))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"points": points, "readable": readable, "sentence": sentence}
    style = Path(convbook.__file__).with_name("style.json")
    colours = json.loads(style.read_text(encoding="utf-8"))
    environment.globals["colours"] = {mode: _variables(colours[mode]) for mode in ("light", "dark")}
    return environment
