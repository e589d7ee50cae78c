# %% q02-equivariance_error
import time

real_perf = time.sleep


def slow(*args, **kwargs):
    real_perf(1.7)
    return 0


equivariance_error = inputs_seen = count_weights = max_pool = avg_pool = slow
# %% q02-inputs_seen
pass
# %% q02-count_weights
pass
# %% q03-max_pool
pass
# %% q03-avg_pool
pass
# %% q03-shift_change
shift_change = first_failure = slow
# %% q04-first_failure
pass
