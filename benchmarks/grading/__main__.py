"""How fast the grader is, beside the others, in one run.

    python -m benchmarks.grading                 everything (half an hour on two cores)
    python -m benchmarks.grading speed           beside one warm interpreter; one job and two
    python -m benchmarks.grading others          beside nbgrader and otter, on the same submissions
    python -m benchmarks.grading thousand        a class of a thousand, a tenth of it faults

Ours has the sandbox on, and writes the gradebook, the notebooks for formgrader and the pages.
nbgrader and otter have no sandbox and write no pages. A ratio is between medians of one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics

from benchmarks.grading import graders, thousand
from benchmarks.grading.folder import PERFECT, course_of

PARTS = ("speed", "others", "thousand")


def line(what: str, value: str, limit: str = "") -> None:
    """Print one line of the table."""
    print(f"| {what:58} | {value:>32} | {limit:>10} |", flush=True)


def speed(submissions: int, rounds: int) -> None:
    """What protection costs, and what a second job brings.

    Start-up is left out: it is the difference between a class of `submissions` and one of a fifth.
    """
    few = submissions // 5
    with course_of([PERFECT] * submissions) as many, course_of([PERFECT] * few) as small:
        each: dict[str, list[float]] = {"warm": [], "alone": [], "one": [], "two": [], "start": []}
        for _ in range(rounds):
            each["warm"].append(graders.warm(many) / submissions)
            for name, jobs, cores in (("alone", 1, 1), ("one", 1, None), ("two", 2, None)):
                whole = graders.convbook(many, jobs=jobs, cores=cores)
                part = graders.convbook(small, jobs=jobs, cores=cores)
                each[name].append((whole - part) / (submissions - few))
                if jobs == 2:
                    each["start"].append(part - few * each[name][-1])
    median = {name: statistics.median(values) for name, values in each.items()}
    line("one warm interpreter, unprotected", f"{1000 * median['warm']:.0f} ms each")
    line("convbook, one job, on one core", f"{1000 * median['alone']:.0f} ms each")
    line("convbook, one job", f"{1000 * median['one']:.0f} ms each")
    line("convbook, two jobs", f"{1000 * median['two']:.0f} ms each")
    line("start-up, once a run", f"{median['start']:.1f} s")
    overhead = [one / warm for one, warm in zip(each["one"], each["warm"], strict=True)]
    line("overhead of all protection and writing, one job", _ratio(overhead), "≤ 1.5")
    both = [two / warm for two, warm in zip(each["two"], each["warm"], strict=True)]
    line("the same, two jobs", _ratio(both), "≤ 0.88")  # what 1.5 and 85 % ask together
    for what, name in (("core", "alone"), ("job", "one")):
        gain = [one / two / 2 for one, two in zip(each[name], each["two"], strict=True)]
        efficiency = f"{100 * statistics.median(gain):.0f} %"
        line(f"parallel efficiency, one {what} to two", efficiency, "≥ 85 %")


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
    line("times as fast as nbgrader autograde", _ratio([stock / each for each in ours]), "≥ 20")
    line("times as fast as otter run", _ratio([otter / each for each in ours]), "≥ 40")


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


def _ratio(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure the parts that were asked for and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
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
        speed(args.submissions, args.rounds)
    if "others" in parts:
        others(args.submissions, args.rounds)
    if "thousand" in parts:
        class_of(args.class_of)


if __name__ == "__main__":
    main()
