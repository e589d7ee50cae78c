# %% q01-conv_weights
def conv_weights(k, z)
    return k * k * z + 1
