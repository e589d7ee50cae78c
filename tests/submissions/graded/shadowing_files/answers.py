# %% own
import json

import convbook
import numpy

fakes = [each.__name__ for each in (json, convbook, numpy) if hasattr(each, "FAKE")]
print("fakes:", fakes or "the real ones")
# %% q01-conv_weights
def conv_weights(k, z):
    return 0
