# %% q01-conv_weights
print("\ud800")


def conv_weights(k, z):
    raise ValueError("\ud800" * 3)
