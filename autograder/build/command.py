"""`python -m autograder build [PRACTICAL …]`: make the exercises from solutions/."""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.build import public_cases
from autograder.build.release import release_notebook
from autograder.build.source import read_file
from autograder.build.steps import source_notebook
from autograder.questions import ASSIGNMENTS, assignment

ROOT = Path(__file__).parents[2]


def built(name: str, root: Path = ROOT) -> dict[Path, str]:
    """Return what a practical's source makes: each file's path, relative to the root, and text.

    Args:
        name: of the practical.
        root: the folder that holds `solutions/`.

    Raises:
        BuildError: a mistake in the source.
        GradingError: there is no such practical.
    """
    questions = assignment(name)
    source = source_notebook(read_file(root / "solutions" / name / f"{name}.md"), questions)
    notebook = f"{name}/{name}.ipynb"
    files = {
        Path("source") / notebook: _text(source),
        Path("exercises") / notebook: _text(release_notebook(source)),
    }
    for question in questions:
        path = Path(f"convbook/check/cases/{question.id}.json")
        files[path] = public_cases.render(question)
    return files


def _text(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook)) + "\n"


def write(files: dict[Path, str], root: Path = ROOT) -> list[Path]:
    """Write the files that differ from what is there; return their paths."""
    changed = [path for path, text in files.items() if _read(root / path) != text]
    for path in changed:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.write_text(files[path], encoding="utf-8", newline="\n")
        part.replace(target)  # a reader never sees half a file
    return changed


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("practical", nargs="*", help=f"of {', '.join(ASSIGNMENTS)}; default: all")


def run(args: argparse.Namespace) -> int:
    """Build the practicals and say what changed."""
    for name in args.practical or ASSIGNMENTS:
        files = built(name)
        changed = write(files)
        print(f"{name}: {len(files)} files built, {len(changed)} changed")
        for path in changed:
            print(f"  {path}")
    return 0
