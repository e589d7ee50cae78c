# %% q01-dense_weights
import os

os.abort()
