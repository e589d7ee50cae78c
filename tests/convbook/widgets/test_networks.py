"""The widgets that show networks: their state, and the table that node checks them on."""

import json
from pathlib import Path

import pytest
import traitlets

from convbook.errors import ConvbookError, ShapeError
from convbook.models import LENET5, PRACTICAL, RESNET_SMALL, VGG_SMALL
from convbook.shapes import (
    Conv,
    Linear,
    Pool,
    ReLU,
    Residual,
    receptive_field,
    table,
    total_parameters,
)
from convbook.widgets import FieldBuilder, KernelGallery, LayerInspector
from convbook.widgets.field_builder import PRESETS, windows
from convbook.widgets.layer_inspector import VGG16
from convbook.widgets.layers import from_dicts, to_dicts

CASE_FILES = Path(__file__).parents[2] / "cases"
TABLE = json.loads((CASE_FILES / "networks.json").read_text(encoding="utf-8"))["networks"]
NETWORKS = {
    "practical": PRACTICAL["base"],
    "batchnorm": PRACTICAL["batchnorm"],
    "lenet5": LENET5,
    "vgg16": VGG16,
    "resnet_small": RESNET_SMALL,
}


def _rows(network):
    """One row a layer, as node reads it: a block with the sum of its layers."""
    rows = table(network.layers, network.input_shape)
    for row in rows:
        if "." in row.name:
            continue
        inner = [r for r in rows if r is row or r.name.startswith(f"{row.name}.")]
        sums = [sum(getattr(r, key) for r in inner) for key in ("weights", "biases", "macs")]
        yield [
            row.name,
            list(row.output_shape),
            *sums,
            row.receptive_field,
            row.jump,
            row.start,
        ]


@pytest.mark.parametrize("case", TABLE, ids=[case["name"] for case in TABLE])
def test_the_table_that_node_reads_is_what_shapes_computes(case):
    network = NETWORKS[case["name"]]
    assert case["input_shape"] == list(network.input_shape)
    assert case["layers"] == to_dicts(network.layers)
    assert case["rows"] == list(_rows(network))


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_layers_survive_as_dicts(network):
    assert from_dicts(json.loads(json.dumps(to_dicts(network.layers)))) == network.layers


def test_vgg16_has_the_parameters_of_the_paper():
    assert total_parameters(VGG16.table()) == 138_357_544


def test_the_inspector_takes_a_network_and_gives_its_table():
    widget = LayerInspector.from_network(LENET5)
    assert widget.input_shape == [1, 28, 28]
    assert total_parameters(widget.table) == 61_706
    widget.input_shape = [1, 8, 8]
    with pytest.raises(ShapeError, match="Computing conv2"):
        _ = widget.table
    widget.close()


def test_the_inspector_takes_layers_and_dicts_alike():
    layers = [Conv(4, 3), {"type": "ReLU"}, Residual((Conv(4, 1), ReLU()))]
    widget = LayerInspector(layers, input_shape=[3, 8, 8])
    assert [row.name for row in widget.table][:2] == ["conv1", "relu1"]
    widget.close()


BAD_LAYERS = [
    ([{"type": "Magic"}], "type is one of Conv"),
    ([{"channels": 3}], "type is one of Conv"),
    ([{"type": "Conv", "size": 3}], "that class's own fields"),
    ([{"type": "Conv", "channels": 3}], "kernel_size"),
    ([{"type": "Conv", "channels": 3, "kernel_size": 2.5}], "whole number"),
    ([{"type": "Residual", "layers": [{"type": "Magic"}]}], "type is one of Conv"),
    ([3], "type is one of Conv"),
]


@pytest.mark.parametrize(("layers", "words"), BAD_LAYERS)
def test_bad_layers_are_refused_with_their_rule(layers, words):
    with pytest.raises(ShapeError, match=words):
        LayerInspector(layers, input_shape=[3, 8, 8])


def test_layers_need_the_size_of_the_image():
    with pytest.raises(ShapeError, match="input_shape"):
        LayerInspector([Conv(4, 3)])


@pytest.mark.parametrize("shape", [[3, 32], [3, 0, 32], [3, 32.5, 32], "3x32x32"])
def test_a_bad_input_shape_is_refused(shape):
    with pytest.raises(traitlets.TraitError, match="input_shape"):
        LayerInspector(input_shape=shape)


def test_a_network_becomes_windows():
    assert windows(PRACTICAL["base"].layers) == PRESETS["practical"]
    assert [w["kernel_size"] for w in windows(VGG_SMALL.layers)] == [3, 3, 2, 3, 3, 2, 3, 3]
    with pytest.raises(ShapeError, match="square windows"):
        windows([Conv(1, (3, 5))])


@pytest.mark.parametrize("name", PRESETS)
def test_the_field_of_a_stack_is_that_of_shapes(name):
    layers = [
        Conv(1, w["kernel_size"], w["stride"], w["padding"], w["dilation"]) for w in PRESETS[name]
    ]
    widget = FieldBuilder(PRESETS[name])
    assert widget.field == receptive_field(layers)
    widget.layer = 1
    assert widget.field == receptive_field(layers[:1])
    widget.close()


def test_the_builder_takes_a_network():
    widget = FieldBuilder.from_network(PRACTICAL["base"])
    assert (widget.size, widget.field.size) == (32, 36)
    widget.close()


BAD_WINDOWS = [
    ({"kernel": 3}, "kernel_size 1 to 11"),
    ({"stride": 2}, "kernel_size 1 to 11"),
    ({"kernel_size": 12}, "kernel_size 1 to 11"),
    ({"kernel_size": 3, "stride": 0}, "stride 1 to 4"),
    ({"kernel_size": 3, "padding": -1}, "padding 0 to 8"),
    ({"kernel_size": 3.0}, "whole numbers"),
    (3, "kernel_size 1 to 11"),
]


@pytest.mark.parametrize(("window", "words"), BAD_WINDOWS)
def test_bad_windows_are_refused_with_their_rule(window, words):
    with pytest.raises(ShapeError, match=words):
        FieldBuilder([window])


def test_more_layers_than_can_be_drawn_are_refused():
    with pytest.raises(traitlets.TraitError, match="layers"):
        FieldBuilder([{"kernel_size": 1}] * 9)


BAD_GALLERY = [
    ({"kernel": [[1, 2], [3, 4]]}, ShapeError, "with a middle"),
    ({"kernel": [[1, 2, 3]]}, ShapeError, "square kernel"),
    ({"kernel": [[0] * 7] * 7}, ShapeError, "at most 5x5"),
    ({"kernel": 3}, ConvbookError, "axes HxW"),
    ({"divisor": 0}, ShapeError, "not 0"),
    ({"image": "cat"}, traitlets.TraitError, "scene"),
    ({"border": "wrap"}, traitlets.TraitError, "mirror"),
    ({"row": 128}, traitlets.TraitError, "row"),
]


@pytest.mark.parametrize(("state", "error", "words"), BAD_GALLERY)
def test_the_gallery_refuses_what_it_cannot_draw(state, error, words):
    with pytest.raises(error, match=words):
        KernelGallery(**state)


def test_pool_and_linear_keep_their_own_words():
    assert to_dicts([Pool("max", 2), Linear(10)]) == [
        {
            "type": "Pool",
            "name": "",
            "kind": "max",
            "kernel_size": 2,
            "stride": None,
            "padding": 0,
            "ceil_mode": False,
        },
        {"type": "Linear", "name": "", "features": 10, "bias": True, "in_features": None},
    ]
