"""Wrong answers of practical 2 as students write them: each is named, and costs its points."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.questions import get
from tests.autograder.questions.solved import answer, verdict


def loop(model, batches):
    loss, right, seen = 0.0, 0, 0
    for x, y in batches:
        scores = model(x)
        loss += F.cross_entropy(scores, y).item() * len(y)
        right += (scores.argmax(1) == y).sum().item()
        seen += len(y)
    return loss / seen, right / seen


def without_eval(model, batches):
    with torch.no_grad():
        return loop(model, batches)


def left_in_eval(model, batches):
    model.eval()
    return without_eval(model, batches)


def eval_alone(model, batches):
    model.eval()
    return loop(model, batches)


def always_train_afterwards(model, batches):
    result = left_in_eval(model, batches)
    model.train()
    return result


def with_a_graph(model, batches):
    training = model.training
    result = eval_alone(model, batches)
    model.train(training)
    return result


def with_backward(model, batches):
    """Who thinks that eval() stops the updates leaves backward() in."""
    training, batches = model.training, list(batches)
    model.eval()
    for x, y in batches:
        F.cross_entropy(model(x), y).backward()
    result = loop(model, batches)
    model.train(training)
    return result


def batch_means(model, batches):
    training = model.training
    pairs = [left_in_eval(model, [batch]) for batch in batches]
    model.train(training)
    return tuple(sum(values) / len(values) for values in zip(*pairs, strict=True))


class Practical(nn.Module):
    """The right network, with a place for each mistake."""

    def __init__(self, channels, hidden, classes, **wrong):
        super().__init__()
        first, second, third = channels
        self.wrong = wrong
        self.conv1 = nn.Conv2d(3, first, wrong.get("k", 5), padding=wrong.get("padding", 2))
        self.conv2 = nn.Conv2d(first, second, wrong.get("k", 5), padding=wrong.get("padding", 2))
        self.conv3 = nn.Conv2d(second, third, wrong.get("k", 5), padding=wrong.get("padding", 2))
        self.fc4 = nn.Linear(third * wrong.get("last", 4) ** 2, hidden)
        self.fc5 = nn.Linear(hidden, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.conv3(x)
        x = F.max_pool2d(x if "no_third_relu" in self.wrong else F.relu(x), 2)
        x = self.fc4(x.flatten(1))
        x = self.fc5(x if "no_fourth_relu" in self.wrong else F.relu(x))
        return self.wrong.get("end", lambda scores: scores)(x)


def wrong_network(**wrong):
    return lambda *widths: Practical(*widths, **wrong)


def no_refusal(k):
    return (k - 1) // 2


def sheet_table(layers, input_shape):
    """All biases of the fully-connected layers forgotten: 1,190,160 in all."""
    return [
        (shape, count - layer.get("out_features", 0))
        for layer, (shape, count) in zip(
            layers, answer("q10.table")(layers, input_shape), strict=True
        )
    ]


def one_row_early(layers, input_shape):
    """conv3 gets fc4's 1,024,000."""
    right = answer("q10.table")(layers, input_shape)
    weighted = [i for i, (_, count) in enumerate(right) if count]
    rows = list(right)
    for place, after in pairwise(weighted):
        layer = layers[after]
        biases = layer.get("out_channels") or layer["out_features"]
        rows[place] = (right[place][0], right[after][1] - biases)
    return rows


WRONG = [
    ("q08.same_padding", no_refusal, "even-rounded-down"),
    ("q10.table", sheet_table, "dense-biases-forgotten"),
    ("q10.table", one_row_early, "next-layer"),
    ("q14.evaluate", without_eval, "train-mode"),
    ("q14.evaluate", loop, "train-mode-graph"),
    ("q14.evaluate", left_in_eval, "left-in-eval"),
    ("q14.evaluate", eval_alone, "left-in-eval-graph"),
    ("q14.evaluate", always_train_afterwards, "put-in-train"),
    ("q14.evaluate", with_a_graph, "graph"),
    ("q14.evaluate", with_backward, "gradients-left"),
    ("q14.evaluate", batch_means, "batch-means"),
    ("q15.network", wrong_network(end=F.relu), "relu-on-scores"),
    ("q15.network", wrong_network(end=lambda s: s.softmax(1)), "softmax-twice"),
    ("q15.network", wrong_network(end=lambda s: s.log_softmax(1)), "log-softmax"),
    ("q15.network", wrong_network(no_third_relu=True), "relu-missing-after-conv3"),
    ("q15.network", wrong_network(no_fourth_relu=True), "relu-missing-after-fc4"),
    ("q15.network", wrong_network(padding=0, last=1), "padding-zero"),
    ("q15.network", wrong_network(last=8), "pooling-missing"),
    ("q15.network", wrong_network(k=3, padding=1), "kernels-of-3"),
    ("q15.network", lambda *_: Practical((32, 64, 64), 1000, 10), "fixed-widths"),
]


@pytest.mark.parametrize(("item_id", "function", "known"), WRONG, ids=[w[2] for w in WRONG])
def test_a_wrong_answer_is_named(item_id, function, known):
    item = get(item_id)
    result = verdict(item, function, seed=1)
    assert result["misconception"] == known, result["first_failure"]
    assert result["points"] < item.points


def test_rows_of_the_table_count_one_by_one():
    """Wrong in the fully-connected layers, two of one network and one of another: 18 of 21 rows."""
    result = verdict(get("q10.table"), sheet_table)
    assert result["points"] == round(3 * 18 / 21, 2)


def test_the_practicals_own_numbers():
    practical = get("q10.table").public[0]["layers"]
    rows = [get("q10.table").reference(practical, [3, 32, 32], row) for row in range(13)]
    assert [rows[i] for i in (0, 3, 6, 10, 12)] == [
        [[32, 32, 32], 2432],
        [[64, 16, 16], 51264],
        [[64, 8, 8], 102464],
        [[1000], 1025000],
        [[10], 10010],
    ]
    totals = get("q11.total_weights")
    assert totals.reference(practical) == 1191170
    by_id = {known.id: known.wrong(practical) for known in totals.misconceptions}
    assert (by_id["dense-biases-forgotten"], by_id["biases-forgotten"]) == (1190160, 1190000)
    conv3 = {k.id: k.wrong(practical, [3, 32, 32], 6) for k in get("q10.table").misconceptions}
    assert conv3["next-layer"] == [[64, 8, 8], 1024000]
    assert get("q12.svm_weights").reference(1000, 10) == 10010
