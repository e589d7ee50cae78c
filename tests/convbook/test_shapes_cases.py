"""The shared table of cases: torch agrees with every line, and so does convbook.shapes."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from convbook.errors import ShapeError
from convbook.shapes import (
    Conv,
    output_size,
    receptive_field,
    table,
    total_parameters,
    transposed_output_size,
)
from tests.convbook.torch_oracle import measured_field, slide

CASES = json.loads((Path(__file__).parents[1] / "cases" / "shapes.json").read_text("utf-8"))


def arguments(case):
    return {key: value for key, value in case.items() if key != "output"}


def words(case):
    return "-".join(str(value) for value in case.values()).replace(" ", "")


@pytest.mark.parametrize("case", CASES["output_size"], ids=words)
def test_output_size(case):
    assert output_size(**arguments(case)) == case["output"]
    assert slide(**arguments(case)) == case["output"]


@pytest.mark.parametrize("case", CASES["refused"], ids=words)
def test_sizes_that_have_no_output(case):
    with pytest.raises(ShapeError):
        output_size(**case)
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        slide(**case)


@pytest.mark.parametrize("case", CASES["transposed_output_size"], ids=words)
def test_transposed_output_size(case):
    numbers = arguments(case)
    assert transposed_output_size(**numbers) == case["output"]
    x = torch.zeros(1, 1, numbers.pop("size"))
    assert nn.ConvTranspose1d(1, 1, **numbers)(x).shape[-1] == case["output"]


@pytest.mark.parametrize(
    "case", CASES["receptive_field"], ids=lambda case: f"{len(case['layers'])} layers"
)
def test_receptive_field(case):
    pairs = [
        {key: tuple(value) if isinstance(value, list) else value for key, value in layer.items()}
        for layer in case["layers"]
    ]
    layers = [Conv(1, **numbers) for numbers in pairs]
    field = receptive_field(layers)
    listed = [
        list(value) if isinstance(value, tuple) else value
        for value in (field.size, field.jump, field.start)
    ]
    assert listed == [case["receptive_field"], case["jump"], case["start"]]
    assert measured_field(layers) == field


@pytest.mark.parametrize("case", CASES["parameters"], ids=words)
def test_parameters_of_a_convolution(case):
    C, channels, kernel, bias = (
        case[key] for key in ("channels_in", "channels_out", "kernel_size", "bias")
    )
    rows = table([Conv(channels, kernel, bias=bias)], (C, 16, 16))
    assert total_parameters(rows) == case["parameters"]
    module = nn.Conv2d(C, channels, tuple(kernel), bias=bias)
    assert sum(p.numel() for p in module.parameters()) == case["parameters"]
