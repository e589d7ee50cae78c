import functools
import inspect

import pytest
import torch
import torch.nn.functional as F
from torch.nn.functional import max_pool2d

from convbook import shapes
from convbook.check import check, forbidding
from convbook.check.forbid import _swaps
from convbook.check.public import question, question_ids
from convbook.errors import CheckFailed, NotAllowedHere
from convbook.shapes import output_size
from convbook.shapes.sizes import output_shape

SHAPES = ("convbook.shapes",)
POOLING = ("torch.nn.functional.max_pool2d", "torch.nn.functional.avg_pool2d")
IMAGE = torch.ones(1, 4, 4)


@pytest.mark.parametrize(
    ("names", "call"),
    [
        (SHAPES, lambda: shapes.output_size(7, 3)),
        (SHAPES, lambda: output_size(7, 3)),
        (SHAPES, lambda: output_shape((7, 7), 3)),
        (SHAPES, lambda: shapes.table([], (3, 32, 32))),
        (SHAPES, lambda: shapes.receptive_field([])),
        (SHAPES, lambda: functools.partial(output_size, 7)(3)),
        (("convbook.shapes.output_size",), lambda: output_size(size=7, kernel_size=3)),
        (POOLING, lambda: F.max_pool2d(IMAGE, 2)),
        (POOLING, lambda: max_pool2d(IMAGE, 2)),
        (POOLING, lambda: F.avg_pool2d(IMAGE, 2)),
        (POOLING, lambda: torch.nn.MaxPool2d(2)(IMAGE)),
        (POOLING, lambda: torch.nn.AvgPool2d(2)(IMAGE)),
        (("torch.nn.MaxPool2d.forward",), lambda: torch.nn.MaxPool2d(2)(IMAGE)),
    ],
)
def test_forbidden_names_refuse_until_the_end(names, call):
    before = repr(call())
    with (
        forbidding(names),
        pytest.raises(NotAllowedHere, match=r"not allowed here[\s\S]*Write the computation"),
    ):
        call()
    assert repr(call()) == before


def test_names_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError), forbidding((*SHAPES, *POOLING)):
        _ = 1 / 0
    assert output_size(7, 3) == 5
    assert F.max_pool2d(IMAGE, 2).shape == (1, 2, 2)


def test_no_forbidden_name_is_a_generator():
    """Its code cannot be swapped: Python 3.13 warns, which a session may turn into an error."""
    items = [item for name in question_ids() for item in question(name).values()]
    names = {name for item in items for name in item.forbidden}
    swapped = [function for name in names for function, _code in _swaps(name)]
    assert swapped
    assert [each for each in swapped if inspect.isgeneratorfunction(each)] == []


def test_other_names_stay():
    with forbidding((*SHAPES, "torch.nn.functional.max_pool2d")):
        assert F.avg_pool2d(IMAGE, 2).shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("question", "function", "answer"),
    [
        (
            "q01",
            "output_size",
            lambda x, y, k, p, s: output_shape((x, y), k, padding=p, stride=s),
        ),
        (
            "q03",
            "max_pool",
            lambda image, k, s: max_pool2d(torch.from_numpy(image), k, s),
        ),
        (
            "q03",
            "avg_pool",
            lambda image, k, s: torch.nn.AvgPool2d(k, s)(torch.from_numpy(image)),
        ),
        (
            "q07",
            "receptive_field",
            lambda layers: [
                shapes.receptive_field([shapes.Conv(1, 3)] * n).size for n in range(len(layers))
            ],
        ),
    ],
)
def test_an_answer_that_only_calls_the_helper_is_none(question, function, answer):
    with pytest.raises(CheckFailed, match="is not allowed here: it would be the answer itself"):
        check(question, **{function: answer})
