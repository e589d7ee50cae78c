"""Copy the third-party assets of the book from their npm packages: `python book/_sphinx/vendor.py`.

The result is committed in book/assets/vendor, with each licence, so that the book builds and reads
offline. Run it again only to change a version; it needs npm and its registry.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "assets" / "vendor"

# The version of KaTeX that sphinxcontrib-katex renders with: its style sheet must match.
KATEX = "katex@0.16.22"
FONTS = {
    "@fontsource-variable/source-serif-4@5.3.1": ("wght-normal", "wght-italic"),
    "@fontsource-variable/source-sans-3@5.3.0": ("wght-normal", "wght-italic"),
    "@fontsource-variable/source-code-pro@5.3.0": ("wght-normal",),
}


def unpack(package: str, folder: Path) -> Path:
    """Download one npm package at its version and return the folder of its files."""
    command = ["npm", "pack", "--silent", package]
    packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    archive = folder / packed.stdout.strip().splitlines()[-1]
    target = archive.with_suffix("")
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def vendor_katex(folder: Path) -> None:
    """Keep the style sheet and its fonts as woff2, which every browser of today reads."""
    source, target = unpack(KATEX, folder), VENDOR / "katex"
    shutil.rmtree(target, ignore_errors=True)
    (target / "fonts").mkdir(parents=True)
    css = (source / "dist" / "katex.min.css").read_text(encoding="utf-8")
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", css)
    css = css.replace("font-display:block", "font-display:swap")
    (target / "katex.min.css").write_text(css + "\n", encoding="utf-8")
    for font in (source / "dist" / "fonts").glob("*.woff2"):
        shutil.copy(font, target / "fonts")
    shutil.copy(source / "LICENSE", target)


def vendor_fonts(folder: Path) -> None:
    """Keep the Latin subset of each variable font."""
    target = VENDOR / "fonts"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for package, styles in FONTS.items():
        source = unpack(package, folder)
        name = package.split("/")[1].split("@")[0]
        for style in styles:
            shutil.copy(source / "files" / f"{name}-latin-{style}.woff2", target)
        shutil.copy(source / "LICENSE", target / f"LICENSE-{name}.txt")


def main() -> None:
    """Replace everything in book/assets/vendor."""
    with tempfile.TemporaryDirectory() as name:
        vendor_katex(Path(name))
        vendor_fonts(Path(name))
    print(f"{VENDOR} holds {KATEX} and {', '.join(FONTS)}")


if __name__ == "__main__":
    main()
