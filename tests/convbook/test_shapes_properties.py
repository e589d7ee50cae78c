"""Shapes against torch on thousands of random cases: sizes, tables, receptive fields."""

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from convbook.errors import ShapeError
from convbook.models import Network, build
from convbook.shapes import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalPool,
    Linear,
    Parallel,
    Pool,
    ReLU,
    Residual,
    Scale,
    Tanh,
    fixed,
    named,
    output_shape,
    output_size,
    receptive_field,
    same_padding,
    table,
    transposed_output_size,
)
from tests.convbook.torch_oracle import measured_field, measured_shapes, slide

many = settings(max_examples=300, deadline=None, derandomize=True)
some = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)


def answer(call, *errors):
    """Return what the call returns, or None when it refuses."""
    try:
        return call()
    except errors:
        return None


def numbers(largest):
    return st.integers(1, largest)


windows = st.fixed_dictionaries(
    {
        "size": numbers(24),
        "kernel_size": numbers(8),
        "stride": numbers(6),
        "padding": st.integers(0, 6),
        "dilation": numbers(4),
        "ceil_mode": st.booleans(),
    }
)


@given(windows)
@many
def test_output_size_is_torchs_or_both_refuse(case):
    ours = answer(lambda: output_size(**case), ShapeError)
    assert ours == answer(lambda: slide(**case), RuntimeError)


rectangles = st.fixed_dictionaries(
    {
        "kernel_size": st.tuples(numbers(5), numbers(5)),
        "stride": st.tuples(numbers(4), numbers(4)),
        "padding": st.tuples(st.integers(0, 3), st.integers(0, 3)),
        "dilation": st.tuples(numbers(3), numbers(3)),
        "ceil_mode": st.booleans(),
    }
)


@given(st.tuples(numbers(16), numbers(16)), rectangles)
@many
def test_output_shape_is_torchs_or_both_refuse(shape, case):
    x = torch.zeros(1, 1, *shape)
    without = {key: value for key, value in case.items() if key != "ceil_mode"}
    layer = nn.MaxPool2d(**case) if case["ceil_mode"] else nn.Conv2d(1, 1, **without)
    ours = answer(lambda: output_shape(shape, **case), ShapeError)
    assert ours == answer(lambda: tuple(layer(x).shape[2:]), RuntimeError)


@given(
    st.fixed_dictionaries(
        {
            "size": numbers(8),
            "kernel_size": numbers(6),
            "stride": numbers(5),
            "padding": st.integers(0, 6),
            "dilation": numbers(3),
            "output_padding": st.integers(0, 5),
        }
    )
)
@many
def test_transposed_output_size_is_torchs_or_both_refuse(case):
    ours = answer(lambda: transposed_output_size(**case), ShapeError)
    size, rest = case["size"], {key: value for key, value in case.items() if key != "size"}
    layer = nn.ConvTranspose1d(1, 1, **rest)
    theirs = answer(lambda: layer(torch.zeros(1, 1, size)).shape[-1], RuntimeError)
    assert ours == theirs


@given(numbers(20), numbers(6), numbers(5), st.integers(0, 4))
@many
def test_transposed_convolution_gives_the_size_back(size, kernel_size, stride, padding):
    numbers = {"stride": stride, "padding": padding}
    if (small := answer(lambda: output_size(size, kernel_size, **numbers), ShapeError)) is None:
        return
    left_over = (size + 2 * padding - kernel_size) % stride
    back = transposed_output_size(small, kernel_size, output_padding=left_over, **numbers)
    assert back == size


@given(st.integers(0, 10), numbers(5), numbers(40))
@many
def test_same_padding_keeps_the_size(half, dilation, size):
    kernel_size = 2 * half + 1
    padding = same_padding(kernel_size, dilation)
    assert output_size(size, kernel_size, padding=padding, dilation=dilation) == size
    assert slide(size, kernel_size, padding=padding, dilation=dilation) == size


def sizes(largest, smallest=1):
    """Return ints and (H, W) pairs."""
    one = st.integers(smallest, largest)
    return one | st.tuples(one, one)


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    return Conv(
        groups * draw(numbers(3)) * 2,
        draw(sizes(4)),
        stride=draw(sizes(3)),
        padding=draw(sizes(3, 0)),
        dilation=draw(sizes(2)),
        bias=draw(st.booleans()),
        groups=groups,
    )


@st.composite
def poolings(draw, kinds=("max", "avg")):
    kernel = draw(st.tuples(numbers(3), numbers(3)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride = draw(st.none() | sizes(3))
    return Pool(draw(st.sampled_from(kinds)), kernel, stride, padding, draw(st.booleans()))


@st.composite
def residuals(draw):
    """Return blocks whose two branches step alike, though they may see different pixels."""
    channels, stride = 2 * draw(numbers(2)), draw(numbers(2))
    kernel = draw(st.sampled_from([1, 3, 5]))
    body = (Conv(channels, kernel, stride, kernel // 2), Tanh(), Conv(channels, 3, padding=1))
    return Residual(body, (Conv(channels, 1, stride),))


@st.composite
def parallels(draw):
    def branch(kernel, channels):
        return Conv(2 * channels, kernel, padding=same_padding(kernel)), ReLU()

    shapes = st.tuples(st.sampled_from([1, 3, 5]), numbers(2))
    branches = [branch(*shape) for shape in draw(st.lists(shapes, min_size=1, max_size=3))]
    pool = (Pool("avg", 3, 1, 1),)
    return Parallel((*branches, pool) if draw(st.booleans()) else tuple(branches))


element_wise = st.sampled_from([ReLU(), Tanh(), Scale(0.5), BatchNorm()])
stacks = st.lists(
    convolutions() | poolings() | residuals() | parallels() | element_wise, max_size=5
)
heads = st.sampled_from(
    [
        (),
        (Flatten(), Linear(5), BatchNorm(), Linear(3, bias=False)),
        (GlobalPool("avg"), Linear(4)),
        (GlobalPool("max"),),
    ]
)


@given(stacks, heads, st.tuples(st.sampled_from([2, 4]), numbers(14), numbers(14)))
@some
def test_table_is_what_torch_builds(stack, head, input_shape):
    layers = (*stack, *head)
    rows = answer(lambda: table(layers, input_shape), ShapeError)
    if rows is None:
        return
    module = build(Network("random", input_shape, layers))
    assert measured_shapes(module, input_shape) == {row.name: row.output_shape for row in rows}
    for row in rows:
        own = dict(module.get_submodule(row.name).named_parameters(recurse=False))
        assert row.weights == (own["weight"].numel() if "weight" in own else 0)
        assert row.biases == (own["bias"].numel() if own.get("bias") is not None else 0)
    assert table(fixed(layers, input_shape), input_shape) == rows


@given(stacks, st.tuples(st.sampled_from([2, 4]), numbers(9), numbers(9)))
@some
def test_what_table_refuses_torch_refuses_too(stack, input_shape):
    """A stack that `table` refuses fails in torch as well, built for images that it takes."""
    large = (input_shape[0], 97, 97)
    if answer(lambda: table(stack, large), ShapeError) is None:
        return
    fits = answer(lambda: table(stack, input_shape), ShapeError) is not None
    module = build(Network("random", large, tuple(stack))).eval()
    runs = answer(lambda: module(torch.zeros(1, *input_shape)), RuntimeError, ValueError)
    assert fits == (runs is not None)


smooth = convolutions() | poolings(kinds=("avg",)) | residuals() | parallels() | element_wise


@given(st.lists(smooth, max_size=4))
@some
def test_receptive_field_is_the_support_of_the_gradient(layers):
    field = receptive_field(layers)
    if max(field.height.size, field.width.size) > 70:
        return
    assert measured_field(layers, channels=2) == field
    rows = table(layers, (2, 97, 97))
    ends = [row for row in rows if "." not in row.name]
    if ends:
        last = ends[-1]
        assert (last.receptive_field, last.jump, last.start) == (
            *(field.size, field.jump, field.start),
        )


@given(stacks)
@some
def test_names_are_unique(stack):
    names = [name for name, _ in named(stack)]
    assert len(set(names)) == len(names)


@given(convolutions(), st.tuples(st.sampled_from([2, 4]), numbers(6), numbers(6)))
@some
def test_macs_are_the_products_counted_one_by_one(conv, input_shape):
    """Each output value of a convolution sums over its kernel: ones in, ones as weights."""
    rows = answer(lambda: table([conv], input_shape), ShapeError)
    if rows is None:
        return
    module = build(Network("one", input_shape, (conv,))).conv1
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(0)
        module.weight.fill_(1)
        module.padding = (0, 0)
        padding = conv.padding if isinstance(conv.padding, tuple) else (conv.padding,) * 2
        padded = torch.ones(
            1, input_shape[0], *(n + 2 * p for n, p in zip(input_shape[1:], padding, strict=True))
        )
        assert module(padded).sum().item() == rows[0].macs
