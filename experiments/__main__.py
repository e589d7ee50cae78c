"""Train and record the book's experiments.

`list` names them, `run NAME` trains every seed or goes on training it and records as it goes,
`record NAME` writes the result file from the runs there are, finished or not. Several `run`s may
work side by side on different seeds; give each its own `--results` and `record` them together.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from convbook.data import cifar10
from convbook.errors import ConvbookError
from experiments.ladder import EXPERIMENTS
from experiments.runner import Plan, run

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for experiment in EXPERIMENTS.values():
            print(f"{experiment.name}: {experiment.title}")
        return 0
    try:
        if options.threads:
            torch.set_num_threads(options.threads)
        plan = Plan(
            EXPERIMENTS[options.name],
            seeds=options.seeds,
            epochs=options.epochs,
            source=options.data_name,
            runs_folder=options.runs,
            results_folder=options.results,
            remark=options.remark,
        )
        result = plan.record() if options.command == "record" else run(plan, cifar10(options.data))
    except ConvbookError as error:
        print(error, file=sys.stderr)
        return 1
    print(result.note)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the experiments")
    for name, words in (("run", "train and record"), ("record", "record what is there")):
        command = commands.add_parser(name, help=words)
        command.add_argument("name", choices=EXPERIMENTS)
        command.add_argument("--data", default="auto", help="source of convbook.data.cifar10")
        command.add_argument(
            "--data-name", required=True, help="words for the data in the result file; no path"
        )
        command.add_argument("--remark", default="", help="what else a reader must know")
        command.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
        command.add_argument("--epochs", type=int, default=40)
        command.add_argument("--threads", type=int, help="of PyTorch: equal runs need equal ones")
        command.add_argument("--runs", type=Path, default=ROOT / "runs", help="checkpoints")
        command.add_argument("--results", type=Path, default=ROOT / "book" / "results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
