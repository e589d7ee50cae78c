"""Exact integer arithmetic of networks: sizes, parameters, operations, receptive fields.

No torch here: layers are data (`layers`), the formulas take and give ints. Torch is the oracle
of the tests. Sizes are an int, or a pair (height, width).

- `sizes`: `output_size`, `output_shape`, `transposed_output_size`, `same_padding`
- `layers`: `Conv`, `Pool`, `ReLU`, ..., `Residual`, `Parallel`
- `field`: `receptive_field` of any stack
- `tables`: `table`, layer by layer, `total_parameters`, `fixed`
- `text`: `format_table`
"""

from convbook.shapes.field import Axis, Field, receptive_field
from convbook.shapes.integers import Pair, Size
from convbook.shapes.layers import (
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalPool,
    Layer,
    Layers,
    Linear,
    Parallel,
    Pool,
    ReLU,
    Residual,
    Scale,
    Softmax,
    Tanh,
)
from convbook.shapes.naming import named
from convbook.shapes.sizes import (
    output_shape,
    output_size,
    same_padding,
    transposed_output_size,
)
from convbook.shapes.tables import Row, Table, fixed, table, total_parameters
from convbook.shapes.text import format_table

__all__ = [
    "Axis",
    "BatchNorm",
    "Conv",
    "Dropout",
    "Field",
    "Flatten",
    "GlobalAvgPool",
    "GlobalPool",
    "Layer",
    "Layers",
    "Linear",
    "Pair",
    "Parallel",
    "Pool",
    "ReLU",
    "Residual",
    "Row",
    "Scale",
    "Size",
    "Softmax",
    "Table",
    "Tanh",
    "fixed",
    "format_table",
    "named",
    "output_shape",
    "output_size",
    "receptive_field",
    "same_padding",
    "table",
    "total_parameters",
    "transposed_output_size",
]
