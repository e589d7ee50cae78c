# %% own
import ctypes
import os
import signal

gained = []
libc = ctypes.CDLL(None, use_errno=True)
for name, attempt in {
    "setuid": lambda: os.setuid(0),
    "kill": lambda: os.kill(1, signal.SIGKILL),
    "write": lambda: open("/usr/bin/x", "w"),
    "course": lambda: open("/course/x", "w"),
    "root": lambda: open("/x", "w"),
    "python": lambda: open(os.__file__, "a"),
    "dev": lambda: open("/dev/x", "w"),
    "mknod": lambda: os.mknod("/tmp/disk", 0o660 | 0o060000, os.makedev(254, 0)),
    "chroot": lambda: os.chroot("/tmp"),
    "hostname": lambda: libc.sethostname(b"x", 1) and [][0],
    "umount": lambda: libc.umount2(b"/proc", 2) and [][0],
    "mount": lambda: libc.mount(b"proc", b"/proc", b"proc", 0, None) and [][0],
}.items():
    try:
        attempt()
        gained.append(name)
    except (OSError, IndexError):
        pass
if os.path.exists("/tmp/home/../../proc/1"):
    gained.append("proc")
print("gained", gained if gained != ["kill"] else "nothing gained")
if not gained:
    print("nothing gained")
