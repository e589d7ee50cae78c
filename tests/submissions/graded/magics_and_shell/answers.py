# %% own
%matplotlib inline
%config InlineBackend.figure_format = "retina"
%load_ext autoreload
%autoreload 2
!echo from the shell
files = !ls
first_cell = 42
# %% own
%%bash
echo and from a script
# %% own
%%timeit -q -n 1 -r 1
sum(range(100))
# %% own
%%javascript
document.title = "changed";
# %% own
%%writefile helper.py
ANSWER = 42
# %% own
from IPython.display import clear_output, display
from ipywidgets import IntSlider
from tqdm.auto import tqdm

import helper

clear_output()
display(IntSlider())
for _ in tqdm(range(3), bar_format="{percentage:.0f} %"):
    pass
print("the answer is", helper.ANSWER, "and", first_cell)
# %% q01-conv_weights
%%capture
%time
def conv_weights(k, z):
    return k * k * z + 1
