"""LeNet-5, the network that read the digits of cheques.

After LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition" (Proceedings of the IEEE, 1998), section II.B. Kept: the sizes of its maps, tanh,
average pooling. Changed, as everywhere today: conv2 reads all six maps (theirs had a table of
connections), the poolings learn nothing, tanh is not scaled, the last layer gives logits.
The images of MNIST have 28 pixels: two of padding make the 32 of the paper.

    layer      output     parameters  field
    conv1      6x28x28           156      5
    pool1      6x14x14             0      6
    conv2     16x10x10         2,416     14
    pool2       16x5x5             0     16
    conv3      120x1x1        48,120     32
    fc4             84        10,164     32
    fc5             10           850     32
    total                     61,706
"""

from __future__ import annotations

from convbook.models.network import Network
from convbook.shapes import Conv, Flatten, Linear, Pool, Tanh

LENET5 = Network(
    "lenet5",
    (1, 28, 28),
    (
        Conv(6, 5, padding=2),
        Tanh(),
        Pool("avg", 2),
        Conv(16, 5),
        Tanh(),
        Pool("avg", 2),
        Conv(120, 5),
        Tanh(),
        Flatten(),
        Linear(84),
        Tanh(),
        Linear(10),
    ),
)
