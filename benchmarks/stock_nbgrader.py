"""What `nbgrader autograde`, as it comes, makes of every submission of the corpus.

    python -m benchmarks.stock_nbgrader --write

Each submission is graded alone by stock nbgrader (its own default configuration, none of our code
but the convbook that students have), and by our grader. Then honest and malformed submissions are
graded as one class, to see whether one stops the others. nbgrader runs in a bubble: bubblewrap
without network, in control groups that limit memory and processes, its course on a small disk in
memory. Inside are the same canaries and listeners that the tests of our grader use, so that what is
"touched" here is what they look for. Needs root, for the control groups (version 1). Results are
kept in --work, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import contextlib
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
RESULT = ROOT / "benchmarks" / "results" / "stock_nbgrader.md"
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
FAMILIES = ("forging", "malformed", "escaping", "dying", "honest", "exhausting")
CHUNK = 8  # submissions that share a bubble, one after the other
CLASS = "one class of the honest and the malformed"


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
    shutil.rmtree(folder, ignore_errors=True)
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
        folder.mkdir(parents=True)
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
    full = expected["others"] == "full"
    given = {item: each["points"] for item, each in expected.get("items", {}).items()}
    return sum(given.get(item, most if full else 0) for item, most in worth.items())


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
            results = {
                each.result["student"]: each.result for each in grade(course, NAME, limits=FAST)
            }
    found = {key: results[builder.student(key)] for key in keys}
    return {key: {"state": each["state"], "points": each["points"]} for key, each in found.items()}


# ── the table ──


def verdict(result: dict[str, Any]) -> str:
    """Return in a few words how a run of stock nbgrader ended."""
    if result.get("lost"):
        return "everything killed"
    if result["code"] is None:
        return "hangs"
    return "graded" if result["code"] == 0 else "fails"


def number(value: float | None) -> str:
    """Return a mark for the table."""
    return "none" if value is None else f"{value:g}"


def wrong(want: float | None, result: dict[str, Any], key: str) -> bool:
    """Is what stock nbgrader gives something else than what is due?"""
    got = result["marks"].get(key)
    if want is None:
        return result.get("code") == 0 and bool(got)
    return verdict(result) != "graded" or got != want


def table(done: dict[str, Any], keys: list[str]) -> str:
    """Return the page with all results."""
    worth = points()
    lines, counts = [], Counter[str]()
    for key in keys:
        expected, stock, mine = (
            builder.expected(builder.corpus()[key]),
            done[key],
            done["ours"][key],
        )
        want, got = due(expected, worth), stock["marks"].get(key)
        state = verdict(stock)
        mark_of_ours = None if mine["state"] == "needs review" else mine["points"]
        counts["ours wrong"] += mine["state"] != expected["state"] or mark_of_ours != want
        counts["wrong"] += wrong(want, stock, key)
        counts["too much"] += got is not None and got > (want or 0)
        counts["too little"] += want is not None and (got or 0) < want
        counts["not graded"] += state != "graded"
        counts["touched"] += bool(stock["touched"])
        remarks = "; ".join(stock["touched"]) or ""
        bold = "**" if wrong(want, stock, key) else ""
        lines.append(
            f"| `{key}` | {expected['family']} | {number(want)} | {number(mark_of_ours)} "
            f"| {bold}{number(got)}{bold} | {state} | {remarks} |"
        )
    whole, total = done[CLASS], sum(worth.values())
    ended = {"hangs": "had to be stopped", "graded": "came to its end"}.get(
        verdict(whole), "stopped"
    )
    return PAGE.format(
        command="python -m benchmarks.stock_nbgrader --write",
        date=time.strftime("%Y-%m-%d"),
        commit=done["commit"],
        versions=f"nbgrader {version('nbgrader')}, Python {platform.python_version()}, "
        f"torch {version('torch')}, {os.cpu_count()} cores",
        count=len(keys),
        total=number(total),
        ended=ended,
        after=f"{whole.get('graded', 0)} of {len(whole['keys'])}",
        seconds=whole.get("seconds", 0),
        words=whole["said"].strip().splitlines()[-1][:200] if whole["said"].strip() else "",
        rows="\n".join(lines),
        **{name.replace(" ", "_"): counts[name] for name in COUNTED},
    )


COUNTED = ("ours wrong", "wrong", "too much", "too little", "not graded", "touched")
PAGE = """\
# The corpus against stock nbgrader

Made by `{command}` on {date} from commit {commit}: {versions}.

Of {count} submissions (at most {total} points by the machine), stock `nbgrader autograde` gives
another result than is due to **{wrong}**: too many points to {too_much}, too few to {too_little}
(those that it does not grade among them); {not_graded} end in a failure, a hang or the death of
everything. {touched} read, reach or leave what they must not. Our grader: {ours_wrong} wrong.

One class of the honest and the malformed, in one run: nbgrader {ended} after {seconds:g} s with
{after} graded. Its last words: `{words}`

"Stock" is the mark in its gradebook (none: there is none); bold where it is not what is due.
A malformed file deserves no mark and a person's look: none is due.

| submission | family | due | ours | stock | stock's run | what it touched under stock nbgrader |
|---|---|---:|---:|---:|---|---|
{rows}
"""


def main() -> None:
    """Run what is not in --work yet, print the table or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument(
        "--seconds", type=float, default=60, help="for one submission, then it hangs"
    )
    parser.add_argument("--jobs", type=int, default=1, help="bubbles at once")
    parser.add_argument("--only", help="submissions whose name contains this")
    parser.add_argument("--work", type=Path, default=Path("/tmp/stock-nbgrader"))
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    args = parser.parse_args()
    if args.inside:
        inside(json.loads(args.inside), args.seconds)
        return
    keys = [key for key in builder.corpus() if not args.only or args.only in key]
    done = measure(keys, args.work, args.seconds, args.jobs)
    page = table(done, keys)
    if args.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(page, encoding="utf-8")
    else:
        print(page)


def measure(keys: list[str], work: Path, seconds: float, jobs: int) -> dict[str, Any]:
    """Return the result of each submission, of the class and of our grader, from --work or anew."""
    path = work / "results.json"
    done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not (work / "template").exists():
        make_template(work / "template")
    commit = ["git", "rev-parse", "--short=10", "HEAD"]
    done["commit"] = subprocess.check_output(commit, cwd=ROOT, text=True).strip()
    lock = threading.Lock()
    families = {key: builder.expected(builder.corpus()[key])["family"] for key in keys}
    members = [key for key in keys if families[key] in ("honest", "malformed")]

    def keep(groups: list[list[str]]) -> None:
        limit = seconds * (10 if groups == [members] else 1)
        for found in in_bubble(groups, limit, work / "template"):
            name = CLASS if found["keys"] == members else found["keys"][0]
            with lock:
                done[name] = found
                path.write_text(json.dumps(done, indent=1), encoding="utf-8")
            print(f"{name}: {verdict(found)} {found['marks']} {found['touched']}", flush=True)

    todo = [[key] for family in FAMILIES for key in keys if families[key] == family]
    todo = [group for group in todo if group[0] not in done]
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(keep, todo[at : at + CHUNK]) for at in range(0, len(todo), CHUNK)]
        if CLASS not in done and members:
            futures.insert(0, pool.submit(keep, [members]))
        for future in futures:
            future.result()
    if done.get("ours", {}).keys() < set(keys):
        done["ours"] = ours(keys)
        path.write_text(json.dumps(done, indent=1), encoding="utf-8")
    return done


if __name__ == "__main__":
    main()
