"""The networks: what their docstrings say, what torch builds, and what the practical counts."""

import importlib
import re
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convbook.errors import ShapeError
from convbook.models import (
    BASIC_CNN,
    LENET5,
    NETWORKS,
    PRACTICAL,
    RESNET_SMALL,
    SPRINT,
    VGG_SMALL,
    Network,
    build,
    pool_first,
)
from convbook.models.building import FastDropout
from convbook.shapes import (
    Conv,
    Dropout,
    Flatten,
    Layer,
    Linear,
    Pool,
    ReLU,
    Scale,
    Softmax,
    fixed,
    table,
    total_parameters,
)
from tests.convbook.torch_oracle import measured_shapes

NAMES = sorted(NETWORKS)
DOCUMENTED = {
    ("practical", 0): PRACTICAL["base"],
    ("practical", 1): PRACTICAL["batchnorm"],
    ("lenet", 0): LENET5,
    ("basic_cnn", 0): BASIC_CNN,
    ("vgg", 0): VGG_SMALL,
    ("resnet", 0): RESNET_SMALL,
    ("sprint", 0): SPRINT,
}
LINE = re.compile(
    r"^    (?P<name>\w+) +(?P<output>[\dx]+)? +(?P<parameters>[\d,]+)(?: +(?P<field>\d+))?$"
)


def printed_tables(module):
    """Return the tables in a module's docstring, each a list of its lines as dicts."""
    tables = []
    for line in importlib.import_module(f"convbook.models.{module}").__doc__.splitlines():
        if line.split() == ["layer", "output", "parameters", "field"]:
            tables.append([])
        elif match := LINE.match(line):
            tables[-1].append(match.groupdict())
    return tables


def learned(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("place", "network"), DOCUMENTED.items(), ids=lambda v: getattr(v, "name", None)
)
def test_docstring_table_is_true(place, network):
    module, number = place
    *lines, total = printed_tables(module)[number]
    rows = {row.name: row for row in network.table()}
    built = build(network, seed=0)
    measured = measured_shapes(built, network.input_shape)
    assert lines
    for line in lines:
        name, shape = line["name"], tuple(map(int, line["output"].split("x")))
        parameters = int(line["parameters"].replace(",", ""))
        inside = [row for row in rows.values() if row.name.startswith(f"{name}.")]
        assert shape == rows[name].output_shape == measured[name], name
        assert parameters == total_parameters([rows[name], *inside]), name
        assert parameters == learned(built.get_submodule(name)), name
        assert int(line["field"]) == rows[name].receptive_field, name
    assert total["name"] == "total"
    assert int(total["parameters"].replace(",", "")) == learned(built)
    quiet = rows.keys() - {line["name"] for line in lines}
    assert all(rows[name].parameters == 0 for name in quiet if "." not in name)


def test_every_architecture_has_a_docstring_table():
    layers = {network.layers for network in DOCUMENTED.values()}
    undocumented = [name for name in NAMES if NETWORKS[name].layers not in layers]
    # The steps in between differ from a documented one by the rounding pool, then by dropout.
    assert undocumented == ["augmentation", "dropout", "momentum", "schedule"]


@pytest.mark.parametrize("name", NAMES)
def test_built_network_is_its_table(name):
    network = NETWORKS[name]
    rows, module = network.table(), build(name, seed=0)
    assert network.name == name
    assert measured_shapes(module, network.input_shape) == {
        row.name: row.output_shape for row in rows
    }
    assert learned(module) == total_parameters(rows)
    x = torch.zeros(2, *network.input_shape)
    assert module(x).shape == (2, *rows[-1].output_shape)


@pytest.mark.parametrize("name", NAMES)
def test_the_end_is_logits(name):
    assert isinstance(NETWORKS[name].layers[-1], Linear)
    assert not any(isinstance(module, nn.Softmax) for module in build(name).modules())


PARAMETERS = {
    "base": 1_191_170,
    "normalisation": 1_191_170,
    "augmentation": 1_191_170,
    "momentum": 1_191_170,
    "schedule": 1_191_170,
    "dropout": 1_191_170,
    "batchnorm": 1_191_490,
}


def test_steps_of_the_practical():
    assert {name: total_parameters(n.table()) for name, n in PRACTICAL.items()} == PARAMETERS
    assert list(PRACTICAL) == list(PARAMETERS)
    sizes = {name: network.input_shape[1] for name, network in PRACTICAL.items()}
    assert [name for name, size in sizes.items() if size == 32] == ["base", "normalisation"]
    assert PRACTICAL["momentum"].layers == PRACTICAL["augmentation"].layers
    assert PRACTICAL["schedule"].layers == PRACTICAL["augmentation"].layers


def test_numbers_of_the_practical():
    rows = {row.name: row for row in PRACTICAL["base"].table()}
    fields = [rows[f"{kind}{i}"].receptive_field for i in (1, 2, 3) for kind in ("conv", "pool")]
    assert fields == [5, 6, 14, 16, 32, 36]
    weights = sum(row.weights for row in rows.values())
    assert weights == 1_190_000
    assert rows["fc4"].parameters / 1_191_170 == pytest.approx(0.86, abs=0.005)


def test_base_is_the_network_of_the_sheet_in_plain_torch():
    plain = nn.Sequential(
        *(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10)),
    )
    ours = build("base", seed=0)
    plain.load_state_dict(dict(zip(plain.state_dict(), ours.state_dict().values(), strict=True)))
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ours(x), plain(x))


def test_names_of_the_children():
    children = [name for name, _ in build("batchnorm").named_children()]
    expected = "conv1 bn1 relu1 pool1 conv2 bn2 relu2 pool2 conv3 bn3 relu3 pool3"
    assert children == [*expected.split(), "flatten", "fc4", "relu4", "dropout4", "fc5"]


def test_the_weights_of_the_base_fit_the_crops():
    build("augmentation").load_state_dict(build("base").state_dict())


def test_same_seed_same_weights_and_the_global_state_stays():
    before = torch.get_rng_state()
    first, again, other = build("base", seed=1), build("base", seed=1), build("base", seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.conv1.weight, again.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_a_seeded_build_draws_what_torch_draws():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        conv = nn.Conv2d(3, 32, 5, padding=2)
    assert torch.equal(build("base", seed=5).conv1.weight, conv.weight)


def test_without_a_seed_the_weights_come_from_the_global_state():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        first = build("lenet5")
        second = build("lenet5")
        torch.manual_seed(7)
        again = build("lenet5")
    assert torch.equal(first.conv1.weight, again.conv1.weight)
    assert not torch.equal(first.conv1.weight, second.conv1.weight)


def test_a_larger_image_fails_where_the_practical_says():
    layers = fixed(PRACTICAL["base"].layers, (3, 32, 32))
    assert table(layers, (3, 32, 32)) == PRACTICAL["base"].table()
    with pytest.raises(ShapeError, match=r"Computing fc4[\s\S]*1600 features[\s\S]*each of 1024"):
        table(layers, (3, 40, 40))
    with pytest.raises(RuntimeError):
        build("base")(torch.zeros(1, 3, 40, 40))


def test_basic_cnn_sees_a_pattern_wherever_it_is():
    model = build(BASIC_CNN, seed=0)
    x = torch.zeros(1, 3, 10, 10)
    x[..., 4, 4] = 1.0
    moved = torch.roll(x, shifts=1, dims=3)
    assert torch.allclose(model(x), model(moved), atol=1e-6)


def test_basic_cnn_fault_softmax_before_the_loss():
    certain = torch.eye(1000)[:1]  # what a softmax gives when it is sure, and right
    assert F.cross_entropy(certain, torch.tensor([0])).item() == pytest.approx(5.9, abs=0.05)


def test_basic_cnn_fault_assigning_sizes_changes_no_weight():
    conv, linear = nn.Conv2d(3, 50, 3), nn.Linear(100, 1000)
    assert not hasattr(conv, "in_features")
    conv.in_features, linear.out_features = 5, 10
    assert conv.weight.shape[1] == 3
    assert linear(torch.zeros(1, 100)).shape == (1, 1000)


def test_dropout_and_batch_norm_sit_where_the_sheet_says():
    layers = PRACTICAL["batchnorm"].layers
    kinds = [type(layer).__name__ for layer in layers]
    assert [kinds[i + 1] for i, kind in enumerate(kinds) if kind == "Conv"] == ["BatchNorm"] * 3
    assert [kinds[i + 1] for i, kind in enumerate(kinds) if kind == "BatchNorm"] == ["ReLU"] * 3
    assert kinds[-4:] == ["Linear", "ReLU", "Dropout", "Linear"]
    assert [layer.p for layer in layers if isinstance(layer, Dropout)] == [0.5]


def test_a_softmax_that_is_written_is_built():
    network = Network("probabilities", (1, 4, 4), (Conv(3, 4), Softmax()))
    probabilities = build(network, seed=0)(torch.zeros(1, 1, 4, 4))
    assert probabilities.sum().item() == pytest.approx(1)


def test_a_scale_multiplies_and_learns_nothing():
    scale = build(Network("scaled", (2, 3, 3), (Scale(-0.25),)))
    x = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(scale(x), -0.25 * x)
    assert learned(scale) == 0


class Unknown(Layer):
    pass


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("lenet", r"by its name[\s\S]*'lenet'[\s\S]*base, normalisation[\s\S]*lenet5"),
        (Network("odd", (1, 4, 4), (Unknown(),)), r"Naming a layer[\s\S]*Unknown"),
        (Network("odd", (1, 4, 4), (Linear(3),)), r"Computing fc1[\s\S]*\(1, 4, 4\)[\s\S]*Flatten"),
    ],
)
def test_what_cannot_be_built(network, message):
    with pytest.raises(ShapeError, match=message):
        build(network)


STACKS = {
    **{name: NETWORKS[name] for name in ("base", "batchnorm", "vgg_small")},
    "overlapping, padded": Network(
        "overlapping",
        (3, 11, 9),
        (Conv(6, 3), ReLU(), Pool("max", 3, stride=2, padding=1), Flatten(), Linear(5)),
    ),
}


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("number", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", STACKS)
def test_pooling_first_is_the_same_function_to_the_bit(name, number, layout):
    network = STACKS[name]
    ours, defined = (build(network, seed=0).to(memory_format=layout) for _ in range(2))
    order = [n for n, _ in ours.named_children()]
    faster = pool_first(ours)
    assert [n for n, _ in ours.named_children()] == order
    assert [n for n, _ in faster.named_children()] != order
    assert faster.state_dict().keys() == defined.state_dict().keys()
    generator = torch.Generator().manual_seed(0)
    results = []
    x = torch.randn(8, *network.input_shape, generator=generator)
    x[::2] = x[::2].round()  # equal values, so that windows have more than one maximum
    for module in (faster, defined):
        x = x.detach().to(memory_format=layout).requires_grad_()
        x.grad = None
        torch.manual_seed(0)  # for dropout
        with torch.autocast("cpu", torch.bfloat16, enabled=number == torch.bfloat16):
            logits = module(x)
        F.cross_entropy(logits.float(), torch.arange(8) % 5).backward()
        results.append([logits, x.grad, *(p.grad for p in module.parameters())])
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize("module", [nn.ReLU(), type("Own", (nn.Sequential,), {})(nn.ReLU())])
def test_pooling_first_leaves_other_modules_alone(module):
    assert pool_first(module) is module


def test_a_mean_is_not_pooled_first():
    network = Network("mean", (3, 4, 4), (Conv(2, 3, 1, 1), ReLU(), Pool("avg", 2), Flatten()))
    order = [name for name, _ in pool_first(build(network)).named_children()]
    assert order == ["conv1", "relu1", "pool1", "flatten"]


def test_dropout_is_set_in_the_networks_data():
    network = PRACTICAL["batchnorm"].with_dropout(0.2)
    assert [layer.p for layer in network.layers if isinstance(layer, Dropout)] == [0.2]
    assert replace(network, layers=()) == replace(PRACTICAL["batchnorm"], layers=())
    assert build(network, seed=0).state_dict().keys() == build("batchnorm").state_dict().keys()
    with pytest.raises(ShapeError, match="'base'"):
        PRACTICAL["base"].with_dropout(0.2)
    with pytest.raises(ShapeError, match="p=2"):
        PRACTICAL["dropout"].with_dropout(2)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("number", [torch.float32, torch.bfloat16])
def test_dropout_is_that_of_torch_but_for_the_numbers_drawn(p, number):
    dropout = FastDropout(p)
    x = torch.randn(100, 400, generator=torch.Generator().manual_seed(0)).to(number)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = dropout(x)
    kept = y != 0
    assert y.dtype == number
    assert torch.equal(y[kept], x[kept] * (1 / (1 - p)) if p < 1 else x[kept])
    assert abs(float((~kept).float().mean()) - p) <= 4 * (p * (1 - p) / 40_000) ** 0.5
    assert torch.equal(dropout.eval()(x), x)
