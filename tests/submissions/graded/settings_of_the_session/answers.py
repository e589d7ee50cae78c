# %% top
import random
import warnings

import numpy as np
import torch

warnings.simplefilter("error")
np.seterr(all="raise")
np.set_printoptions(precision=2, suppress=True)
torch.set_printoptions(sci_mode=False)
torch.manual_seed(0)
random.seed(0)
