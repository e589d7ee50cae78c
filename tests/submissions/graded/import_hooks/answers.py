# %% own
import builtins
import sys

real = builtins.__import__


class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.stderr.write(f"asked for {name}\n")


sys.meta_path.insert(0, Finder())
builtins.__import__ = lambda *args, **kwargs: real(*args, **kwargs)
sys.addaudithook(lambda event, args: None)
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)
print("hooked")
