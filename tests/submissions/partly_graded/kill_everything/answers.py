# %% q01-output_size
import os
import signal
import subprocess
import sys

# A process that outlives this one and goes on killing.
code = "import os, time\nwhile True:\n  os.kill(-1, 9); time.sleep(.01)"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
os.kill(os.getpid(), signal.SIGKILL)
