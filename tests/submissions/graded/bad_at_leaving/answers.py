# %% own
import atexit
import faulthandler
import signal
import threading
import time

faulthandler.enable(open("faults", "w"))
faulthandler.dump_traceback_later(3600, exit=False)  # as it runs, it may end the process
atexit.register(time.sleep, 3600)
threading.Thread(target=time.sleep, args=(3600,)).start()


class Clinging:
    def __del__(self):
        time.sleep(3600)


clinging = Clinging()
clinging.itself = clinging
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
print("prepared")
