"""Shapes: the rules, the numbers of the lectures, and what is refused, each with its message."""

import math
import subprocess
import sys

import numpy as np
import pytest

from convbook.errors import ShapeError
from convbook.shapes import (
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GlobalPool,
    Layer,
    Linear,
    Parallel,
    Pool,
    ReLU,
    Residual,
    Scale,
    fixed,
    format_table,
    named,
    output_shape,
    output_size,
    receptive_field,
    same_padding,
    table,
    total_parameters,
    transposed_output_size,
)

PRACTICAL = (
    *(Conv(32, 5, padding=2), ReLU(), Pool("max", 2)),
    *(Conv(64, 5, padding=2), ReLU(), Pool("max", 2)),
    *(Conv(64, 5, padding=2), ReLU(), Pool("max", 2)),
    *(Flatten(), Linear(1000), ReLU(), Linear(10)),
)


def test_shapes_know_no_torch():
    code = "import sys, convbook.shapes; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Numbers that the lectures state.


def test_alexnet_first_layer():
    (row,) = table([Conv(96, 11, stride=4)], (3, 227, 227))
    assert row.output_shape == (96, 55, 55)
    assert row.parameters == 34_944
    assert row.macs == 105_415_200


def test_eight_filters_against_a_fully_connected_layer():
    (conv,) = table([Conv(8, 5)], (3, 32, 32))
    assert (conv.parameters, conv.output_shape) == (608, (8, 28, 28))
    assert table([Flatten(), Linear(28 * 28 * 8)], (3, 32, 32))[-1].parameters == 19_273_856


def test_three_small_kernels_against_one_of_seven():
    small = table([Conv(64, 3, padding=1, bias=False)] * 3, (64, 32, 32))
    (large,) = table([Conv(64, 7, padding=3, bias=False)], (64, 32, 32))
    assert small[-1].receptive_field == large.receptive_field == 7
    assert 1 - total_parameters(small) / large.parameters == pytest.approx(0.45, abs=0.005)


def test_first_layer_of_googlenet():
    (row,) = table([Conv(64, 7, stride=2, padding=3, bias=False)], (3, 224, 224))
    assert (row.output_shape, row.parameters) == ((64, 112, 112), 9_408)


INCEPTION = {
    "naive": (
        (Conv(128, 1),),
        (Conv(192, 3, padding=1),),
        (Conv(96, 5, padding=2),),
        (Pool("max", 3, 1, 1),),
    ),
    "bottlenecks": (
        (Conv(128, 1),),
        (Conv(64, 1), Conv(192, 3, padding=1)),
        (Conv(64, 1), Conv(96, 5, padding=2)),
        (Pool("max", 3, 1, 1), Conv(64, 1)),
    ),
}


@pytest.mark.parametrize(
    ("module", "channels", "macs"), [("naive", 672, 854_196_224), ("bottlenecks", 480, 271_351_808)]
)
def test_operations_of_an_inception_module(module, channels, macs):
    rows = table([Parallel(INCEPTION[module])], (256, 28, 28))
    assert rows[-1].output_shape == (channels, 28, 28)
    assert sum(row.macs for row in rows) == macs


def test_practical_layer_by_layer():
    rows = table(PRACTICAL, (3, 32, 32))
    weighted = [row for row in rows if row.parameters]
    assert [(row.name, row.parameters) for row in weighted] == [
        ("conv1", 2_432),
        ("conv2", 51_264),
        ("conv3", 102_464),
        ("fc4", 1_025_000),
        ("fc5", 10_010),
    ]
    assert [row.macs for row in weighted] == [2_457_600, 13_107_200, 6_553_600, 1_024_000, 10_000]
    assert total_parameters(rows) == 1_191_170


# Receptive fields.


def test_field_is_an_int_or_a_pair():
    square = receptive_field([Conv(1, 3), Conv(1, 3, stride=2)])
    assert (square.size, square.jump, square.start) == (5, 2, 0)
    flat = receptive_field([Conv(1, (1, 7), padding=(0, 3)), Conv(1, (3, 1), stride=(2, 1))])
    assert (flat.size, flat.jump, flat.start) == ((3, 7), (2, 1), (0, -3))


def test_pixels_of_one_output():
    field = receptive_field([Conv(1, 5, padding=2), Pool("max", 2)])
    assert field.width.pixels(0) == range(-2, 4)
    assert field.width.pixels(3) == range(4, 10)


def test_fully_connected_layer_sees_what_its_convolution_sees():
    dense = table([Conv(4, 5, 2, 2), Flatten(), Linear(7), Linear(3)], (3, 16, 16))
    slid = table([Conv(4, 5, 2, 2), Conv(7, 8), Conv(3, 1)], (3, 16, 16))
    assert [(r.receptive_field, r.jump, r.start) for r in dense[2:]] == [
        (r.receptive_field, r.jump, r.start) for r in slid[1:]
    ]
    assert [r.parameters for r in dense[2:]] == [r.parameters for r in slid[1:]]


def test_field_of_a_block_holds_those_of_its_branches():
    wide, narrow = Conv(4, 5, padding=2), Conv(4, 3)
    field = receptive_field([Parallel(((wide,), (narrow, Conv(4, 1))))])
    assert (field.size, field.start) == (5, -2)
    left, right = (Conv(1, 2, padding=1),), (Conv(1, 2),)
    for block in (Residual(left, right), Residual(right, left)):
        shifted = receptive_field([block])
        assert (shifted.size, shifted.start) == (3, -1)


# Tables and names.


def test_names_count_the_layers_with_weights():
    layers = [Conv(4, 3), ReLU(), ReLU(), Conv(4, 3, name="stem"), ReLU(), Flatten(), Linear(2)]
    assert [name for name, _ in named(layers)] == [
        *("conv1", "relu1", "relu1_2", "stem", "relu2", "flatten", "fc3")
    ]


def test_layer_shows_what_was_given():
    block = Residual((Conv(3, 3, padding=1, bias=False), ReLU()), (Conv(3, 1, name="side"),))
    assert repr(block) == (
        "Residual(layers=(Conv(channels=3, kernel_size=3, padding=1, bias=False), ReLU()), "
        "shortcut=(Conv(name='side', channels=3, kernel_size=1),))"
    )
    assert repr(Pool("max", 2, name="p")) == "Pool(name='p', kind='max', kernel_size=2)"


def test_block_names_its_layers():
    block = Residual((Conv(3, 3, padding=1), BatchNorm()), (Conv(3, 1),))
    rows = table([Conv(3, 1), block], (3, 8, 8))
    assert [row.name for row in rows] == [
        *("conv1", "res2.layers.conv1", "res2.layers.bn1", "res2.shortcut.conv1", "res2")
    ]
    assert rows[-1].parameters == 0


def test_fixed_writes_the_inputs_down_inside_blocks_too():
    layers = (
        Residual((Conv(3, 1),)),
        Parallel(((Conv(2, 1),), (Conv(5, 1),))),
        GlobalAvgPool(),
        Linear(4),
    )
    assert fixed(layers, (3, 8, 8)) == (
        Residual((Conv(3, 1, in_channels=3),)),
        Parallel(((Conv(2, 1, in_channels=3),), (Conv(5, 1, in_channels=3),))),
        GlobalAvgPool(),
        Linear(4, in_features=7),
    )


TEXT = """\
layer    kind     output  weights  biases  parameters   MACs  field  jump
-------------------------------------------------------------------------
conv1    Conv     2×6×8        30       2          32  1,440    1×5     1
pool1    MaxPool  2×3×4         0       0           0      0    2×6     2
flatten  Flatten  24            0       0           0      0    2×6     2
-------------------------------------------------------------------------
total                          30       2          32  1,440"""  # noqa: RUF001
SMALL = (Conv(2, (1, 5), padding=(0, 2)), Pool("max", 2), Flatten())


def test_table_as_text():
    rows = table(SMALL, (3, 6, 8))
    assert str(rows) == TEXT
    assert format_table(rows) == TEXT


def test_table_as_markdown_and_html():
    rows = table(SMALL, (3, 6, 8))
    markdown = format_table(rows, style="markdown").splitlines()
    assert markdown[0].startswith("| layer | kind | output |")
    assert markdown[1] == "| :-- | :-- | :-- | --: | --: | --: | --: | --: | --: |"
    assert markdown[2].startswith("| conv1 | Conv | 2×6×8 | 30 | 2 | 32 | 1,440 |")  # noqa: RUF001
    assert rows._repr_html_() == format_table(rows, style="html")
    assert rows._repr_html_().count("<tr>") == 5
    assert '<td style="text-align: right">1,440</td>' in rows._repr_html_()


def test_no_layers_no_rows():
    assert table([], (3, 8, 8)) == ()
    assert "total" in str(table([], (3, 8, 8)))
    assert receptive_field([]).size == 1


def test_numpy_integers_and_lists_are_sizes():
    assert output_size(np.int64(32), np.int32(5)) == 28
    assert type(output_size(np.int64(32), np.int32(5))) is int
    assert output_shape([32, 16], [5, 3]) == (28, 14)
    assert table([Conv(2, [3, 3])], [1, 8, 8])[0].output_shape == (2, 6, 6)


# What is refused: (call, what the message must hold in this order: asked, got, rule, next step).

REFUSED = {
    "float": (lambda: output_size(32.0, 5), "size", "32.0 of type float", "whole number", "//"),
    "bool": (lambda: output_size(32, True), "kernel_size", "True of type bool", "whole", "int"),
    "array of floats": (
        lambda: output_size(np.array(32.0), 5),
        *("size", "array(32.) of type ndarray", "whole number", "int"),
    ),
    "numpy bool": (lambda: output_size(32, np.True_), "kernel_size", "True", "whole", "int"),
    "text": (lambda: output_size("32", 5), "size", "'32' of type str", "whole number", "int"),
    "none": (lambda: output_size(32, None), "kernel_size", "None", "whole number", "int"),
    "negative size": (lambda: output_size(-4, 1), "size", "-4", "at least 1", "sign"),
    "zero kernel": (lambda: output_size(4, 0), "kernel_size", "0", "at least 1", "check"),
    "zero stride": (lambda: output_size(4, 2, stride=0), "stride", "0", "at least 1", "check"),
    "negative padding": (
        *(lambda: output_size(4, 2, padding=-1), "padding", "-1", "at least 0", "sign"),
    ),
    "zero dilation": (
        *(lambda: output_size(4, 2, dilation=0), "dilation", "0", "at least 1", "check"),
    ),
    "kernel too large": (
        lambda: output_size(4, 7, padding=1),
        *("kernel of 7 over 4 pixels", "size=4, padding=1", "spans 7", "= 6", "smaller kernel"),
    ),
    "dilated kernel too large": (
        lambda: output_size(4, 3, dilation=2),
        *("kernel of 3", "dilation=2", "spans 5 pixels", "= 4", "smaller"),
    ),
    "three sizes": (
        *(lambda: output_shape((4, 4, 4), 2), "size", "(4, 4, 4)", "(height, width)", "pair"),
    ),
    "float on one axis": (
        lambda: output_shape((4, 4.5), 2),
        *("size along W", "4.5 of type float", "whole number", "int"),
    ),
    "padding in ceil mode": (
        lambda: output_size(8, 2, padding=2, ceil_mode=True),
        *("Padding a pooling", "padding=2, kernel_size=2", "half", "at most 1"),
    ),
    "even kernel for same": (
        lambda: same_padding(4),
        *("keeps the size", "kernel_size=4", "odd", "3 or 5"),
    ),
    "nothing left, transposed": (
        lambda: transposed_output_size(1, 3, padding=2),
        *("transposed", "padding=2", "3 - 2 x 2", "less padding"),
    ),
    "output padding": (
        lambda: transposed_output_size(4, 3, stride=2, output_padding=2),
        *("transposed", "output_padding=2, stride=2", "smaller than", "below"),
    ),
    "pool padding": (
        lambda: Pool("max", 3, padding=2),
        *("Padding a pooling", "padding=2, kernel_size=3", "half", "at most 1"),
    ),
    "pool padding on one axis": (
        lambda: Pool("avg", (4, 2), padding=(2, 2)),
        *("Padding a pooling", "padding=2, kernel_size=2", "half", "at most 1"),
    ),
    "kind of pooling": (
        *(lambda: Pool("mean", 2), "Writing a pooling", "'mean'", '"max" and "avg"', 'Pool("max"'),
    ),
    "kind of global pooling": (
        *(lambda: GlobalPool("sum"), "Writing a pooling", "'sum'", '"max" and "avg"', "write"),
    ),
    "scale": (
        lambda: Scale(math.inf),
        "Writing a scale",
        "factor=inf",
        "a finite number",
        "Scale(0.5)",
    ),
    "dropout": (lambda: Dropout(1.5), "Writing a dropout", "1.5", "from 0 to 1", "Dropout(0.5)"),
    "no channels": (lambda: Conv(0, 3), "channels", "0", "at least 1", "check"),
    "float features": (lambda: Linear(10.0), "features", "10.0", "whole number", "int"),
    "float in_features": (lambda: Linear(10, in_features=2.5), "in_features", "2.5", "whole", "//"),
    "bool in_channels": (lambda: Conv(1, 1, in_channels=True), "in_channels", "True", "whole"),
    "no branches": (lambda: Parallel(()), "parallel", "none", "at least one", "tuple of tuples"),
    "a layer for layers": (
        lambda: Residual(Conv(3, 3)),
        *("Reading the layers", "Conv(", "tuple of layers", "in a tuple"),
    ),
    "no layer": (
        lambda: table([Conv(4, 3), "relu"], (3, 8, 8)),
        *("Reading the layers", "'relu'", "tuple of layers", "write it as"),
    ),
    "no layers": (
        *(lambda: table("conv", (3, 8, 8)), "Reading the layers", "'conv'", "tuple", "write it as"),
    ),
    "unknown kind": (
        lambda: table([type("Mystery", (Layer,), {})()], (3, 8, 8)),
        *("Naming a layer", "Mystery", "kinds of layers", "use one of them"),
    ),
    "name": (
        lambda: table([Conv(4, 3, name="conv.1")], (3, 8, 8)),
        *("Naming a layer", "'conv.1'", "letters", "conv1"),
    ),
    "input with a batch": (
        lambda: table([Conv(4, 3)], (1, 3, 32, 32)),
        *("input's shape", "(1, 3, 32, 32)", "batch is left out", "(3, 32, 32)"),
    ),
    "input of one number": (
        lambda: table([Conv(4, 3)], 32),
        *("input's shape", "32", "(C, H, W)", "(3, 32, 32)"),
    ),
    "float input": (
        lambda: table([Conv(4, 3)], (3, 32, 16.0)),
        *("size of the input", "16.0 of type float", "whole number", "int"),
    ),
    "kernel too large in a table": (
        lambda: table([Conv(4, 3), Pool("max", 2), Conv(4, 7)], (3, 8, 8)),
        *("Computing conv2. Sliding a kernel of 7 over 3", "size=3", "spans 7", "smaller"),
    ),
    "linear before flatten": (
        lambda: table([Conv(4, 3), Linear(10)], (3, 8, 8)),
        *("Computing fc2", "(4, 6, 6)", "vector", "Flatten()"),
    ),
    "conv after flatten": (
        lambda: table([Flatten(), Conv(4, 3)], (3, 8, 8)),
        *("Computing conv1, a Conv", "192 features", "(C, H, W)", "before the Flatten"),
    ),
    "channels": (
        lambda: table([Conv(4, 3), Conv(4, 3, in_channels=3)], (3, 8, 8)),
        *("Computing conv2", "4 channels", "made for 3", "in_channels out"),
    ),
    "features": (
        lambda: table([Flatten(), Linear(4, in_features=1024)], (3, 8, 8)),
        *("Computing fc1", "192 features", "each of 1024", "convolution"),
    ),
    "groups": (
        lambda: table([Conv(4, 3, groups=2)], (3, 8, 8)),
        *("Computing conv1", "3 channels in, 4 out, 2 groups", "equally", "divides both"),
    ),
    "sum of shapes": (
        lambda: table([Residual((Conv(4, 3, padding=1),))], (3, 8, 8)),
        *("branches of res1", "(4, 8, 8) and (3, 8, 8)", "equal shapes", "1x1"),
    ),
    "inside a block": (
        lambda: table([Residual((Conv(3, 9),))], (3, 8, 8)),
        *("Computing res1.layers.conv1", "size=8", "spans 9", "smaller"),
    ),
    "side by side": (
        lambda: table([Parallel(((Conv(4, 3),), (Conv(4, 1),)))], (3, 8, 8)),
        *("branches of parallel1", "(4, 6, 6) and (4, 8, 8)", "may differ", "match"),
    ),
    "strides of branches": (
        lambda: receptive_field([Residual((Conv(3, 3, stride=2, padding=1),))]),
        *("branches of res1", "[2, 1]", "same stride", "shortcut"),
    ),
    "field of a linear": (
        lambda: receptive_field([Conv(4, 3), Flatten(), Linear(10)]),
        *("without an image", "fc2", "whole input", "table(layers, input_shape)"),
    ),
    "field of a global pooling": (
        lambda: receptive_field([GlobalAvgPool()]),
        *("without an image", "pool0", "whole input", "table(layers, input_shape)"),
    ),
    "style": (
        lambda: format_table(table(SMALL, (3, 8, 8)), style="latex"),
        *("Formatting a table", "'latex'", '"text", "markdown" and "html"', "choose"),
    ),
}


@pytest.mark.parametrize(("call", "words"), [(c, w) for c, *w in REFUSED.values()], ids=[*REFUSED])
def test_refused(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    message = str(caught.value)
    for word in words:
        assert word in message
    positions = [message.index(label) for label in ("\n  got:", "\n  rule:", "\n  next:")]
    assert positions == sorted(positions)
    assert isinstance(caught.value, ValueError)
