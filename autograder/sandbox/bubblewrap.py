"""The command line of bubblewrap: what of the machine the processes inside can see.

They see the interpreter, its packages, convbook and, of autograder, the folder `inside`, read-only
(the checker: all of it); a small /tmp; and nothing else: no network, no home, no course folder.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import autograder
import convbook
from autograder.sandbox.inside.limits import DEFAULT
from convbook.errors import GradingError

PACKAGE = Path(autograder.__file__).parent
REPOSITORY = PACKAGE.parent
INSIDE = "/sandbox"  # where convbook and autograder are inside
# A virtual environment is seen there too: where it lies outside may be hidden inside (/tmp is).
ENVIRONMENT = f"{INSIDE}/python"
SHOWN = ("__init__.py", "sandbox/__init__.py", "sandbox/inside")  # to a student, of autograder
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
ETC = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts")
DEVICES = ("null", "random", "urandom")
# What the server needs to confine its children; they keep none.
CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "KILL",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_PTRACE",
)


def require_bubblewrap() -> str:
    """Return the path of bwrap, or say what to install."""
    path = shutil.which("bwrap")
    if path is None:
        raise GradingError(
            "Starting the sandbox in which student code runs.",
            got="no 'bwrap' on this machine",
            rule="student code runs inside bubblewrap, or not at all",
            next_step="install it (Debian, Ubuntu: apt-get install bubblewrap); to run student "
            "code with your own rights all the same, pass --unsafe-no-sandbox",
        )
    return path


def command(role: str, hidden: Sequence[Path]) -> list[str]:
    """Return the command line of bubblewrap for one role, which shows nothing of `hidden`."""
    root = os.geteuid() == 0
    words = [require_bubblewrap(), "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    words += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    words += [] if root else ["--unshare-user"]
    words += ["--cap-drop", "ALL"]
    if root:
        for capability in CAPABILITIES:
            words += ["--cap-add", f"CAP_{capability}"]
    size = ["--perms", "1777", "--size", str(DEFAULT.disk), "--tmpfs"]
    words += ["--proc", "/proc", *size, "/tmp"]
    words += ["--perms", "0755", "--dir", "/dev"]
    for device in DEVICES:
        words += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    words += [*size, "/dev/shm"]
    made: set[str] = set()
    masks = _masks(hidden)
    for source, target in _binds(role, masks):
        for parent in reversed(Path(target).parents[:-1]):
            if str(parent) not in made:
                words += ["--perms", "0755", "--dir", str(parent)]
                made.add(str(parent))
        words += _bind(source, target) if source else ["--perms", "0755", "--tmpfs", target]
        made.add(target)
    for name, value in environment(False).items():
        words += ["--setenv", name, value]
    for mask in (*masks, "/"):
        words += ["--remount-ro", mask]
    return [*words, "--chdir", INSIDE, "--"]


def _bind(source: str, target: str) -> list[str]:
    if Path(source).is_symlink() and source in SYSTEM:
        return ["--symlink", str(Path(source).readlink()), target]
    return ["--ro-bind", source, target]


def _masks(hidden: Sequence[Path]) -> list[str]:
    """Return those of `hidden` that lie in a folder of the system which is seen inside."""
    shown = [Path(path).resolve() for path in SYSTEM]
    real = sorted({path.resolve() for path in hidden})
    return [str(path) for path in real if any(path.is_relative_to(tree) for tree in shown)]


def _binds(role: str, masks: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is visible inside, as (path outside, "" for nothing, path inside)."""
    for path in (*SYSTEM, *ETC):
        if Path(path).exists():
            yield path, path
    yield from (("", mask) for mask in masks)
    if prefix() != sys.prefix:
        yield os.path.realpath(sys.prefix), prefix()
    base = Path(sys.base_prefix)
    if not base.is_relative_to("/usr") or any(base.is_relative_to(mask) for mask in masks):
        yield os.path.realpath(sys.base_prefix), sys.base_prefix
    yield str(Path(convbook.__file__).parent), f"{INSIDE}/convbook"
    recorded = REPOSITORY / "book" / "results"  # runs of ours, with which others are compared
    if role == "measurer" and recorded.is_dir():
        yield str(recorded), f"{INSIDE}/book/results"
    if role != "student":
        yield str(PACKAGE), f"{INSIDE}/autograder"
    else:
        for path in SHOWN:
            yield str(PACKAGE / path), f"{INSIDE}/autograder/{path}"


def prefix() -> str:
    """Return the folder of the interpreter's environment as it is seen inside."""
    return sys.prefix if sys.prefix == sys.base_prefix else ENVIRONMENT


def environment(unsafe: bool) -> dict[str, str]:
    """Return the whole environment of the processes inside."""
    path = f"{REPOSITORY}" if unsafe else INSIDE
    return {
        "PATH": f"{sys.prefix if unsafe else prefix()}/bin:/usr/bin:/bin",
        "HOME": "/tmp/home",
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "0",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "CONVBOOK_GRADING": "1",  # fit loads runs, and trains none
        "CONVBOOK_DATA": "stand-in",  # nothing else is there
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # large pages: a fork copies fewer of them
    }
