"""System calls that a notebook on convolutional networks never needs, refused by the kernel.

They reach around the other walls: sockets that belong to no network namespace (vsock), memory that
counts as no process's own (memfd, System V, shared mappings), keys inherited from whoever started
the grader, new namespaces with all the code behind them, the memory of other processes, the log of
the kernel. What needs a privilege anyway (mount, reboot, …) is not listed: nobody inside has one.

Most answer "not implemented", so that a library takes its other way where it has one.
"""

from __future__ import annotations

import errno
import platform
import struct

from autograder.sandbox.inside import linux

# The machine as uname names it -> AUDIT_ARCH_*, and which column of the tables below is its own.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

REFUSED = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    # new namespaces; clone3 keeps its flags where no filter sees them, and libc falls back to clone
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone3": (435, 435),
    # memory that no process shows as its own
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    # keys and logs of the machine
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    # large doors to the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
}
ARGUMENTS = {"clone": (56, 220), "mmap": (9, 222), "socket": (41, 198), "socketpair": (53, 199)}

AF_UNIX = 1
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
NEW_NAMESPACES = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWCGROUP
)

# struct seccomp_data: the number of the call, the machine, the place, then six arguments of 64 bits
_NUMBER, _MACHINE, _ARGUMENT_0 = 0, 4, 16
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
_EQUAL, _AT_LEAST = 0x15, 0x35  # BPF_JMP|JEQ|K, BPF_JMP|JGE|K
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32 = 0x40000000  # calls of x86-64's other ABI begin here


def install() -> None:
    """Put the filter on this process and on all that it starts, for good.

    Raises:
        OSError: the kernel, or this kind of processor, has no such filter.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {machine}")
    linux.set_seccomp_filter(program(machine))


def program(machine: str) -> bytes:
    """Return the filter in the kernel's form, a list of BPF instructions."""
    audit, column = MACHINES[machine]
    number = {name: numbers[column] for name, numbers in (REFUSED | ARGUMENTS).items()}
    code = [_op(_LOAD, _MACHINE), _op(_EQUAL, audit, 1, 0), _op(_RETURN, _KILL)]
    code += [_op(_LOAD, _NUMBER), _op(_AT_LEAST, _X32, 0, 1), _refuse(errno.ENOSYS)]
    for name in REFUSED:
        code += [_op(_EQUAL, number[name], 0, 1), _refuse(errno.ENOSYS)]
    code += _argument(
        number["clone"], 0, [_op(_AND, NEW_NAMESPACES), _op(_EQUAL, 0, 1, 0), _refuse(errno.EPERM)]
    )
    shared = MAP_SHARED | MAP_ANONYMOUS
    code += _argument(
        number["mmap"], 3, [_op(_AND, shared), _op(_EQUAL, shared, 0, 1), _refuse(errno.EPERM)]
    )
    for name in ("socket", "socketpair"):
        code += _argument(
            number[name], 0, [_op(_EQUAL, AF_UNIX, 1, 0), _refuse(errno.EAFNOSUPPORT)]
        )
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _argument(number: int, position: int, test: list[bytes]) -> list[bytes]:
    """Return a block that tests one argument of one call; flags and families fit its low half."""
    load = _op(_LOAD, _ARGUMENT_0 + 8 * position)
    return [_op(_EQUAL, number, 0, len(test) + 2), load, *test, _op(_RETURN, _ALLOW)]


def _refuse(code: int) -> bytes:
    return _op(_RETURN, _ERRNO | code)


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
