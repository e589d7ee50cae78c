# %% q01-conv_weights
def conv_weights(k, z):
    deep = []
    for _ in range(10_000):
        deep = [deep]
    return deep if z > 1 else [0] * 100_000_000
