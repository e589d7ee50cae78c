# %% q02-inputs_seen
import os

os._exit(7)
