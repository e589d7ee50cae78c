import functools
import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import optim
from torch.nn.functional import avg_pool2d, max_pool2d
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from convbook import shapes
from convbook.check import check, forbidding
from convbook.check.forbid import _swaps
from convbook.check.public import item, question, question_ids
from convbook.errors import CheckFailed, NotAllowedHere
from convbook.shapes import output_size
from convbook.shapes.sizes import output_shape

SHAPES = ("convbook.shapes",)
POOLING = ("torch.*max_pool*", "torch.*avg_pool*")
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
        (POOLING, lambda: torch.max_pool2d(IMAGE, 2)),
        (("torch.nn.functional.log_softmax",), lambda: torch.nn.LogSoftmax(0)(IMAGE)),
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
    items = [each for name in question_ids() for each in question(name).values()]
    names = {name for each in items for name in each.forbidden if "*" not in name}
    swapped = [function for name in names for function, _code in _swaps(name)]
    assert swapped
    assert [each for each in swapped if inspect.isgeneratorfunction(each)] == []


def test_other_names_stay():
    with forbidding((*SHAPES, "torch.*max_pool*")):
        assert F.avg_pool2d(IMAGE, 2).shape == (1, 2, 2)


def test_every_forbidden_name_is_that_of_a_python_function_or_a_pattern():
    """A compiled function has no code that could be swapped: only a pattern finds it."""
    items = [each for name in question_ids() for each in question(name).values()]
    names = {name for each in items for name in each.forbidden if "*" not in name}
    assert [name for name in names if not _swaps(name)] == []


STATISTICS = (torch.zeros(1), torch.ones(1))
W = torch.ones(2)


def sgd_step():
    sgd(
        [W], [W], [None], weight_decay=0, momentum=0, lr=1, dampening=0, nesterov=False,
        maximize=False,
    )  # fmt: skip


def adam_step(function):
    function(
        [W], [W], [W], [W], [], [torch.tensor(1.0)], amsgrad=False, beta1=0, beta2=0, lr=1,
        weight_decay=0, eps=1, maximize=False, foreach=False,
    )  # fmt: skip


def adamw_step():
    weights = torch.nn.Parameter(torch.ones(2))
    weights.grad = torch.ones(2)
    optim.AdamW([weights], weight_decay=0).step()


SPELLINGS = {
    "q03.max_pool": [
        lambda: torch.max_pool2d(IMAGE, 2),
        lambda: torch.max_pool3d(IMAGE[None], (1, 2, 2)),
        lambda: torch.ops.aten.max_pool2d(IMAGE, [2, 2]),
        lambda: torch.nn.MaxPool2d(2, return_indices=True)(IMAGE),
        lambda: torch.nn.AdaptiveMaxPool2d(2)(IMAGE),
        lambda: torch.nn.LPPool2d(100, 2)(IMAGE),
    ],
    "q03.avg_pool": [
        lambda: torch._C._nn.avg_pool2d(IMAGE, 2),
        lambda: avg_pool2d(IMAGE, 2),
        lambda: torch.nn.AvgPool3d((1, 2, 2))(IMAGE[None]),
        lambda: torch.nn.AdaptiveAvgPool2d(2)(IMAGE),
    ],
    "q17.loss_of": [
        lambda: W.log_softmax(0),
        lambda: torch.log_softmax(W, 0),
        lambda: torch.special.log_softmax(W, 0),
        lambda: torch.nn.LogSoftmax(0)(W),
        lambda: torch.nn.CrossEntropyLoss()(W, torch.tensor(0)),
        lambda: torch._C._nn.cross_entropy_loss(W, torch.tensor(0)),
    ],
    "q27.momentum_step": [sgd_step],
    "q30.penalised_step": [sgd_step],
    "q28.adam_step": [
        adamw_step,
        lambda: adam_step(adam),
        lambda: adam_step(adamw),
    ],
    **dict.fromkeys(
        ("q29.drop", "q31.mean_and_whole", "q33.dropout"),
        (
            lambda: torch.dropout(W, 0.5, train=True),
            lambda: torch.dropout_(W.clone(), 0.5, train=True),
            lambda: torch.native_dropout(W, 0.5, train=True),
            lambda: torch.nn.Dropout(0.5)(W),
            lambda: torch.nn.AlphaDropout(0.5)(W),
        ),
    ),
    **dict.fromkeys(
        ("q34.batch_norm_train", "q34.batch_norm_eval"),
        (
            lambda: torch.batch_norm(IMAGE[None], None, None, *STATISTICS, False, 0, 0, False),
            lambda: torch.native_batch_norm(IMAGE[None], None, None, *STATISTICS, False, 0, 0),
            lambda: torch.nn.BatchNorm2d(1)(IMAGE[None]),
        ),
    ),
}


@pytest.mark.parametrize(
    ("name", "call"), [(name, call) for name, calls in SPELLINGS.items() for call in calls]
)
def test_a_helper_refuses_by_each_of_its_names(name, call):
    call()
    with pytest.raises(NotAllowedHere), forbidding(item(name).forbidden):
        call()
    call()


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
