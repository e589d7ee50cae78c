# %% own
import sys


def refuse(event, args):
    if event not in ("sys.unraisablehook",):
        raise RuntimeError(event)


print("refusing", flush=True)
sys.addaudithook(refuse)
