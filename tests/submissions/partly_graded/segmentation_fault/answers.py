# %% q02-inputs_seen
import ctypes

ctypes.string_at(0)
