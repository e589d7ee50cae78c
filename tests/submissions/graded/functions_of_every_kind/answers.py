# %% q01-output_size
class OutputSize:
    def __init__(self, first=1):
        self.first = first

    def __call__(self, x, y, k, p, s):
        return iter_to_tuple((side - k + 2 * p) // s + self.first for side in (x, y))


def iter_to_tuple(values):
    return (*values,)


output_size = OutputSize()

# %% q01-conv_weights
import functools
import operator

conv_weights = functools.lru_cache(lambda k, z: functools.reduce(operator.mul, (k, k, z)) + 1)

# %% q02-inputs_seen
class Layers:
    @staticmethod
    def conv(k, z, **_):
        return k**2 * z

    @classmethod
    def dense(cls, x, y, z, **_):
        return x * y * z


def inputs_seen(kind, /, **sizes):
    return getattr(Layers, kind)(**sizes)


inputs_seen = functools.wraps(inputs_seen)(lambda kind, **sizes: getattr(Layers, kind)(**sizes))

# %% q07-first_layer_seeing
def first_layer_seeing(*, layers, size):
    import bisect

    at = bisect.bisect_left(receptive_field(layers), size)
    return at if at < len(layers) else None
