# %% q01-output_size
import numpy as np
import torch


def output_size(x, y, k, p, s):
    sides = (np.array([x, y]) + 2 * p - k) // s + 1
    return tuple(sides)


# %% q01-conv_weights
def conv_weights(**sizes):
    return torch.tensor(sizes["k"] ** 2 * sizes["z"] + 1)
