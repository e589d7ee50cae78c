# %% own
import sys
import types

print("replaced")
get_ipython().user_ns = {}
get_ipython().user_module = sys.modules["__main__"] = types.ModuleType("__main__")
