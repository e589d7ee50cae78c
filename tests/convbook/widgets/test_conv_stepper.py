import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import traitlets

from convbook.errors import ConvbookError, ShapeError
from convbook.widgets import ConvStepper

CASE_FILES = Path(__file__).parents[2] / "cases"
CASES = json.loads((CASE_FILES / "convolution.json").read_text(encoding="utf-8"))["convolution"]


def _by_torch(case: dict) -> list:
    kernel = torch.tensor(case["kernel"], dtype=torch.float64)
    output = F.conv2d(
        torch.tensor(case["input"], dtype=torch.float64)[None],
        kernel.flip(2, 3) if case["flip"] else kernel,
        torch.tensor(case["bias"], dtype=torch.float64),
        stride=case["stride"],
        padding=case["padding"],
        dilation=case["dilation"],
    )
    return output[0].tolist()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_table_that_node_reads_is_what_torch_computes(case):
    assert case["output"] == _by_torch(case)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_output_is_what_torch_computes(case):
    state = {k: v for k, v in case.items() if k not in ("name", "output")}
    widget = ConvStepper(**state)
    assert widget.output == _by_torch(case)
    widget.close()


ERRORS = [
    ({"input": [[1, 2], [3, 4]]}, ShapeError, "axes CxHxW"),
    ({"input": [[[1, 2], [3]]]}, ShapeError, "all rows of one length"),
    ({"input": [[[1, float("nan")]]]}, ShapeError, "finite numbers"),
    ({"input": [[["a"]]]}, ShapeError, "finite numbers"),
    ({"input": []}, ShapeError, "3 levels of lists"),
    ({"input": [[[0] * 10] * 10]}, ShapeError, "at most 3x9x9"),
    ({"kernel": [[[[0] * 6] * 6]]}, ShapeError, "at most 2x3x5x5"),
    ({"kernel": [[[[1]], [[1]]]]}, ShapeError, "one slice a channel"),
    ({"bias": [1, 2]}, ShapeError, "one bias"),
    ({"input": [[[1, 2], [3, 4]]]}, ShapeError, r"dilation·\(kernel_size - 1\) \+ 1 ≤ size"),
    ({"stride": 0}, traitlets.TraitError, "stride"),
    ({"padding": -1}, traitlets.TraitError, "padding"),
    ({"stride": 1.5}, traitlets.TraitError, "int"),
    ({"strid": 1}, ConvbookError, "unknown state strid"),
]


@pytest.mark.parametrize(("state", "error", "words"), ERRORS)
def test_bad_state_is_refused_with_its_rule(state, error, words):
    with pytest.raises(error, match=words):
        ConvStepper(**state)
