# %% own
import os
import stat

kinds = {stat.S_ISFIFO: "pipe", stat.S_ISCHR: "char", stat.S_ISREG: "file", stat.S_ISSOCK: "socket",
         stat.S_ISDIR: "folder"}
opened, found = [], set()
for fd in range(4096):
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        continue
    opened.append(fd)
    found |= {name for is_kind, name in kinds.items() if is_kind(mode)}
print("open:", opened, "of kinds", sorted(found))
