"""Train and record the book's experiments.

`list` names them and their groups, `run NAME ...` trains every seed or goes on training it and
records as it goes, `ladder` does so for every experiment there is, `record NAME ...` writes the
result files from the runs there are, finished or not. What was stopped goes on where it was.
`--at-once N` trains N runs at a time, in a process each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import torch

from convbook.data import cifar10
from convbook.errors import ConvbookError
from convbook.training import Result
from experiments.ladder import EXPERIMENTS, GROUPS, Experiment
from experiments.runner import Plan, run, run_at_once

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for experiment in EXPERIMENTS.values():
            print(f"{experiment.name}: {experiment.title}")
        for name, group in GROUPS.items():
            print(f"{name} = {' '.join(experiment.name for experiment in group)}")
        return 0
    try:
        if options.threads:
            torch.set_num_threads(options.threads)
        data = None if options.command == "record" else cifar10(options.data)
        plans = [_plan(experiment, options) for experiment in _chosen(options)]
        results: Iterable[Result]
        if data is None:
            results = (plan.record() for plan in plans)
        elif options.at_once > 1:
            results = run_at_once(plans, data, options.at_once)
        else:
            results = (run(plan, data) for plan in plans)
        for result in results:
            print(f"{result.experiment}: {result.note}")
    except ConvbookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _chosen(options: argparse.Namespace) -> list[Experiment]:
    if options.command == "ladder":
        return list(EXPERIMENTS.values())
    return [
        experiment
        for name in options.names
        for experiment in GROUPS.get(name) or (EXPERIMENTS[name],)
    ]


def _plan(experiment: Experiment, options: argparse.Namespace) -> Plan:
    return Plan(
        experiment,
        seeds=options.seeds,
        epochs=options.epochs or experiment.config.epochs,
        source=options.data_name,
        runs_folder=options.runs,
        results_folder=options.results,
        remark=options.remark,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the experiments")
    for name, words in (
        ("run", "train and record"),
        ("ladder", "train and record every experiment"),
        ("record", "record what is there"),
    ):
        command = commands.add_parser(name, help=words)
        if name != "ladder":
            names = [*EXPERIMENTS, *GROUPS]
            command.add_argument("names", nargs="+", choices=names, metavar="NAME")
        command.add_argument("--data", default="auto", help="source of convbook.data.cifar10")
        command.add_argument(
            "--data-name", required=True, help="words for the data in the result file; no path"
        )
        command.add_argument("--remark", default="", help="what else a reader must know")
        command.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
        command.add_argument("--epochs", type=int, help="others than the experiment's own")
        command.add_argument("--threads", type=int, help="of PyTorch: equal runs need equal ones")
        command.add_argument(
            "--at-once", type=_count, default=1, metavar="N", help="runs at a time, a process each"
        )
        command.add_argument("--runs", type=Path, default=ROOT / "runs", help="checkpoints")
        command.add_argument("--results", type=Path, default=ROOT / "book" / "results")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} was given; it is a whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
