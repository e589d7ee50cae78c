# %% q01-conv_weights
def conv_weights(k, z):
    return k * k * z

# %% q01-dense_weights
def dense_weights(x, y, z, k, p, s):
    rows, columns = output_size(x, y, k, p, s)
    return x * y * z * rows * columns
