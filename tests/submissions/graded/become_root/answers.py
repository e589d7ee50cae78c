# %% own
import ctypes
import os
import shutil
import signal
import subprocess

import convbook

gained = []
libc = ctypes.CDLL(None, use_errno=True)


def well(result):
    if result < 0:
        raise OSError


def setuid_program():
    su = shutil.which("su") or "/usr/bin/su"
    return subprocess.run([su, "-c", "id"], capture_output=True, timeout=3, check=True)


for name, attempt in {
    "setuid": lambda: os.setuid(0),
    "setgid": lambda: os.setgid(0),
    "setgroups": lambda: os.setgroups([0]),
    "su": setuid_program,
    "write": lambda: open("/usr/bin/x", "w"),
    "convbook": lambda: open(convbook.__file__, "a"),
    "root": lambda: open("/x", "w"),
    "python": lambda: open(os.__file__, "a"),
    "proc": lambda: open("/proc/sys/kernel/core_pattern", "w"),
    "dev": lambda: open("/dev/x", "w"),
    "mknod": lambda: os.mknod("/tmp/disk", 0o660 | 0o060000, os.makedev(254, 0)),
    "chroot": lambda: os.chroot("/tmp"),
    "hostname": lambda: well(libc.sethostname(b"x", 1)),
    "umount": lambda: well(libc.umount2(b"/proc", 2)),
    "mount": lambda: well(libc.mount(b"proc", b"/proc", b"proc", 0, None)),
    "remount": lambda: well(libc.mount(None, b"/", None, 4128, None)),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
    "realtime": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    "clock": lambda: well(libc.settimeofday(ctypes.byref((ctypes.c_long * 2)(0, 0)), None)),
    "keys": lambda: well(libc.syscall(248, b"user", b"leftover", b"x", 1, -4)),
    "bpf": lambda: well(libc.syscall(321, 0, ctypes.byref((ctypes.c_char * 120)()), 72)),
    "kernel log": lambda: well(libc.klogctl(3, ctypes.create_string_buffer(100), 100)),
    "reboot": lambda: well(libc.syscall(169, 0xFEE1DEAD, 672274793, 0x89ABCDEF, None)),
}.items():
    try:
        attempt()
        gained.append(name)
    except (OSError, subprocess.SubprocessError):
        pass
gained += [f"uid {os.getuid()}"] if 0 in os.getresuid() else []
print("gained:", gained)
