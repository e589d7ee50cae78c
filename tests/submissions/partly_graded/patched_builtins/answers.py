# %% own
import builtins

builtins.isinstance = lambda *args: True
builtins.len = lambda value: 0
builtins.type = lambda *args: int
builtins.print("patched", flush=True)
