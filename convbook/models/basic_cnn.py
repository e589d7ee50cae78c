"""The `BasicCNNModel` that closes one of the lectures behind this book, with its faults named.

Two convolutions of 3x3, the largest value of each map, one fully-connected layer: an answer of
ten classes for each cell of a grid of 10x10.

    layer     output     parameters  field
    conv1     50x8x8          1,400      3
    conv2     100x6x6        45,100      5
    pool2     100                 0     10
    fc3       1000          101,000     10
    total                   147,500

What is wrong in the original, and what became of it here:

1. It ends in a softmax, but the cross-entropy of torch takes logits and applies its own: the
   loss of a perfect answer among 1000 then stays near 5.9. Left out here.
2. In each forward pass it assigns `in_features` to its convolutions and `out_features` to its
   last layer, to fit other sizes. A `Conv2d` has no `in_features` to be read, and the weights
   were made before: nothing changes but a label. Here sizes are data, fixed when built.
3. The size of the input is an argument that nothing reads. Here it is read, to build the layers.
4. The maximum over the whole map forgets where things are, and then a grid has to be painted,
   cell by cell. Kept: a pattern that moves by a pixel gives the very same answer, as the tests
   show.
5. Its softmax would share one probability among all 1000 outputs; ten classes a cell need one
   softmax a cell. Reshape the logits to (N, 10, 10, 10) before the loss.
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import Conv, GlobalPool, Linear, ReLU

CELLS, CLASSES = 10 * 10, 10

BASIC_CNN = Network(
    "basic_cnn",
    (3, 10, 10),
    (Conv(50, 3), ReLU(), Conv(100, 3), ReLU(), GlobalPool("max"), Linear(CELLS * CLASSES)),
)
