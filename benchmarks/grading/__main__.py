"""How fast the grader is, beside the others, in one run.

    python -m benchmarks.grading                 everything (half an hour on two cores)
    python -m benchmarks.grading speed           beside one warm interpreter; one job and two
    python -m benchmarks.grading others          beside nbgrader and otter, on the same submissions
    python -m benchmarks.grading thousand        a class of a thousand, a tenth of it faults

Ours has the sandbox on, and writes the gradebook, the notebooks for formgrader and the pages.
nbgrader and otter have no sandbox and write no pages. Of ratios in one run it prints the median and
the quartiles.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
from collections.abc import Sequence

from benchmarks.grading import graders, thousand
from benchmarks.grading.folder import PERFECT, course_of
from benchmarks.grading.turns import Contestant, contestant

PARTS = ("speed", "others", "thousand")
BLOCK = 10  # submissions of a turn


def line(what: str, value: str, limit: str = "") -> None:
    """Print one line of the table."""
    print(f"| {what:58} | {value:>32} | {limit:>10} |", flush=True)


def speed(rounds: int) -> None:
    """What protection costs, and what a second job brings; start-up is left out."""
    submissions = [PERFECT] * BLOCK * (2 * rounds + 2)
    with contextlib.ExitStack() as stack:

        def start(module: str, *arguments: object, cores: int | None = None) -> Contestant:
            course = stack.enter_context(course_of(submissions))
            return stack.enter_context(
                contestant(module, course.root, BLOCK, *arguments, cores=cores)
            )

        plain, beside = start("warm"), start("warm")
        alone, one, two = start("ours", 1, cores=1), start("ours", 1), start("ours", 2)

        def both() -> float:
            plain.begin()
            return statistics.mean((beside.turn(), plain.seconds())) / 2

        turns = [plain.turn, both, alone.turn, one.turn, two.turn]
        found = [[turn() for turn in turns] for _ in range(rounds)]
    warm, warm_twice, alone_took, one_took, two_took = zip(*found, strict=True)
    for name, took in (
        ("one warm interpreter, unprotected", warm),
        ("convbook, one job, on one core", alone_took),
        ("convbook, one job", one_took),
        ("convbook, two jobs", two_took),
    ):
        line(name, f"{1000 * statistics.median(took):.0f} ms each")
    overhead = "overhead of all protection and writing"
    line(f"{overhead}, one job", _ratio(one_took, warm), "≤ 1.5")
    line(f"{overhead}, one core", _ratio(alone_took, warm))
    line(f"{overhead}, two jobs", _ratio(two_took, warm), "≤ 0.88")  # 1.5 and 85 % ask for it
    efficiency = "parallel efficiency"
    line(f"{efficiency}, one warm interpreter to two", _ratio(warm, warm_twice, 0.5))
    line(f"{efficiency}, one core to two", _ratio(alone_took, two_took, 0.5), "≥ 0.85")
    line(f"{efficiency}, one job to two", _ratio(one_took, two_took, 0.5), "≥ 0.85")


def others(submissions: int, rounds: int) -> None:
    """Throughput beside nbgrader (all, once) and otter (some, each a command of its own)."""
    with course_of([PERFECT] * submissions) as course, graders.otter_environment() as programs:
        some = max(2, submissions // 20)
        ours = [graders.convbook(course) / submissions for _ in range(max(1, rounds // 2))]
        stock = graders.nbgrader(course) / submissions
        ours.append(graders.convbook(course) / submissions)
        otter = graders.otter(course, programs, submissions=some) / some
        ours += [graders.convbook(course) / submissions for _ in range(max(1, rounds // 2))]
    mine = statistics.median(ours)
    line(f"convbook, {submissions} submissions, start-up included", f"{mine:.3f} s each")
    line(f"nbgrader autograde, the same {submissions}", f"{stock:.2f} s each")
    line(f"otter run, {some} of them", f"{otter:.2f} s each")
    line("times as fast as nbgrader autograde", _ratio([stock] * len(ours), ours), "≥ 20")
    line("times as fast as otter run", _ratio([otter] * len(ours), ours), "≥ 40")


def class_of(submissions: int) -> None:
    """States, marks, memory and time of a large class."""
    found = thousand.grade(submissions)
    for problem in found.wrong:
        print(problem)
    line(f"{submissions} submissions, a tenth of them faults", f"{found.seconds:.0f} s")
    line("wrong states and marks", str(len(found.wrong)), "0")
    quarters = ", ".join(f"{each:.0f}" for each in found.quarters)
    line("memory of the grader, highest of each quarter", f"{quarters} MiB", "≤ 500 MiB")
    halves = [next(at for at, n in found.done if n >= submissions * k // 4) for k in range(1, 5)]
    line("seconds at each quarter of the class", ", ".join(f"{each:.0f}" for each in halves))


def _ratio(ours: Sequence[float], theirs: Sequence[float], share: float = 1) -> str:
    """Return the median of the rounds' ratios, and their quartiles."""
    ratios = [share * a / b for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure the parts that were asked for and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="of the others")
    parser.add_argument("--turns", type=int, default=20, help="of one warm interpreter and ours")
    parser.add_argument("--class-of", type=int, default=1000)
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, ", end="")
    print(f"Python {platform.python_version()}, {args.submissions} correct submissions")
    line("what", "measured", "must be")
    parts = args.parts or PARTS
    if "speed" in parts:
        speed(args.turns)
    if "others" in parts:
        others(args.submissions, args.rounds)
    if "thousand" in parts:
        class_of(args.class_of)


if __name__ == "__main__":
    main()
