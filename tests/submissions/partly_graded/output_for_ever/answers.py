# %% q01-dense_weights
while True:
    print("still here " * 1000)
