# %% q01-conv_weights
π, größe, 变量 = 3, "größe", "变量"


def conv_weights(k, z):
    """‮نص من اليمين‬ 🧨 é é ﷽ ​."""
    return k * k * z + 1


print("مرحبا", π, größe, 变量, "🧨‍🔬", "\N{ZERO WIDTH SPACE}")
# %% [markdown] q01-prose
# ‮نص من اليمين‬ 🧨 ﷽ and a line separator
