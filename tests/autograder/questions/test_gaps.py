"""Wrong answers that once got full marks, each found by somebody who tried to get them."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from autograder.questions import get, nets
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)


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


def other_layers(item_id, change):
    """The right answer to a network whose layers are taken for others."""

    def function(layers, **rest):
        return answer(item_id)([change(layer) for layer in layers], **rest)

    return function


def all_halved(layers, made_for, input_shape):
    """The same for the whole network: no stride, and each pooling halves."""
    seen = [nets.halving(nets.stride_ignored(layer)) for layer in layers]
    return answer("q06.map_shape")(seen, made_for, input_shape)


def wrong_in_corners(item_id, corners):
    """Return what is right but for one corner of what may be asked, for each of the corners."""

    def wrong_where(corner):
        return lambda **a: -1 if corner(**a) else get(item_id).reference(**a)

    return {
        f"{item_id}, {name}": (item_id, wrong_where(corner)) for name, corner in corners.items()
    }


CONVOLUTIONS = {
    "kernel of 1": lambda k, **_: k == 1,
    "padding as wide as the kernel": lambda k, p, **_: p >= k,
    "kernel wider than the image": lambda x, y, k, **_: min(x, y) < k,
}
POOLINGS = {"window of 1": lambda k, **_: k == 1, "stride of 1": lambda s, **_: s == 1}
EPOCHS = {"no whole batch": lambda images, batch_size, drop_last: drop_last and images < batch_size}
CHANNELS = {"not three channels": lambda mean, **_: len(mean) != 3}


def error_of_a_part(part):
    def equivariance_error(layer, image, shift):
        def moved(tensor):
            return torch.roll(tensor, tuple(shift), (-2, -1))

        with torch.no_grad():
            return float(part(layer(moved(image)) - moved(layer(image))).abs().max())

    return equivariance_error


PARTS = {
    "first channel": lambda error: error[:1],
    "last channel": lambda error: error[-1:],
    "upper half": lambda error: error.chunk(2, 1)[0],
    "lower half": lambda error: error.flip(1).chunk(2, 1)[0],
    "left half": lambda error: error.chunk(2, 2)[0],
    "right half": lambda error: error.flip(2).chunk(2, 2)[0],
    "inner part": lambda error: error[:, 1:-1, 1:-1],
}


def words_of(change):
    """The bag of descriptors and words that were changed before."""
    return lambda descriptors, dictionary: answer("q12.bag_of_words")(
        change(descriptors), change(dictionary)
    )


def than_the_lowest_ever(losses, patience, min_delta):
    """Also a loss that did not count as better must be undercut."""
    kept = 1
    for epoch, loss in enumerate(losses[1:], start=2):
        if loss < min(losses[: epoch - 1]) - min_delta:
            kept = epoch
        elif epoch - kept == patience:
            return kept, epoch
    return kept, None


def errors_above(factor):
    """As many standard errors for any number of runs."""
    return lambda accuracy, images, **_: (
        accuracy + factor * (accuracy * (1 - accuracy) / images) ** 0.5
    )


def report_with(factor=1.96, more=0):
    """Another factor of the standard error, or that of more images."""

    def report(right, images):
        accuracy = right / images
        half = factor * (accuracy * (1 - accuracy) / (images + more)) ** 0.5
        return accuracy, accuracy - half, accuracy + half

    return report


def without_the_middle(net, made_for):
    """Of the fully-connected layers, the first and the last are kept."""
    cut = next(i for i, layer in enumerate(net) if isinstance(layer, nn.Flatten)) + 1
    last = max(cut + 1, len(net) - 2)
    return answer("q06.fully_convolutional")(nn.Sequential(*net[: cut + 1], *net[last:]), made_for)


def two_at_least(net, made_for):
    """Something is expected to stand between the first fully-connected layer and the last one."""
    first = next(i for i, layer in enumerate(net) if isinstance(layer, nn.Linear))
    if isinstance(net[-1], nn.Linear) and len(net) - 1 > first:
        return answer("q06.fully_convolutional")(net, made_for)
    return net


def logarithm_of_softmax(scores, label):
    """A probability that no float can hold is 0, whose logarithm is no number."""
    return -torch.tensor(scores, dtype=torch.float64).softmax(0)[label].log()


class OneAtATime(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.net = answer("q15.network")(channels, hidden, classes)

    def forward(self, images):
        return self.net(images[:1]).expand(len(images), -1).flip(0) * (1 / len(images))


def with_one_more(*layers):
    """The right network with something behind its ReLU of fc4 that no test would notice."""

    def network(channels, hidden, classes):
        *body, last = answer("q15.network")(channels, hidden, classes)
        return nn.Sequential(*body, *(layer(hidden) for layer in layers), last)

    return network


WRONG = {
    "other sign": ("q02.equivariance_error", moved_less_moved),
    "whole maxima": ("q03.max_pool", whole_maxima),
    "maxima from -1000": ("q03.max_pool", maxima_from(-1000)),
    "whole filter": ("q05b.filter_of_unit", whole_filter),
    "stride ignored": ("q04.first_failure", other_layers("q04.first_failure", nets.stride_ignored)),
    "halving": ("q04.first_failure", other_layers("q04.first_failure", nets.halving)),
    "stride as kernel": (
        "q04.first_failure",
        other_layers("q04.first_failure", nets.stride_as_kernel),
    ),
    "all halved": ("q06.map_shape", all_halved),
    "without the middle": ("q06.fully_convolutional", without_the_middle),
    "two at least": ("q06.fully_convolutional", two_at_least),
    "kept and halved": ("q10.table", kept_and_halved),
    "junk between": ("q10.table", junk_between),
    "gradients lost": ("q14.evaluate", gradients_lost),
    "parts in eval": ("q14.evaluate", parts_left_in_eval),
    "gradients off": ("q14.evaluate", gradients_switched_off),
    "logarithm of softmax": ("q17.loss_of", logarithm_of_softmax),
    "dropout": ("q15.network", with_one_more(lambda _: nn.Dropout(0.1))),
    "batch norm": ("q15.network", with_one_more(lambda n: nn.BatchNorm1d(n, affine=False))),
    "one at a time": ("q15.network", OneAtATime),
    **wrong_in_corners("q01.output_size", CONVOLUTIONS),
    **wrong_in_corners("q01.dense_weights", CONVOLUTIONS),
    **wrong_in_corners("q09.pooled_size", POOLINGS),
    **wrong_in_corners("q13.updates_per_epoch", EPOCHS),
    **wrong_in_corners("q19.normalise", CHANNELS),
    **wrong_in_corners("q19.statistics_after", CHANNELS),
    **{
        f"error of the {part}": ("q02.equivariance_error", error_of_a_part(look))
        for part, look in PARTS.items()
    },
    **{
        f"{change.__name__} in {item_id}": (item_id, other_layers(item_id, change))
        for item_id in ("q07.receptive_field", "q07.first_layer_seeing")
        for change in (nets.stride_ignored, nets.halving, nets.stride_as_kernel)
    },
    "words cut": ("q12.bag_of_words", words_of(np.trunc)),
    "words rounded": ("q12.bag_of_words", words_of(np.round)),
    "words rounded down": ("q12.bag_of_words", words_of(np.floor)),
    "than the lowest ever": ("q37.early_stopping", than_the_lowest_ever),
    "1.5 errors above": ("q39.expected_best", errors_above(1.5)),
    "2 errors above": ("q39.expected_best", errors_above(2)),
    "2.1 errors above": ("q39.expected_best", errors_above(2.1)),
    "1.95 errors": ("q39.report", report_with(1.95)),
    "2 errors": ("q39.report", report_with(2)),
    "an image fewer": ("q39.report", report_with(more=-1)),
    "an image more": ("q39.report", report_with(more=1)),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    answer(item_id)  # before what the item forbids refuses
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
