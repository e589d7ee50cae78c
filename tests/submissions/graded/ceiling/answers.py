# %% q01-output_size
import math


def output_size(x, y, k, p, s):
    return [math.ceil((side + 2 * p - k) / s) + 1 for side in (x, y)]
