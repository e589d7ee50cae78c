# %% q01-conv_weights
import sys


def conv_weights(k, z):
    sys.displayhook("x")
    return 0
