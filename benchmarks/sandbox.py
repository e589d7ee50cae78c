"""How long a sandbox takes to start for one submission, and to end.

    python -m benchmarks.sandbox --rounds 50

A start is what a submission waits for: from `spawn` to the answer to its first cell. The server,
which starts once a run, is not in it. Reported: medians, and the best, in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from dataclasses import dataclass

from autograder.sandbox import selfcheck
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Conversation


@dataclass(frozen=True)
class Times:
    """Milliseconds of each round."""

    starts: list[float]
    ends: list[float]


def measure(students: Sandbox, rounds: int) -> Times:
    """Start and end a student's process so many times, in a sandbox that was started."""
    times = Times([], [])
    for _ in range(rounds):
        start = time.perf_counter()
        with students.spawn() as child:
            until = time.monotonic() + DEFAULT.total_seconds
            talk = Conversation(child, DEFAULT, until, threading.Event())
            talk.ask({"do": "cell", "source": "answer = 42"}, (), DEFAULT.cell_seconds)
            answered = time.perf_counter()
        ended = time.perf_counter()
        times.starts.append(1000 * (answered - start))
        times.ends.append(1000 * (ended - answered))
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    start = time.perf_counter()
    with Sandbox("student") as students:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {students.accounting}")
        print(f"server ready       {1000 * (time.perf_counter() - start):7.0f} ms")
        start = time.perf_counter()
        selfcheck.prove(students, DEFAULT)
        print(f"walls tried        {1000 * (time.perf_counter() - start):7.0f} ms")
        measure(students, 3)
        times = measure(students, rounds)
    for name, values in (("start", times.starts), ("end", times.ends)):
        median, best = statistics.median(values), min(values)
        print(f"{name:<8} median {median:8.1f} ms, best {best:5.1f} ms, {rounds} rounds")


if __name__ == "__main__":
    main()
