"""The command line of the autograder: `python -m autograder COMMAND …`.

A command is a module with `add_arguments(parser)` and `run(args) -> int`. Only the module of
the command that was asked for is imported, so that each starts at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from convbook.errors import ConvbookError

# name -> (module, what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("autograder.build.command", "make the exercises from solutions/"),
    "handout": ("autograder.build.handout", "pack what students get into one zip"),
    "course": ("autograder.new_course", "make another course folder: a second class, a new year"),
    "grade": ("autograder.grade", "mark what was handed in for a practical"),
    "mark": ("autograder.mark", "mark one submission into one file, without a gradebook"),
    "feedback": ("autograder.pages.report", "write the pages again, with what was marked by hand"),
    "formgrader": (
        "autograder.formgrader",
        "mark written answers by hand, in nbgrader's formgrader",
    ),
    "doctor": ("autograder.doctor", "try what protects this machine from student code"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 an error that was explained."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="python -m autograder", description=(__doc__ or "").splitlines()[0]
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if arguments[:1] == [name]:
            _module(module).add_arguments(subparser)
    args = parser.parse_args(arguments)
    try:
        return int(import_module(COMMANDS[args.command][0]).run(args))
    except ConvbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _module(name: str) -> ModuleType:
    """Load the module of a command, or say that its packages are somewhere else."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("autograder", "convbook"):
            raise
        sys.exit(
            f"error: Loading the grader.\n  got: no package {error.name!r} for {sys.executable}\n"
            "  rule: its packages are in the environment .venv of this repository\n"
            "  next: run `make setup` once, then `. .venv/bin/activate` in each new terminal"
        )


if __name__ == "__main__":
    sys.exit(main())
