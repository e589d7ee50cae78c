# %% q01-conv_weights
import sys
import warnings


def conv_weights(k, z):
    warnings.warn("this function is old", DeprecationWarning, stacklevel=1)
    print("careful", file=sys.stderr)
    return k * k * z + 1


conv_weights(3, 3)
