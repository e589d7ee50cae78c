"""The templates, style sheets and scripts of every page, and what of the theme's is left out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

TEMPLATES = Path(__file__).resolve().parent / "templates"
# What the theme copies into every book and no page of this one asks for.
UNUSED = (
    "scripts/bootstrap.js*",
    "scripts/fontawesome.js*",
    "vendor/fontawesome",
    "scripts/*.map",
    "styles/*.map",
)
ICON_RULES = re.compile(
    r"(?<=[{}])[^{}@]*\.fa[-bsrdl][^{}]*\{[^{}]*\}|@font-face\{[^{}]*Font ?Awesome[^{}]*\}"
)


def configure(app: Sphinx, config: Config) -> None:  # noqa: ARG001
    """Put our templates before the theme's."""
    config.templates_path.insert(0, str(TEMPLATES))


def trim(app: Sphinx, error: Exception | None) -> None:
    """Take the icon font and its thousands of rules out of the built book."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    sheet.write_text(ICON_RULES.sub("", sheet.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Link our style sheets and scripts from every page."""
    app.connect("config-inited", configure)
    app.connect("build-finished", trim)
    app.add_css_file("css/fonts.css", priority=650)
    app.add_css_file("css/book.css", priority=750)
    app.add_css_file("css/icons.css", priority=760)
    app.add_js_file("js/book.js", loading_method="defer")
    app.add_js_file("js/widgets.js", loading_method="defer")
