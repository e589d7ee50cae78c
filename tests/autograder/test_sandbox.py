"""The real sandbox: what it starts it ends, as root and as an ordinary user."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.grade import grade
from autograder.sandbox import bubblewrap, cgroup, probes, session
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import encode, pack, unpack
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Call, Cell, Session, StoppedError
from convbook.errors import GradingError
from tests.autograder.conftest import NAME

ROOT = Path(__file__).parents[2]
FAST = Limits(cell_seconds=8, call_seconds=2)
pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

DETACH = """
import os, subprocess, sys, time
def detach():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
for _ in range(3):
    detach()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
"""


@pytest.fixture(scope="module")
def students() -> Iterator[Sandbox]:
    with Sandbox("student") as started:
        yield started


def run(box: Sandbox, *sources: str, calls: Sequence[Call] = (), limits: Limits = FAST) -> Session:
    cells = [Cell(f"number {k}", source) for k, source in enumerate(sources, 1)]
    with session.run(box, cells, [calls], limits, threading.Event()) as ran:
        return ran


def call(function: str, item: str = "", **arguments: object) -> Call:
    request = {"function": function, "adapter": None, "forbidden": []}
    return Call(item or function, request, pack(encode(arguments)))


def descendants(pid: int) -> list[int]:
    """The processes below one, seen from outside."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def server(box: Sandbox) -> int:
    assert box._server is not None
    return box._server.pid


def settled(box: Sandbox, count: int) -> list[int]:
    """The processes below a server, once there are so many; its jobs need a moment to end."""
    deadline = time.monotonic() + 10
    while len(found := descendants(server(box))) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_nothing_outlives_a_submission(students: Sandbox) -> None:
    before = settled(students, 2)  # bubblewrap's own process, and the server
    mounts = Path("/proc/self/mounts").read_text()
    ran = run(students, DETACH, "open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'x')")
    assert [cell.status for cell in ran.cells] == ["ok", "ok"]
    assert settled(students, 2) == before
    assert [path for top in groups_of(os.getpid()) for path in top.glob("job-*")] == []
    assert Path("/proc/self/mounts").read_text() == mounts
    again = run(students, "import os; print(os.listdir('/tmp'), os.listdir('/dev/shm'))")
    assert again.cells[0].output == "['home'] []\n"


GRADER = """
import sys, threading, time
from pathlib import Path
from autograder.sandbox import bubblewrap
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Conversation
bubblewrap.PACKAGE = Path(sys.argv[1])
box = Sandbox("student").start()
child = box.spawn()
talk = Conversation(child, DEFAULT, time.monotonic() + 60, threading.Event())
talk.ask({"do": "cell", "source": sys.argv[2]}, (), 60)
print("ready", flush=True)
time.sleep(600)
"""


def test_nothing_outlives_a_grader_that_is_killed(tmp_path: Path) -> None:
    modules = tmp_path / "autograder"
    shutil.copytree(
        bubblewrap.PACKAGE, modules, ignore=shutil.ignore_patterns("questions", "build")
    )
    shutil.copy(ROOT / "tests/autograder/plain_student.py", modules / "sandbox/inside/student.py")
    mounts = Path("/proc/self/mounts").read_text()
    command = [sys.executable, "-c", GRADER, str(modules), DETACH]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == "ready\n"
        alive, made = descendants(grader.pid), groups_of(grader.pid)
        assert len(alive) >= 9  # bubblewrap twice, server, init, student, its four
        assert bool(made) == bool(cgroup.places())
        grader.kill()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in alive) or groups_of(grader.pid):
        assert time.monotonic() < deadline, (alive, groups_of(grader.pid))
        time.sleep(0.05)
    assert Path("/proc/self/mounts").read_text() == mounts


def groups_of(pid: int) -> list[Path]:
    """The control groups that a grader has made."""
    return [path for place in cgroup.places() for path in place.folder.glob(f"convbook-{pid}-*")]


def test_two_submissions_do_not_see_each_other(students: Sandbox) -> None:
    """Other users, other folders, and no shared memory, sockets or semaphores between them."""
    probe = """
import os, socket, time
open('/tmp/mine', 'x')
listener = socket.socket(socket.AF_UNIX)
listener.bind('\\0convbook')
time.sleep(1)
print(os.getuid(), os.listdir('/tmp'), os.getpid())
"""
    found: list[Session] = []
    workers = [
        threading.Thread(target=lambda: found.append(run(students, probe))) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    printed = [ran.cells[0].output.split(" ", 1) for ran in found]
    assert printed[0][1] == printed[1][1] == "['mine', 'home'] 2\n"
    if os.geteuid() == 0:
        assert printed[0][0] != printed[1][0]


# Memory that is not, or not only, the private memory of one process.
HOARDS = {
    "one process": "hoard = [b'x' * 2**24 for _ in range(64)]",
    "shared memory": """
import mmap, os
for k in range(64):
    with open(f'/dev/shm/{k}', 'w+b') as file:
        file.truncate(2**24)
        hold = mmap.mmap(file.fileno(), 2**24)
        hold.write(b'x' * 2**24)
        globals()[f'hold{k}'] = hold
""",
    "many processes": """
import os, time
for _ in range(8):
    if os.fork() == 0:
        hoard = b'x' * (100 * 2**20)
        time.sleep(60)
""",
    "pages that were shared with the server": """
import ctypes, os, time
hoard = bytearray(b'x' * (100 * 2**20))
for _ in range(8):
    if os.fork() == 0:
        hoard[::4096] = b'y' * (len(hoard) // 4096)
        time.sleep(60)
""",
}


@pytest.fixture(scope="module", params=["control groups", "watch"])
def accounted(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox by each way to hold the limit on memory that this machine has."""
    with Sandbox("student", grouped=request.param == "control groups") as started:
        if request.param not in started.accounting:
            pytest.skip("this machine gives no control groups")
        yield started


@pytest.mark.parametrize("name", HOARDS)
def test_memory_of_all_processes_together_is_limited(accounted: Sandbox, name: str) -> None:
    limits = Limits(memory=400 * 2**20, disk=2**30, cell_seconds=30, restarts=1)
    source = f"{HOARDS[name]}\nimport time\ntime.sleep(20)"
    assert run(accounted, source, limits=limits).cells[0].error == (
        "used more memory than is allowed"
    )


def test_idle_workers_cost_no_memory(accounted: Sandbox) -> None:
    """A DataLoader with workers is honest: what they share with the server is not counted."""
    loader = """
import time, torch
from torch.utils.data import DataLoader
loader = DataLoader(torch.arange(64.0).reshape(64, 1), batch_size=8, num_workers=4)
print(sum(batch.sum().item() for batch in loader))
"""
    limits = Limits(memory=1024 * 2**20, cell_seconds=60)
    ran = run(accounted, loader, limits=limits)
    assert ran.cells[0].error == ""
    assert ran.cells[0].output.endswith("2016.0\n")  # torch warns of more workers than cores


def test_processor_time_is_limited(students: Sandbox) -> None:
    ran = run(students, "while True: pass", limits=Limits(cpu_seconds=1, cell_seconds=60))
    assert ran.cells[0].error == "used more processor time than is allowed"


def test_a_hundred_at_once_are_answered(students: Sandbox) -> None:
    with contextlib.ExitStack() as alive:
        children = [alive.enter_context(students.spawn(FAST)) for _ in range(100)]
        for child in (children[0], children[65], children[-1]):
            until = time.monotonic() + 60
            talk = session.Conversation(child, FAST, until, threading.Event())
            assert talk.ask({"do": "cell", "source": "1 / 0"}, (), 60).body["error"] is not None
    assert len(settled(students, 2)) == 2


def test_output_is_capped_while_it_is_read(students: Sandbox) -> None:
    source = "import os\nfor _ in range(200): os.write(1, b'x' * 2**20)"
    tracemalloc.start()
    ran = run(students, source, limits=Limits(output=1000, cell_seconds=60))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(ran.cells[0].output), ran.cells[0].cut) == (1000, True)
    assert peak < 8 * 2**20


def test_a_call_that_dies_fails_alone(students: Sandbox) -> None:
    cells = "def dies(): import os; os._exit(1)\ndef lives(): return 7"
    calls = [call("lives"), call("dies"), call("dies"), call("dies"), call("lives")]
    ran = run(students, cells, calls=calls, limits=Limits(restarts=1))
    kinds = [outcome["kind"] for outcome in ran.outcomes]
    assert kinds == ["answer", "died", "died", "died", "answer"]
    assert ran.reason == ""


def test_all_values_together_are_bounded(students: Sandbox) -> None:
    cells = "import numpy\ndef large(): return numpy.zeros(2**20)"
    calls = [call("large", item=f"item {k}") for k in range(4)]
    ran = run(students, cells, calls=calls, limits=Limits(values=20 * 2**20))
    errors = [unpack(answer).body.get("error", {}).get("type") for answer in ran.answers]
    assert errors == [None, None, "TooLarge", "TooLarge"]


def test_restarts_are_bounded(students: Sandbox) -> None:
    limits = Limits(restarts=2)
    calls = [call("dies", item=f"item {k}") for k in range(6)]
    ran = run(students, "def dies(): import os; os._exit(1)", calls=calls, limits=limits)
    assert [outcome["kind"] for outcome in ran.outcomes] == ["died"] * 3 + ["not run"] * 3
    assert ran.reason == "its process ended 3 times"


def test_all_together_is_bounded(students: Sandbox) -> None:
    limits = Limits(cell_seconds=30, total_seconds=2)
    start = time.monotonic()
    ran = run(students, "import time\nwhile True: time.sleep(1)", limits=limits)
    assert time.monotonic() - start < 15
    assert "everything together took longer than 2 seconds" in ran.reason


def test_hidden_arguments_never_reach_what_is_shown(students: Sandbox) -> None:
    spy = "def spy(x):\n    print('seen', x)\n    raise ValueError(x)"
    ran = run(students, spy, calls=[call("spy", x=12345)])
    assert "12345" not in repr(ran.cells)


def test_stopping_ends_a_run_at_once(students: Sandbox) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    start = time.monotonic()
    loop = [Cell("loop", "while True: pass")]
    with pytest.raises(StoppedError), session.run(students, loop, [], FAST, stop):
        pass
    assert time.monotonic() - start < 5


def test_a_server_that_is_killed_is_an_error_not_a_mark() -> None:
    with Sandbox("student") as box:
        assert box._server is not None
        box._server.kill()
        with pytest.raises((GradingError, OSError)):
            run(box, "1")


def test_a_machine_without_nested_namespaces_gives_each_submission_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Sandbox, "_nests", lambda _self: False)
    with Sandbox("student") as box:
        assert box.single_use
        ran = run(box, "import os\nprint(os.getuid() != 0, os.access('/usr', os.W_OK))")
        assert ran.cells[0].output == "True False\n"
        assert box._server is None


def test_no_bubblewrap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(GradingError, match="apt-get install bubblewrap"):
        Sandbox("student")


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "SHOWN", ("sandbox/inside/forkserver.py",))
    with pytest.raises(GradingError, match="cannot import name 'confinement'"), Sandbox("student"):
        pass


def as_ordinary_user(*arguments: str) -> list[str]:
    """Run Python in the repository as another user, to whom its folders may be closed.

    The repository is seen at another place, and the interpreter where it is, even in root's home.
    """
    base = sys.base_prefix
    python = Path("repository") / Path(sys.executable).relative_to(ROOT)
    script = f"""
    mount -t tmpfs -o mode=755 none /mnt
    mkdir /mnt/base /mnt/repository
    mount --bind {base} /mnt/base
    mount --bind {ROOT} /mnt/repository
    cd /mnt/repository
    mount -t tmpfs -o mode=755 none /root
    mkdir -p {base}
    mount --bind /mnt/base {base}
    exec setpriv --reuid 1000 --regid 1000 --clear-groups /mnt/{python} "$@"
    """
    return ["unshare", "--mount", "sh", "-ec", script, "sh", *arguments]


ordinary = pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are this one already")


@ordinary
def test_an_ordinary_user_has_the_same_walls() -> None:
    doctor = as_ordinary_user("-m", "autograder", "doctor")
    done = subprocess.run(doctor, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bubblewrap, as an ordinary user, a namespace a submission" in done.stdout
    assert "✗" not in done.stdout
    assert done.stdout.count("✓") == len(probes.PROBES)


@ordinary
def test_an_ordinary_user_gives_the_same_marks(make_course: Callable[..., Course]) -> None:
    course = make_course(
        "graded/perfect", "graded/partly_right", "graded/become_root", "partly_graded/memory_bomb"
    )
    grade(course, NAME, jobs=2)
    told = marks_of(course)
    shutil.rmtree(course.reports(NAME))
    (course.root / "gradebook.db").unlink()
    for path in (course.root, *course.root.rglob("*")):
        os.chown(path, 1000, 1000)
    for folder in course.root.parents:  # the tests' folders are closed to others
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    command = as_ordinary_user("-m", "autograder", "grade", NAME, "--quiet", "--jobs", "2")
    done = subprocess.run(
        [*command, "--course", str(course.root)], capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert marks_of(course) == told
    assert {path.stat().st_uid for path in results_of(course)} == {1000}


def results_of(course: Course) -> list[Path]:
    return sorted((course.reports(NAME) / "results").glob("*.json"))


def marks_of(course: Course) -> list[dict[str, Any]]:
    """All results without what differs from run to run."""
    kept = ("student", "state", "reason", "points", "items", "sandbox", "submission_hash")
    results = [json.loads(path.read_text(encoding="utf-8")) for path in results_of(course)]
    return [{key: each[key] for key in kept} for each in results]
