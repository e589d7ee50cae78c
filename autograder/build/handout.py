"""`python -m autograder handout`: pack what students get, and nothing else, into one zip.

The zip holds the exercise notebooks, a wheel of convbook, and how to install it. Solutions, hidden
cases and references stay with the instructor.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from autograder.build.command import ROOT, built, write
from autograder.questions import ASSIGNMENTS
from convbook import __version__
from convbook.errors import BuildError

EPOCH = 315532800  # 1980-01-01, the first day that a zip can tell: the same bytes on every day
FOLDER = f"convbook-{__version__}"


def pack(root: Path = ROOT, target: Path | None = None) -> Path:
    """Write the handout and return its path, `dist/convbook-handout-VERSION.zip` by default.

    Raises:
        BuildError: the wheel cannot be built.
    """
    target = target or root / "dist" / f"convbook-handout-{__version__}.zip"
    texts: dict[Path, str] = {}
    for name in ASSIGNMENTS:
        texts |= built(name, root)
    with tempfile.TemporaryDirectory() as folder:
        readme_template = Path(__file__).with_name("handout.md").read_text(encoding="utf-8")
        pins = _pins(root)
        wheel_name = f"convbook-{__version__}-py3-none-any.whl"
        readme = readme_template.format(version=__version__, wheel=wheel_name, **pins)
        cases = {path: text for path, text in texts.items() if path.parts[0] == "convbook"}
        wheel = _wheel(root, Path(folder), readme, cases)
        files = {"README.md": readme.encode(), wheel.name: wheel.read_bytes()}
        files |= {
            path.as_posix(): text.encode()
            for path, text in texts.items()
            if path.parts[0] == "exercises"
        }
        _zip(files, target)
    return target


def _pins(root: Path) -> dict[str, str]:
    """Return the pinned versions of torch and torchvision."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pairs = (entry.split("==") for entry in project["dependencies"] if "==" in entry)
    return {name: version for name, version in pairs if name in ("torch", "torchvision")}


def _wheel(root: Path, folder: Path, readme: str, cases: dict[Path, str]) -> Path:
    """Build the wheel in a copy that holds convbook alone, so that nothing else can get in."""
    project = folder / "project"
    shutil.copytree(
        root / "convbook", project / "convbook", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(root / name, project / name)
    (project / "README.md").write_text(readme, encoding="utf-8")
    write(cases, project)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir"]
    done = subprocess.run(
        [*command, str(folder), str(project)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)},
    )
    if done.returncode:
        raise BuildError(
            "Building the wheel of convbook.",
            got="\n".join((done.stdout + done.stderr).splitlines()[-5:]),
            rule="python -m build must succeed on the package alone",
            next_step="install the development tools, then correct what the message says",
        )
    return next(folder.glob("*.whl"))


def _zip(files: dict[str, bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    part.replace(target)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--output", type=Path, help="the zip to write")


def run(args: argparse.Namespace) -> int:
    """Pack the handout and say where it is."""
    path = pack(target=args.output)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
