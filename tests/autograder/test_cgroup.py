"""Control groups: found in both versions' trees, made where this machine lets us, removed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.sandbox import cgroup
from autograder.sandbox.cgroup import Groups, Place, places
from autograder.sandbox.inside.limits import DEFAULT

needs_groups = pytest.mark.skipif(not places(), reason="this machine gives no control groups")


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: str, own: str) -> list[Place]:
    """What is found with these two files of /proc, whose places lie below `tmp_path`."""
    tree(tmp_path, {"mountinfo": mounts.replace("/sys/fs/cgroup", f"{tmp_path}"), "cgroup": own})
    monkeypatch.setattr(cgroup, "PROC", tmp_path)
    return places()


V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_version_2_is_used_beside_the_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd lays it out: our scope holds processes, and the slice above has controllers."""
    tree(
        tmp_path,
        {
            "user.slice/app.slice/cgroup.subtree_control": "cpu memory pids\n",
            "user.slice/app.slice/run-7.scope/cgroup.subtree_control": "\n",
        },
    )
    where = found(tmp_path, monkeypatch, V2, "0::/user.slice/app.slice/run-7.scope\n")
    folder = tmp_path / "user.slice/app.slice"
    assert where == [Place(2, folder, frozenset({"cpu", "memory", "pids"}))]


@pytest.mark.parametrize("controllers", ["", "cpu pids", "memory"])
def test_version_2_without_its_controllers_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, controllers: str
) -> None:
    tree(tmp_path, {"a/cgroup.subtree_control": controllers, "a/b/cgroup.subtree_control": ""})
    assert found(tmp_path, monkeypatch, V2, "0::/a/b\n") == []


V1 = (
    "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 30 0:28 /docker/7 /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)


def test_version_1_is_used_below_the_own_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"memory/job/x": "", "pids/job/x": "", "unified/cgroup.subtree_control": ""})
    where = found(tmp_path, monkeypatch, V1, "3:memory:/job\n2:pids:/docker/7/job\n0::/\n")
    assert {place.folder for place in where} == {tmp_path / "memory/job", tmp_path / "pids/job"}
    assert {place.version for place in where} == {1}


def test_half_of_version_1_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"memory/job/x": ""})
    assert found(tmp_path, monkeypatch, V1, "3:memory:/job\n") == []


@needs_groups
def test_a_group_holds_its_process_and_is_removed() -> None:
    with contextlib.closing(Groups(places())) as groups:
        group = groups.make(DEFAULT)
        doors = [group.events(), *group.doors()]
        script = f"import os; [os.write(fd, b'0') for fd in {doors[1:]}]"
        script += "; print(open('/proc/self/cgroup').read())"
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, pass_fds=doors, check=True, capture_output=True, text=True)
        for fd in doors:
            os.close(fd)
        assert done.stdout.count(f"/convbook-{os.getpid()}-") == len(places())
        group.remove()
        assert [path for top in groups._tops for path in top.glob("job-*")] == []
    assert [top for top in groups._tops if top.exists()] == []


@needs_groups
def test_the_janitor_removes_what_was_left() -> None:
    groups = Groups(places())
    groups.make(DEFAULT)
    tops = list(groups._tops)
    assert all(top.exists() for top in tops)
    assert groups._janitor.stdin is not None
    groups._janitor.stdin.close()  # as when the grader is killed
    deadline = time.monotonic() + 10
    while any(top.exists() for top in tops):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    groups._janitor.wait()
