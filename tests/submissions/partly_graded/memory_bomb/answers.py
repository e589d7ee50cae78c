# %% q01-dense_weights
hoard = []
while True:
    hoard.append(b"x" * 50_000_000)
