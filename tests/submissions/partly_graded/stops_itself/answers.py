# %% q01-dense_weights
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
