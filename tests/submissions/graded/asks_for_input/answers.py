# %% q01-conv_weights
name = input("Your name? ")


def conv_weights(k, z):
    return k * k * z + 1
