"""The command line of the autograder: `python -m autograder COMMAND …`.

A command is a module with `add_arguments(parser)` and `run(args) -> int`. Only the module of
the command that was asked for is imported, so that each starts at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from convbook.errors import ConvbookError

# name -> (module, what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("autograder.build.command", "make the exercises from solutions/"),
    "handout": ("autograder.build.handout", "pack what students get into one zip"),
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
            import_module(module).add_arguments(subparser)
    args = parser.parse_args(arguments)
    try:
        return int(import_module(COMMANDS[args.command][0]).run(args))
    except ConvbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
