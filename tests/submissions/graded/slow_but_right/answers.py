# %% q01-conv_weights
import time


def conv_weights(k, z):
    time.sleep(0.2)
    total = 1
    for _ in range(k * k * z):
        total += 1
    return total
