"""Wrong answers that once got full marks, each found by somebody who tried to get them."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.questions import get, nets
from tests.autograder.questions.solved import answer, verdict


def moved_less_moved(layer, image, shift):
    """No absolute value, and the other way round."""
    given = torch.as_tensor(image)

    def moved(x):
        return torch.roll(x, tuple(shift), (-2, -1))

    with torch.no_grad():
        return float((moved(layer(given)) - layer(moved(given))).max())


def whole_maxima(image, k, s):
    return np.array(answer("q03.max_pool")(image, k, s)).astype(int)


def maxima_from(start):
    return lambda image, k, s: np.maximum(answer("q03.max_pool")(image, k, s), start)


def whole_filter(weights, x, y, z):
    return np.array(answer("q05b.filter_of_unit")(weights, x, y, z)).astype(int)


def kept_and_halved(layers, input_shape):
    """Convolutions keep the size, poolings halve it, whatever their numbers are."""
    rows, shape = [], list(input_shape)
    for (_right, count), layer in zip(
        answer("q10.table")(layers, input_shape), layers, strict=True
    ):
        if layer["kind"] == "conv":
            shape = [layer["out_channels"], *shape[1:]]
        elif layer["kind"] == "max_pool":
            shape = [shape[0], *(side // 2 for side in shape[1:])]
        elif layer["kind"] == "flatten":
            shape = [int(np.prod(shape))]
        elif layer["kind"] == "linear":
            shape = [layer["out_features"]]
        rows.append((tuple(shape), count))
    return rows


def junk_between(layers, input_shape):
    """Rows of flatten and ReLU that nobody looked at."""
    table = answer("q10.table")(layers, input_shape)
    kinds = [layer["kind"] for layer in layers]
    return [
        ((0,), 7) if kind in ("flatten", "relu") else row
        for kind, row in zip(kinds, table, strict=True)
    ]


def gradients_lost(model, batches):
    result = answer("q14.evaluate")(model, batches)
    model.zero_grad()
    return result


def parts_left_in_eval(model, batches):
    training = model.training
    result = answer("q14.evaluate")(model, batches)
    model.eval()
    model.training = training
    return result


def gradients_switched_off(model, batches):
    result = answer("q14.evaluate")(model, batches)
    torch.set_grad_enabled(False)
    return result


def other_layers(change):
    """The right answer to a network whose layers are taken for others."""

    def first_failure(layers, input_shape):
        return answer("q04.first_failure")([change(layer) for layer in layers], input_shape)

    return first_failure


def all_halved(layers, made_for, input_shape):
    """The same for the whole network: no stride, and each pooling halves."""
    seen = [nets.halving(nets.stride_ignored(layer)) for layer in layers]
    return answer("q06.map_shape")(seen, made_for, input_shape)


class OneAtATime(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.net = answer("q15.network")(channels, hidden, classes)

    def forward(self, images):
        return self.net(images[:1]).expand(len(images), -1).flip(0) * (1 / len(images))


WRONG = {
    "other sign": ("q02.equivariance_error", moved_less_moved),
    "whole maxima": ("q03.max_pool", whole_maxima),
    "maxima from -1000": ("q03.max_pool", maxima_from(-1000)),
    "whole filter": ("q05b.filter_of_unit", whole_filter),
    "stride ignored": ("q04.first_failure", other_layers(nets.stride_ignored)),
    "halving": ("q04.first_failure", other_layers(nets.halving)),
    "stride as kernel": ("q04.first_failure", other_layers(nets.stride_as_kernel)),
    "all halved": ("q06.map_shape", all_halved),
    "kept and halved": ("q10.table", kept_and_halved),
    "junk between": ("q10.table", junk_between),
    "gradients lost": ("q14.evaluate", gradients_lost),
    "parts in eval": ("q14.evaluate", parts_left_in_eval),
    "gradients off": ("q14.evaluate", gradients_switched_off),
    "one at a time": ("q15.network", OneAtATime),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    assert not verdict(get(item_id), function, seed)["passed"]


def test_evaluating_without_a_graph_in_another_way_is_right():
    """Weights that need no gradient make no graph either."""

    def evaluate(model, batches):
        kept = [parameter.requires_grad for parameter in model.parameters()]
        model.requires_grad_(False)
        result = answer("q14.evaluate")(model, batches)
        for parameter, needs in zip(model.parameters(), kept, strict=True):
            parameter.requires_grad_(needs)
        return result

    assert verdict(get("q14.evaluate"), evaluate)["passed"]
