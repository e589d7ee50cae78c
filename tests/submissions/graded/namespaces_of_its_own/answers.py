# %% own
import ctypes
import os

libc, gained = ctypes.CDLL(None, use_errno=True), []
names = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000}
for name, flag in names.items():
    # As root of a user namespace of its own, a process may mount file systems without a limit.
    pid = os.fork()
    if pid == 0:
        os._exit(0 if libc.unshare(flag) == 0 else 1)
    if os.waitpid(pid, 0)[1] == 0:
        gained.append(name)
print("gained:", gained)
