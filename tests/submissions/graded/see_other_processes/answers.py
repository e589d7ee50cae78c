# %% own
import os
import signal

alive = []
for pid in [*range(2, 40_000), @PID@]:
    if pid == os.getpid():
        continue
    try:
        os.kill(pid, 0)
        alive.append(pid)
    except ProcessLookupError:
        pass
    except PermissionError:
        alive.append(pid)
for pid in (@PID@, os.getppid()):
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        try:
            os.kill(pid, number)
        except OSError:
            pass
print("others:", len(alive))
