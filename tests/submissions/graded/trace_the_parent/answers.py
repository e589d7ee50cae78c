# %% own
import ctypes
import os

libc, succeeded = ctypes.CDLL(None, use_errno=True), []
parent, buffer = os.getppid(), ctypes.create_string_buffer(64)


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


for number in (1, parent, @PID@):
    if libc.ptrace(16, number, None, None) == 0:  # PTRACE_ATTACH
        succeeded.append(f"trace {number}")
    here, there = Piece(ctypes.addressof(buffer), 64), Piece(ctypes.addressof(buffer), 64)
    if libc.process_vm_readv(number, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        succeeded.append(f"memory of {number}")
    for name in ("mem", "environ", "root", "fd", "ns/mnt"):
        if os.path.exists(f"/proc/{number}/{name}"):
            succeeded.append(f"{name} of {number}")
    handle = libc.syscall(434, number, 0)  # pidfd_open
    if handle >= 0 and libc.syscall(438, handle, 3, 0) >= 0:  # pidfd_getfd
        succeeded.append(f"files of {number}")
print("succeeded:", succeeded)
