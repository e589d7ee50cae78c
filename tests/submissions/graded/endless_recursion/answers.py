# %% q01-conv_weights
def conv_weights(k, z):
    return conv_weights(k, z)
