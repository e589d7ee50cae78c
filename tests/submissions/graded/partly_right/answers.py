# %% q01-conv_weights
def conv_weights(k, z):
    return k * k * z + 1

# %% q02-count_weights
def count_weights(kind, x, y, z, k, c):
    if kind == "conv":
        return c * conv_weights(k, z)
    return 0

# %% [markdown] q02-prose
# A convolution has **far fewer** weights: <b>the same filter</b> is used at every place.
