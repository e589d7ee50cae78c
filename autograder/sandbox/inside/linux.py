"""The few system calls of Linux that Python 3.11 does not offer."""

from __future__ import annotations

import ctypes
import os
import platform
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REC, MS_PRIVATE = 0x4000, 1 << 18

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522

_CLONE = {"x86_64": 56, "aarch64": 220}  # the number of the system call

_libc = ctypes.CDLL(None, use_errno=True)
_locked = ctypes.PyDLL(
    None, use_errno=True
)  # keeps the interpreter's lock: a child goes on with it


def _checked(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def fork() -> int:
    """Fork without what Python does in the child, which takes milliseconds.

    For a process of one thread, whose locks are free. Random numbers go on as its parent's.
    """
    pid = int(_locked.fork())
    _checked(min(pid, 0), "fork")
    return pid


def fork_apart(flags: int) -> int:
    """Fork into new namespaces, those in `flags`; as `fork`, and without what libc does either."""
    number = _CLONE.get(platform.machine(), -1)
    word = ctypes.c_ulong
    pid = int(_locked.syscall(word(number), word(flags | signal.SIGCHLD), *[word(0)] * 4))
    _checked(min(pid, 0), "clone")
    return pid


def mount_private() -> None:
    """Keep what is mounted from here on to this mount namespace."""
    flags = ctypes.c_ulong(MS_REC | MS_PRIVATE)
    _checked(_libc.mount(b"none", b"/", None, flags, None), "mount --make-rprivate /")


def mount_tmpfs(target: str, *, options: str, read_only: bool = False) -> None:
    """Mount a fresh temporary file system at `target`."""
    flags = MS_NOSUID | MS_NODEV | (MS_RDONLY if read_only else 0)
    result = _libc.mount(
        b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode()
    )
    _checked(result, f"mount tmpfs at {target}")


def set_no_new_privileges() -> None:
    """No program that is run from here on gains a privilege (set-uid bits, file capabilities)."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")


def set_dumpable(dumpable: bool) -> None:
    """Let processes of the same user look at this one's memory, or forbid it (and core dumps)."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, int(dumpable), 0, 0, 0), "prctl DUMPABLE")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def set_seccomp_filter(code: bytes) -> None:
    """Let the kernel run `code`, BPF instructions, before each system call from here on."""
    program = ctypes.byref(_Program(len(code) // 8, code))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0), "prctl SECCOMP")


def die_with_parent(signal: int) -> None:
    """Be sent `signal` when the parent ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl PDEATHSIG")


def drop_capabilities() -> None:
    """Give up every capability, for good: effective, permitted, inheritable and bounding."""
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # EINVAL beyond the kernel's last one
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(header, data), "capset")
