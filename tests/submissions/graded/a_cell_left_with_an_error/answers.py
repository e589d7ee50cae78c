# %% own
1 / 0
# %% own
undefined_name
# %% own
raise KeyboardInterrupt
