# %% own
raise type("</td><script>alert('owned')</script>", (Exception,), {})("\x1b]0;owned\x07")
# %% q01-conv_weights
def conv_weights(k, z):
    raise ValueError("<script>alert('owned')</script>\x1b[2J" + "x" * 10_000_000)
