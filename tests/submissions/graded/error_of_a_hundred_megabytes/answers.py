# %% own
raise ValueError("x" * 100_000_000)
# %% q01-conv_weights
def conv_weights(k, z):
    raise type("E" * 1_000_000, (Exception,), {})("x" * 100_000_000)
