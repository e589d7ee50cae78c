"""What `nbgrader autograde`, as it comes, makes of every submission of the corpus.

    python -m benchmarks.stock_nbgrader

Each submission is graded alone by stock nbgrader (its own default configuration, none of our code
but the convbook that students have), and by our grader. Then honest and malformed submissions are
graded as one class, to see whether one stops the others. nbgrader runs in a bubble: bubblewrap
without network, in control groups that limit memory and processes, its course on a small disk in
memory. Inside are the same canaries and listeners that the tests of our grader use, so that what is
"touched" here is what they look for. Needs root, for the control groups (version 1).

`results/stock_nbgrader.json` is the record, `results/stock_nbgrader.md` its page. What stands in
the record is run again only if the submission changed; our grader is run every time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from tests.autograder.host import MARK, canary, watching
from tests.submissions import builder

ROOT = Path(__file__).parents[1]
NAME = "tp1_layers"
RESULTS = ROOT / "benchmarks" / "results"
EXERCISE = ROOT / "exercises" / NAME / f"{NAME}.ipynb"
NEIGHBOURS = ("graded/perfect", "graded/canary_in_the_notebook")
SEEN_INSIDE = ("benchmarks", "convbook", "exercises", "tests")
GROUPS = {
    "memory": {"memory.limit_in_bytes": 3 * 2**30},
    "pids": {"pids.max": 256},
}
TOOLS = Path("/tmp/tools")  # in the bubble
DISK = 512 * 2**20
SCORE = """
SELECT SUM(auto_score) FROM grade
JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
WHERE submitted_assignment.student_id = ?
"""
FAMILIES = ("forging", "escaping", "malformed", "honest", "dying", "exhausting")
CHUNK = 8  # submissions that share a bubble, one after the other


# ── inside the bubble ──


def inside(groups: list[list[str]], seconds: float) -> None:
    """Let stock nbgrader grade groups of submissions, one group after the other.

    Each group is a run of nbgrader in a course of its own; nbgrader is loaded once, and forked.
    What became of a group is told in one line, and nothing of it is left for the next one.
    """
    from nbgrader.apps import NbGraderApp

    know_the_version()
    for number, keys in enumerate(groups):
        pid = os.fork()
        if pid == 0:
            found = grade(NbGraderApp, keys, Path(f"/tmp/{number}"), seconds)
            print("\n" + json.dumps(found), flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
        end_all_but(os.getpid(), os.getppid())
        for left in (f"/tmp/{number}", "/tmp/home"):
            shutil.rmtree(left, ignore_errors=True)


def grade(app: Any, keys: list[str], folder: Path, seconds: float) -> dict[str, Any]:
    """Grade one group, and tell what became of it."""
    course, outside = folder / "course", folder / "outside"
    outside.mkdir(parents=True)
    exercise = json.loads(EXERCISE.read_text(encoding="utf-8"))
    prepare(course)
    os.environ["CONVBOOK_CANARY"] = canary("environment")
    with watching(outside) as (values, watch):
        values |= {"COURSE": str(course), "SUBMISSION": canary("submission")}
        for key in dict.fromkeys([*keys, *NEIGHBOURS]):
            target = course / "submitted" / builder.student(key) / NAME
            builder.hand_in(exercise, builder.corpus()[key], target, NAME, values)
        alone = [f"--student={builder.student(keys[0])}"] if len(keys) == 1 else []
        code, said, took = run(app, ["autograde", NAME, *alone], course, seconds)
        if code is None:  # what is there now was left by our own killing
            end_all_but(os.getpid(), os.getppid(), int(values["PID"]))
    students = {key: builder.student(key) for key in keys}
    return {
        "keys": keys,
        "code": code,
        "said": said[-2000:],
        "seconds": round(took, 1),
        "marks": {key: mark(course / "gradebook.db", name) for key, name in students.items()},
        "graded": sum((course / "autograded" / name).exists() for name in students.values()),
        "touched": touched(course, keys, watch),
    }


def prepare(course: Path) -> None:
    """Make a course as an instructor of nbgrader does, with something to lose in it."""
    source = course / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy(EXERCISE, source)
    template = Path("/template/gradebook.db")
    if template.exists():
        shutil.copy(template, course)
    solutions = course / "solutions" / NAME
    solutions.mkdir(parents=True)
    (solutions / f"{NAME}.md").write_text(canary("solution"), encoding="utf-8")


def know_the_version() -> None:
    """Save nbgrader the call of alembic that tells it a constant at every start (1.4 s)."""
    with sqlite3.connect("/template/gradebook.db") as book:
        (head,) = book.execute("SELECT version_num FROM alembic_version").fetchone()
    TOOLS.mkdir()
    (TOOLS / "alembic").write_text(f"#!/bin/sh\necho '{head} (head)'\n")
    (TOOLS / "alembic").chmod(0o755)


def run(
    app: Any, arguments: list[str], course: Path, seconds: float
) -> tuple[int | None, str, float]:
    """Run nbgrader; return its exit code (None: it had to be ended), its words and the seconds."""
    start = time.monotonic()
    path = course / "nbgrader.log"
    pid = os.fork()
    if pid == 0:
        nbgrader(app, arguments, path)
    code = None
    while code is None and time.monotonic() < start + seconds:
        ended, status = os.waitpid(pid, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if ended else None
        time.sleep(0.05)
    if code is None:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return code, path.read_text(encoding="utf-8", errors="replace"), time.monotonic() - start


def nbgrader(app: Any, arguments: list[str], log: Path) -> NoReturn:
    """Be the command `nbgrader` in a course folder."""
    os.setsid()
    os.chdir(log.parent)
    os.environ["PATH"] = os.pathsep.join((str(TOOLS), f"{sys.prefix}/bin", os.environ["PATH"]))
    for fd, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_CREAT), (2, os.O_WRONLY)):
        os.dup2(os.open(os.devnull if fd == 0 else log, flags | (os.O_APPEND if fd else 0)), fd)
    sys.argv = ["nbgrader", *arguments]
    try:
        app.launch_instance()
        code: object = 0
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def end_all_but(*kept: int) -> None:
    """End every process of the bubble but these and the first."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in (1, *kept):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def mark(gradebook: Path, student: str) -> float | None:
    """Return the points in nbgrader's database, or None where there are none."""
    try:
        with sqlite3.connect(gradebook, timeout=5) as book:
            (points,) = book.execute(SCORE, (student,)).fetchone()
    except sqlite3.Error:
        return None
    return None if points is None else round(points, 2)


def touched(course: Path, keys: list[str], watch: Any) -> list[str]:
    """Return what the submission read, reached or left that it should not have."""
    found = [f"reached over {kind}" for kind in sorted(set(watch.reached))]
    found += [] if watch.survived else ["killed another process"]
    found += [f"left {each.split(': ')[0]}" for each in watch.left]
    for key in keys:
        path = course / "autograded" / builder.student(key) / NAME / f"{NAME}.ipynb"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        kinds = set(re.findall(rf"{MARK}-(\w+)", text))
        found += [f"read the {kind}" for kind in sorted(kinds) if key not in NEIGHBOURS]
    return list(dict.fromkeys(found))


# ── outside ──


@contextmanager
def control_groups() -> Iterator[list[Path]]:
    """Make the control groups of one bubble, with their limits."""
    folders = []
    try:
        for controller, limits in GROUPS.items():
            name = f"stock-{os.getpid()}-{threading.get_ident()}"
            folder = Path(f"/sys/fs/cgroup/{controller}/{name}")
            folder.mkdir()
            folders.append(folder)
            for name, value in limits.items():
                (folder / name).write_text(str(value))
        yield folders
    finally:
        for folder in folders:
            _remove(folder)


def _remove(folder: Path) -> None:
    for _ in range(100):
        try:
            folder.rmdir()
            return
        except OSError:
            time.sleep(0.1)


def bubble(template: Path) -> list[str]:
    """Return the command line of the bubble."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"):
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(DISK), "--tmpfs", "/tmp"]
    seen = [Path(sys.prefix), Path(os.path.realpath(sys.base_prefix)), Path(sys.base_prefix)]
    for path in [*seen, *(ROOT / name for name in SEEN_INSIDE)]:
        if not path.is_relative_to("/usr"):
            command += ["--ro-bind", str(path), str(path)]
    command += ["--ro-bind", str(template), "/template"]
    for name, value in {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": "/tmp/home",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
    }.items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", str(ROOT), "--", sys.executable, "-m", "benchmarks.stock_nbgrader"]


def in_bubble(groups: list[list[str]], seconds: float, template: Path) -> Iterator[dict[str, Any]]:
    """Run `inside` in bubbles, a new one where one was burst; yield the result of each group."""
    left = list(groups)
    while left:
        with control_groups() as limited:

            def enter(limited: list[Path] = limited) -> None:
                for group in limited:
                    (group / "tasks").write_text(str(os.getpid()))

            command = [*bubble(template), "--inside", json.dumps(left), "--seconds", str(seconds)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=enter) as process:
                for line in process.stdout or ():
                    if line.startswith(b"{") and left:
                        found = json.loads(line)
                        left.remove(found["keys"])
                        yield found
        if left:  # the first of them ended everything
            lost = {"code": process.returncode, "lost": True, "said": "", "touched": []}
            yield {"keys": left.pop(0), "marks": {}, **lost}


def make_template(folder: Path) -> None:
    """Prepare nbgrader's database once: the assignment is known, and a student with a secret."""
    with tempfile.TemporaryDirectory() as temporary:
        course = Path(temporary) / "course"
        prepare(course)
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME]
        path = os.pathsep.join((f"{sys.prefix}/bin", os.environ["PATH"]))
        subprocess.run(command, cwd=course, env={**os.environ, "PATH": path}, check=True)
        with sqlite3.connect(course / "gradebook.db") as book:
            book.execute(
                "INSERT INTO student (id, last_name) VALUES ('nobody', ?)", (canary("gradebook"),)
            )
        shutil.copy(course / "gradebook.db", folder)


def points() -> dict[str, float]:
    """Return the points of each item, from the exercise."""
    notebook = json.loads(EXERCISE.read_text(encoding="utf-8"))
    return {
        cell["metadata"]["convbook"]["item"]: cell["metadata"]["nbgrader"]["points"]
        for cell in notebook["cells"]
        if cell["metadata"].get("convbook", {}).get("item")
    }


def due(expected: dict[str, Any], worth: dict[str, float]) -> float | None:
    """Return the mark that a submission deserves; None where a person must look at it."""
    if expected["others"] == "none":
        return None
    items = ({"id": item, "max_points": most} for item, most in worth.items())
    return sum(builder.points_due(expected, item) for item in items)


def ours(keys: list[str]) -> dict[str, Any]:
    """Grade the corpus with our grader, as its tests do; return state and mark of each."""
    from autograder.grade import grade
    from tests.autograder.conftest import FAST, lay_out

    exercise = json.loads(EXERCISE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        with watching(root) as (values, _watch):
            values |= {"COURSE": str(root / "course"), "SUBMISSION": canary("submission")}
            course = lay_out(root / "course", exercise, tuple(keys), values)
            outcomes = {each.student: each for each in grade(course, NAME, limits=FAST)}
    found = {key: outcomes[builder.student(key)] for key in keys}
    return {key: {"state": each.state, "points": each.points} for key, each in found.items()}


# ── the record, and its page ──


def fingerprint(key: str) -> str:
    """Return a hash of what makes a submission, so that a changed one is run again."""
    folder = builder.corpus()[key]
    expected = builder.expected(folder)
    beside = sorted(path for path in (folder / "beside").rglob("*") if path.is_file())
    made_of = [builder.answers(folder), expected.get("break"), expected.get("folder")]
    made_of += [path.read_text(encoding="utf-8") for path in beside]
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


class Record:
    """What is known of the stock runs, kept in a file that is written after each."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self.data: dict[str, Any] = {"made": {}, "class": {}, "stock": {}, "ours": {}}
        if path.exists():
            self.data |= json.loads(path.read_text(encoding="utf-8"))

    def keep(self, part: str, found: dict[str, Any]) -> None:
        """Add to one part of the record."""
        commit = subprocess.check_output(COMMIT, cwd=ROOT, text=True).strip()
        with self._lock:
            self.data[part] |= found
            self.data["made"] = {
                "date": time.strftime("%Y-%m-%d"),
                "commit": commit,
                "nbgrader": version("nbgrader"),
                "torch": version("torch"),
                "Python": platform.python_version(),
                "cores": os.cpu_count(),
            }
            self._path.parent.mkdir(exist_ok=True)
            text = json.dumps(self.data, indent=1, ensure_ascii=False, sort_keys=True)
            self._path.write_text(text + "\n", encoding="utf-8")

    def lacks(self, key: str) -> bool:
        """Is there no run of this submission as it is now?"""
        return bool(self.data["stock"].get(key, {}).get("hash") != fingerprint(key))


def verdict(found: dict[str, Any]) -> str:
    """Return in a few words how a run of stock nbgrader ended."""
    if found.get("lost"):
        return "ended everything"
    if found["code"] is None:
        return "hangs"
    return "graded" if found["code"] == 0 else "fails"


def number(value: float | None) -> str:
    """Return a mark for the table."""
    return "none" if value is None else f"{value:g}"


def row(key: str, record: Record, worth: dict[str, float], counts: Counter[str]) -> str:
    """Return one line of the table, and count what is not as it should be."""
    expected, mine = builder.expected(builder.corpus()[key]), record.data["ours"].get(key)
    want = due(expected, worth)
    our_mark = mine["points"] if mine and mine["state"] in MARKED else None
    counts["ours_run"] += bool(mine)
    counts["ours_wrong"] += bool(mine) and (mine["state"] != expected["state"] or our_mark != want)
    ours = number(our_mark) if mine else "not run"
    if record.lacks(key):
        counts["not_run"] += 1
        cells = (expected["family"], number(want), ours, "", "not run", "")
        return f"| `{key}` | {' | '.join(cells)} |"
    found = record.data["stock"][key]
    got, ended = found["mark"], verdict(found)
    amiss = {
        "too_much": want is not None and (got or 0) > want,
        "too_little": want is not None and (got or 0) < want,
        "unlooked": want is None and got is not None,
    }
    counts.update(name for name, yes in amiss.items() if yes)
    counts["not_graded"] += ended != "graded"
    counts["touched"] += bool(found["touched"])
    shown = f"**{number(got)}**" if any(amiss.values()) else number(got)
    touched = ", ".join(found["touched"])
    cells = (expected["family"], number(want), ours, shown, ended, touched)
    return f"| `{key}` | {' | '.join(cells)} |"


def page(record: Record) -> str:
    """Return the page of the whole record."""
    keys, worth, counts = list(builder.corpus()), points(), Counter[str]()
    rows = "\n".join(row(key, record, worth, counts) for key in keys)
    whole, made = record.data["class"], record.data["made"]
    versions = ", ".join(f"{name} {made[name]}" for name in ("nbgrader", "Python", "torch"))
    return PAGE.format(
        rows=rows,
        made=f"{made['date']} from commit {made['commit']}: {versions}, {made['cores']} cores",
        count=len(keys) - counts["not_run"],
        all=len(keys),
        total=number(sum(most for item, most in worth.items() if item not in builder.extra())),
        whole=f"it {verdict(whole)} after {whole.get('graded', 0)} of {whole['members']}"
        if whole
        else "not run",
        **{name: counts[name] for name in COUNTED},
    )


MARKED = ("graded", "partly graded")
COUNTED = ("ours_run", "ours_wrong", "too_much", "too_little", "unlooked", "not_graded", "touched")
COMMIT = ["git", "rev-parse", "--short=10", "HEAD"]
PAGE = """\
# The corpus against stock nbgrader

Made by `python -m benchmarks.stock_nbgrader` on {made}. Each submission is worth {total} points at
most, by the machine. Graded alone, {count} of {all} run:

| stock `nbgrader autograde` | submissions |
|---|---:|
| gives too many points | {too_much} |
| gives too few points, or none | {too_little} |
| gives a mark to what a person should have looked at | {unlooked} |
| fails, hangs, or ends everything | {not_graded} |
| lets itself be read, reached, or left something in | {touched} |

Our grader: another state or mark than is due for {ours_wrong} of {ours_run}.
All honest and malformed ones (in folders with ordinary names) handed in as one class, in one run of
stock nbgrader: {whole}.

"Stock" is the mark in nbgrader's gradebook; bold where it is not what is due. For what cannot be
graded none is due, and a person's look.

| submission | family | due | ours | stock | stock's run | what it touched there |
|---|---|---:|---:|---:|---|---|
{rows}
"""


def main() -> None:
    """Run what the record lacks, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=1, help="bubbles at once")
    parser.add_argument("--seconds", type=float, default=60, help="then a submission hangs")
    parser.add_argument("--page", action="store_true", help="run only our grader, write the page")
    args = parser.parse_args()
    if args.inside:
        inside(json.loads(args.inside), args.seconds)
        return
    record = Record(RESULTS / "stock_nbgrader.json")
    if not args.page:
        measure(record, args.seconds, args.jobs)
    record.keep("ours", ours(list(builder.corpus())))
    (RESULTS / "stock_nbgrader.md").write_text(page(record), encoding="utf-8")


def measure(record: Record, seconds: float, jobs: int) -> None:
    """Let stock nbgrader grade what the record lacks, and one class."""
    expected = {key: builder.expected(path) for key, path in builder.corpus().items()}
    families = {key: each["family"] for key, each in expected.items()}
    members = [
        key
        for key, family in families.items()
        if family in ("honest", "malformed") and "folder" not in expected[key]
    ]
    order = sorted(families, key=lambda key: FAMILIES.index(families[key]))
    todo = [[key] for key in order if record.lacks(key)]

    def keep(groups: list[list[str]], template: Path) -> None:
        for found in in_bubble(groups, seconds * len(groups[0]), template):
            keys, marks = found.pop("keys"), found.pop("marks")
            found["said"] = (found["said"].strip().splitlines() or [""])[-1][:300]
            if keys == members:
                record.keep("class", found | {"members": len(members)})
            else:
                own = {"mark": marks.get(keys[0]), "hash": fingerprint(keys[0])}
                record.keep("stock", {keys[0]: found | own})
            print(f"{keys[0]}: {verdict(found)}", flush=True)

    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(jobs) as pool:
        template = Path(temporary)
        make_template(template)
        groups = [todo[at : at + CHUNK] for at in range(0, len(todo), CHUNK)]
        groups = groups if record.data["class"] else [[members], *groups]
        for future in [pool.submit(keep, group, template) for group in groups]:
            future.result()


if __name__ == "__main__":
    main()
