# %% own
import os
import zipfile

for folder in (".", "/tmp", "/var/tmp", "/dev/shm", "/", "/root", "@COURSE@", ".."):
    try:
        with open(f"{folder}/leftover-{os.getpid()}", "w") as file:
            file.write("here to stay")
        os.chmod(f"{folder}/leftover-{os.getpid()}", 0o4777)
        os.symlink("/etc/passwd", f"{folder}/leftover-link")
        os.mkfifo(f"{folder}/leftover-pipe")
        os.makedirs(f"{folder}/leftover-a/b/c")
    except OSError:
        pass
with zipfile.ZipFile("leftover.zip", "w") as archive:
    archive.writestr("../../../../gradebook.db", "nothing")
np.save("leftover.npy", np.array([print], dtype=object), allow_pickle=True)
os.makedirs(".ipython/profile_default/startup", exist_ok=True)
print("written")
