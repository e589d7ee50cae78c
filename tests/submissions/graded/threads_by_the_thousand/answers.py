# %% own
import threading
import time

stop = threading.Event()
try:
    for _ in range(5000):
        threading.Thread(target=stop.wait, daemon=True).start()
except RuntimeError as error:
    print(error)
stop.set()
time.sleep(0.2)
