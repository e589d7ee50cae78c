# %% own
import time
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
# %% own
time.sleep(6)
