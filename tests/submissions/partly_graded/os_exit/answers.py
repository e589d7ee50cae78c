# %% q01-dense_weights
import os

os._exit(7)
