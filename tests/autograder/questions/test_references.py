"""The references against torch, against convbook.shapes, and against windows cut out by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.questions import arrays, cases, item, q06
from autograder.questions.nets import LENET, PRACTICAL, VGG16, final_shape
from autograder.questions.q04 import first_failure
from autograder.questions.q07 import receptive_field
from convbook import shapes
from convbook.check.adapters import network


@pytest.mark.parametrize(("k", "s", "p"), [(1, 1, 0), (3, 1, 1), (3, 2, 0), (4, 3, 2)])
def test_convolve_agrees_with_torch(k, s, p):
    rng = np.random.default_rng(k)
    image, weight, bias = rng.normal(size=(3, 9, 12)), rng.normal(size=(2, 3, k, k)), np.ones(2)
    ours = arrays.convolve(image, weight, bias, stride=s, padding=p)
    theirs = F.conv2d(*map(torch.from_numpy, (image, weight, bias)), stride=s, padding=p)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize(("k", "s"), [(2, 2), (3, 1), (2, 3)])
def test_pool_agrees_with_torch(k, s):
    image = np.random.default_rng(0).normal(size=(3, 9, 12))
    tensor = torch.from_numpy(image)
    np.testing.assert_array_equal(
        arrays.pool(image, k, s, np.max), F.max_pool2d(tensor, k, s).numpy()
    )
    np.testing.assert_allclose(
        arrays.pool(image, k, s, np.mean), F.avg_pool2d(tensor, k, s).numpy()
    )


def test_vgg16_has_the_sizes_of_the_sheet():
    shapes_of = dict(enumerate(first_failure(VGG16, [3, 224, 224])[1]))
    assert shapes_of[4] == [64, 112, 112]
    assert shapes_of[30] == [512, 7, 7]
    assert first_failure(VGG16, [3, 224, 224])[0] is None
    assert first_failure(VGG16, [3, 256, 320])[0] == VGG16.index(
        {"kind": "linear", "in_features": 25088, "out_features": 4096}
    )


def test_the_practicals_network_ends_as_the_book_says():
    assert final_shape(PRACTICAL[:9], [3, 32, 32]) == [64, 4, 4]
    assert final_shape(PRACTICAL, [3, 32, 32]) == [10]


@pytest.mark.parametrize("layers", [VGG16[:31], LENET[:6], PRACTICAL[:9]])
def test_fields_agree_with_convbook(layers):
    as_convbook = [
        shapes.Conv(
            layer["out_channels"],
            layer["kernel_size"],
            stride=layer["stride"],
            padding=layer["padding"],
        )
        if layer["kind"] == "conv"
        else shapes.Pool("max", layer["kernel_size"], stride=layer["stride"])
        for layer in layers
        if layer["kind"] != "relu"
    ]
    ours = [
        field
        for field, layer in zip(receptive_field(layers), layers, strict=True)
        if layer["kind"] != "relu"
    ]
    theirs = [
        shapes.receptive_field(as_convbook[:depth]).size for depth in range(1, len(as_convbook) + 1)
    ]
    assert ours == theirs


def test_the_fields_of_the_practical():
    fields = receptive_field(PRACTICAL[:9])
    assert [fields[i] for i in (0, 2, 3, 5, 6, 8)] == [5, 6, 14, 16, 32, 36]


@pytest.mark.parametrize("seed", range(3))
def test_the_map_is_the_sliding_window(seed):
    rng = np.random.default_rng(seed)
    made_for = [2, 10, 14]
    layers = q06.small_network(rng, made_for, padding=0, dense=2 + seed % 2)
    image = rng.normal(size=(2, 17, 22))
    (scores,) = q06.fully_convolutional(layers, made_for, [image])
    assert scores.shape[1:] == (4, 5)
    for i, j in np.ndindex(4, 5):
        window = image[:, 2 * i : 2 * i + 10, 2 * j : 2 * j + 14]
        np.testing.assert_allclose(scores[:, i, j], q06.run(layers, window))


def test_networks_of_arrays_compute_what_torch_computes():
    for case in cases(item("q06.fully_convolutional"), np.random.default_rng(3)):
        layers, (image, *_) = case.arguments["layers"], case.arguments["images"]
        with torch.no_grad():
            theirs = network(layers)(torch.tensor(image, dtype=torch.float32)[None])[0]
        np.testing.assert_allclose(q06.run(layers, image), theirs.numpy(), rtol=1e-5)
