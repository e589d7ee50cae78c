# %% q01-output_size
def output_size(x, y, k, p, s):
    return (x + 2 * p) // s + 1, (y + 2 * p) // s + 1
