# %% q02-inputs_seen
import time

while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
