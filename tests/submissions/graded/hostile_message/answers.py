# %% q01-conv_weights
class Hostile(Exception):
    def __str__(self):
        raise SystemExit("no message for you")

    __repr__ = __str__


def conv_weights(k, z):
    raise Hostile
