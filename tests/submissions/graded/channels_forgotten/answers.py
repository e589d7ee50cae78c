# %% q01-conv_weights
def conv_weights(k, z):
    return k * k + 1

# %% q02-count_weights
def count_weights(kind, x, y, z, k, c):
    return c * conv_weights(k, z) if kind == "conv" else (x * y * z + 1) * x * y * c
