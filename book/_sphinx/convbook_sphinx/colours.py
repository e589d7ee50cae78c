"""The table of colours, convbook/style.json, as the custom properties `--cb-NAME`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SHEET = "css/colours.css"


def table() -> dict[str, dict[str, str]]:
    """Return `{"light": {name: "#rrggbb"}, "dark": {…}}`."""
    text = (files("convbook") / "style.json").read_text(encoding="utf-8")
    return {mode: dict(json.loads(text)[mode]) for mode in ("light", "dark")}


def style_sheet() -> str:
    """Return the CSS that gives every colour its value, in the light and in the dark."""
    light, dark = (
        "".join(f"  --cb-{name}: {value};\n" for name, value in colours.items())
        for colours in table().values()
    )
    # Without JavaScript the theme leaves data-theme at "auto": then the reader's system decides.
    return (
        "/* Generated from convbook/style.json */\n"
        f":root {{\n{light}}}\n"
        f'html[data-theme="dark"] {{\n{dark}}}\n'
        f"@media (prefers-color-scheme: dark) {{\n"
        f'html:not([data-theme="light"], [data-theme="dark"]) {{\n{dark}}}\n}}\n'
        f"@media print {{\nhtml[data-theme] {{\n{light}}}\n}}\n"
    )


def write(app: Sphinx) -> None:
    """Put the sheet among the built static files, touching it only when it changes."""
    if app.builder.format != "html":
        return
    target, content = Path(app.outdir) / "_static" / SHEET, style_sheet()
    if not target.exists() or target.read_text(encoding="utf-8") != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Write the sheet at the start of a build and link it from every page."""
    app.connect("builder-inited", write)
    app.add_css_file(SHEET, priority=700)
