# %% q01-dense_weights
import ctypes

ctypes.string_at(0)
