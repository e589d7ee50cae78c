"""Practical 2: right answers that look unusual, and changes of the solution that change nothing."""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, takewhile
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.autograder.questions.solved import answer


def searched_padding(k, d=1):
    """Try every padding on a row of 50."""
    for p in range(60):
        if 50 + 2 * p - d * (k - 1) == 50:
            return p
    raise ValueError


class EvenKernel(ValueError):
    pass


def own_error(k, d=1):
    half, rest = divmod(d * (k - 1), 2)
    if rest:
        raise EvenKernel(k)
    return half


def padding_of_torch(k, d=1):
    for p in range(40):  # 7 * (11 - 1) / 2 and less are asked for
        layer = nn.Conv1d(1, 1, k, padding=p, dilation=d)
        if layer(torch.zeros(1, 1, 80)).shape[-1] == 80:
            return p
    raise ValueError("none")


def half_exactly(k, d=1):
    half = Fraction(d * (k - 1), 2)
    if half.denominator != 1:
        raise ValueError(half)
    return half.numerator


def halving_by_search(k):
    sizes = range(30, 60, 2)
    return next(p for p in range(k) if all((n + 2 * p - k) // 2 + 1 == n // 2 for n in sizes))


def pooled_by_torch(n, k, s, p, ceil):
    return nn.MaxPool1d(k, s, p, ceil_mode=ceil)(torch.zeros(1, 1, n)).shape[-1]


def pooled_by_walking(n, k, s, p, ceil):
    """Put down one window after the other, from the padding on."""
    places, start = 0, -p
    while start + k <= n + p or (ceil and start < n and start + k - s < n + p):
        places, start = places + 1, start + s
    return places


def pooled_exactly(n, k, s, p, ceil):
    steps = Decimal(n + 2 * p - k) / s
    whole = int(steps)
    sticks_out = ceil and steps != whole and (whole + 1) * s < n + p
    return whole + 1 + sticks_out


def _module(layer: dict[str, Any]) -> nn.Module:
    if layer["kind"] == "flatten":
        return nn.Flatten()
    makers = {
        "conv": nn.Conv2d,
        "relu": nn.ReLU,
        "max_pool": nn.MaxPool2d,
        "linear": nn.Linear,
    }
    with torch.device("meta"):
        return makers[layer["kind"]](**{k: v for k, v in layer.items() if k != "kind"})


def table_of_torch(layers, input_shape):
    image = torch.zeros(1, *input_shape, device="meta")
    rows = []
    for module in map(_module, layers):
        image = module(image)
        rows.append([image.shape[1:], sum(p.numel() for p in module.parameters())])
    return rows


def table_as_generator(layers, input_shape):
    return tuple(map(tuple, answer("q10.table")(layers, input_shape)))


def counts_of_torch(layers):
    return [sum(p.numel() for p in _module(layer).parameters()) for layer in layers]


def heaviest_sorted(layers):
    counts = counts_of_torch(layers)
    (most, index) = max((count, -i) for i, count in enumerate(counts))
    return [-index, Fraction(most, sum(counts)) + 0.0]


def heaviest_in_numpy(layers):
    counts = np.array(counts_of_torch(layers))
    return np.argmax(counts), counts.max() / counts.sum()


def bag_by_torch(descriptors, dictionary):
    distances = torch.cdist(torch.tensor(descriptors), torch.tensor(dictionary))
    return torch.bincount(distances.argmin(1), minlength=len(dictionary))


def bag_by_counter(descriptors, dictionary):
    words = [
        min(range(len(dictionary)), key=lambda w: math.dist(one, dictionary[w]))
        for one in descriptors
    ]
    counted = Counter(words)
    return [counted[word] for word in range(len(dictionary))]


def bag_by_votes(descriptors, dictionary):
    squares = (dictionary**2).sum(1) - 2 * descriptors @ dictionary.T
    return (squares == squares.min(axis=1, keepdims=True)).sum(axis=0)


def bag_grouped(descriptors, dictionary):
    words = sorted(np.linalg.norm(dictionary - one, axis=1).argmin() for one in descriptors)
    bag = dict.fromkeys(range(len(dictionary)), 0) | {w: len([*g]) for w, g in groupby(words)}
    return tuple(bag.values())


def updates_by_loader(images, batch_size, drop_last):
    return len(DataLoader(range(images), batch_size, drop_last=drop_last))


def updates_by_counting(images, batch_size, drop_last):
    sizes = [min(batch_size, images - start) for start in range(0, images, batch_size)]
    return sum(size == batch_size or not drop_last for size in sizes)


def shapes_by_running(images, batch_size, image_shape, classes):
    data = TensorDataset(torch.zeros(images, 1), torch.zeros(images, dtype=torch.int64))
    *_, (x, y) = DataLoader(data, batch_size)
    x = x[:, :, None, None].expand(-1, *image_shape)
    scores = nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))(x)
    return x.shape, scores.shape, y.shape, F.cross_entropy(scores, y).shape


def shapes_as_arrays(images, batch_size, image_shape, classes):
    n = (images - 1) % batch_size + 1
    return [np.array([n, *image_shape]), torch.tensor([n, classes]), [n], np.zeros(0)]


def evaluate_with_loss_sum(model, batches):
    """Add up losses in torch, and give back the mode even after an error."""
    was, loss, right = model.training, 0, torch.zeros(())
    count = 0
    model.train(mode=False)
    try:
        with torch.inference_mode():
            for x, y in batches:
                scores = model(x)
                loss = loss + F.cross_entropy(scores, y, reduction="sum")
                right += (scores.max(1).indices == y).float().sum()
                count += y.numel()
    finally:
        model.train(was)
    return loss / count, right / count


@torch.no_grad()
def evaluate_at_once(model, batches):
    modes = {module: module.training for module in model.modules()}
    scores, labels = zip(*[(model.eval()(x), y) for x, y in batches], strict=True)
    for module, mode in modes.items():
        module.training = mode
    scores, labels = torch.cat(scores), torch.cat(labels)
    return F.cross_entropy(scores, labels).item(), np.mean((scores.argmax(1) == labels).numpy())


def evaluate_weighted(model, batches):
    training = model.training
    torch.set_grad_enabled(False)
    model.eval()
    rows = [(F.cross_entropy(s, y).item(), (s.argmax(-1) == y).float().mean().item(), len(y))
            for s, y in ((model(x), y) for x, y in batches)]  # fmt: skip
    if training:
        model.train()
    torch.set_grad_enabled(True)
    losses, shares, sizes = np.array(rows).T
    return np.average(losses, weights=sizes), np.average(shares, weights=sizes)


def evaluate_image_by_image(model, batches):
    was = model.training
    model.eval()
    with torch.no_grad():
        pairs = [(model(x[i : i + 1])[0], y[i]) for x, y in batches for i in range(len(y))]
    model.train(was)
    losses = [-s.log_softmax(0)[y] for s, y in pairs]
    right = [bool(s.argmax() == y) for s, y in pairs]
    return torch.stack(losses).mean(), sum(right) / len(right)


def evaluate_a_copy(model, batches):
    return answer("q14.evaluate")(deepcopy(model), list(batches))


class Backwards(nn.Module):
    """Its attributes stand in no order, and ReLU comes after pooling, which is the same."""

    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.scores = nn.Linear(hidden, classes)
        self.features = nn.Linear(16 * channels[2], hidden)
        self.third, self.second, self.first = (
            nn.Conv2d(before, after, 5, padding="same")
            for before, after in [(channels[1], channels[2]), channels[:2], (3, channels[0])]
        )

    def forward(self, x):
        for layer in (self.first, self.second, self.third):
            x = F.relu(F.max_pool2d(layer(x), 2))
        return self.scores(torch.relu(self.features(torch.flatten(x, 1))))


def lazy_network(channels, hidden, classes):
    layers: list[nn.Module] = []
    for width in channels:
        layers += [nn.LazyConv2d(width, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(
        *layers, nn.Flatten(), nn.LazyLinear(hidden), nn.ReLU(), nn.LazyLinear(classes)
    )


def named_network(channels, hidden, classes):
    modules = list(answer("q15.network")(channels, hidden, classes))
    return nn.Sequential(OrderedDict((f"layer{i}", module) for i, module in enumerate(modules)))


def convolutional_network(channels, hidden, classes):
    """Adaptive poolings, and a layer that does nothing."""
    a, b, c = channels
    return nn.Sequential(
        *(nn.Conv2d(3, a, (5, 5), 1, (2, 2)), nn.ReLU(), nn.AdaptiveMaxPool2d(16)),
        *(nn.Conv2d(a, b, (5, 5), 1, (2, 2)), nn.ReLU(), nn.AdaptiveMaxPool2d(8)),
        *(nn.Conv2d(b, c, (5, 5), 1, (2, 2)), nn.ReLU(), nn.AdaptiveMaxPool2d(4)),
        *(nn.Flatten(), nn.Linear(c * 16, hidden), nn.ReLU(), nn.Identity()),
        nn.Linear(hidden, classes),
    ).double().float()  # fmt: skip


class Parts(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        widths = [3, *channels]
        self.body = nn.ModuleList(
            nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(widths[i], widths[i + 1], 5), nn.ReLU())
            for i in range(3)
        )
        self.head = nn.ModuleDict({"b": nn.Linear(hidden, classes)})
        self.head["a"] = nn.Linear(channels[-1] * 4**2, hidden)

    def forward(self, images):
        maps = images
        for part in self.body:
            maps = part(maps)
            height, width = maps.shape[-2:]
            maps = (
                maps.unflatten(-1, (width // 2, 2)).unflatten(-3, (height // 2, 2)).amax((-1, -3))
            )
        return self.head["b"](self.head["a"](maps.reshape(len(maps), -1)).clamp(min=0))


def runs_sorted(runs, guessing):
    names = sorted(runs, key=lambda name: runs[name][-1])
    learning = [name for name in names if not runs[name][-1] >= guessing]
    return [n for n in runs if n not in learning], learning[-1], learning[0]


def runs_in_numpy(runs, guessing):
    names = list(runs)
    last = np.array([*runs.values()])[:, -1]
    bad = last >= guessing
    slow, best = np.where(bad, -1, last).argmax(), np.where(bad, np.inf, last).argmin()
    return tuple(n for n, b in zip(names, bad, strict=True) if b), names[slow], names[best]


def runs_emptied(runs, guessing):
    """It changes what it is given."""
    bad = [name for name in runs if runs[name][-1] - guessing >= 0]
    for name in bad:
        del runs[name]
    ends = {losses.pop(): name for name, losses in runs.items()}
    return bad, ends[max(ends)], ends[min(ends)]


def until_by_takewhile(losses, target, images, batch_size):
    before = len([*takewhile(lambda loss: loss > target, losses)])
    return None if before == len(losses) else (before + 1) * -(-images // batch_size)


def until_in_numpy(losses, target, images, batch_size):
    reached = np.array(losses) <= target
    return (reached.argmax() + 1) * -(-images // batch_size) if reached.any() else None


def loss_in_torch(scores, label):
    values = torch.tensor(scores, dtype=torch.float64)
    return values.logsumexp(0) - values[label]


def loss_in_numpy(scores, label):
    return np.logaddexp.reduce(scores) - scores[label]


def loss_by_differences(scores, label):
    """No exponent above 0 for the large ones: log1p of the others, relative to the label."""
    top = max(scores)
    others = math.fsum(math.exp(s - top) for s in scores)
    return top + math.log(others) - scores[label]


def loss_of_list(scores, label):
    shifted = [score - max(scores) for score in scores]
    return math.log(sum(math.exp(score) for score in shifted)) - shifted[label]


def start_in_torch(classes):
    loss = nn.CrossEntropyLoss()(torch.zeros(1, classes), torch.tensor([0]))
    return torch.stack([loss, torch.ones(classes).mean() / classes])


def epoch_in_numpy(history):
    losses = np.array(history["test_loss"])
    return None if losses.argmin() == losses.size - 1 else losses.argmin() + 1


def epoch_by_lookup(history):
    """Look the epoch up by its loss."""
    losses = dict(enumerate(history["test_loss"], 1))
    best = min(losses, key=losses.__getitem__)
    return best if best != max(losses) else None


def epoch_by_sorting(history):
    order = sorted(range(len(history["test_loss"])), key=history["test_loss"].__getitem__)
    return (order[0] + 1) if order[0] + 1 in range(1, len(order)) else None


def gap_in_numpy(history):
    return np.subtract(history["train_accuracy"], history["test_accuracy"])[-1]


def gap_exactly(history):
    return float(
        Fraction(str(history["train_accuracy"][-1])) - Fraction(str(history["test_accuracy"][-1]))
    )


def gap_by_popping(history):
    return history.pop("train_accuracy").pop() - history.pop("test_accuracy").pop()


def _wrapped(item: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: change(answer(item)(*args, **kwargs))


def _numbers(item: str, *formulas: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return ways to give one number, or None."""
    changes = (np.array, torch.tensor, lambda value: np.array([value])[0])
    wrapped = [
        _wrapped(item, lambda value, change=change: None if value is None else change(value))
        for change in changes
    ]
    return [*formulas, *wrapped]


VARIANTS_TP2: dict[str, list[Callable[..., Any]]] = {
    "q08.same_padding": _numbers(
        "q08.same_padding", searched_padding, own_error, padding_of_torch, half_exactly
    ),
    "q08.dilated_padding": _numbers(
        "q08.dilated_padding", searched_padding, own_error, padding_of_torch, half_exactly
    ),
    "q09.halving_padding": _numbers(
        "q09.halving_padding", halving_by_search, lambda k: math.ceil(k / 2) - 1
    ),
    "q09.pooled_size": _numbers(
        "q09.pooled_size", pooled_by_torch, pooled_by_walking, pooled_exactly
    ),
    "q10.table": [
        table_of_torch,
        table_as_generator,
        lambda layers, shape: [
            [np.array(sides), np.int64(count)] for sides, count in table_of_torch(layers, shape)
        ],
        lambda layers, shape: [
            (list(sides), torch.tensor(count)) for sides, count in table_of_torch(layers, shape)
        ],
        _wrapped("q10.table", lambda rows: [(torch.tensor(shape), n) for shape, n in rows]),
    ],
    "q10.heaviest": [
        heaviest_sorted,
        heaviest_in_numpy,
        _wrapped("q10.heaviest", list),
        _wrapped("q10.heaviest", lambda pair: [np.int8(pair[0]), np.float32(pair[1])]),
        _wrapped("q10.heaviest", lambda pair: tuple(map(torch.tensor, pair))),
    ],
    "q11.total_weights": _numbers(
        "q11.total_weights",
        lambda layers: sum(counts_of_torch(layers)),
        lambda layers: np.sum(counts_of_torch(layers)),
    ),
    "q11.weights_per_example": _numbers(
        "q11.weights_per_example",
        lambda layers, examples: sum(count / examples for count in counts_of_torch(layers)),
        lambda layers, examples: np.float32(sum(counts_of_torch(layers)) / examples),
    ),
    "q12.svm_weights": _numbers(
        "q12.svm_weights",
        lambda words, classes: words * classes + classes,
        lambda words, classes: sum(p.numel() for p in nn.Linear(words, classes).parameters()),
    ),
    "q12.bag_of_words": [
        bag_by_torch,
        bag_by_counter,
        bag_by_votes,
        bag_grouped,
        _wrapped("q12.bag_of_words", list),
    ],
    "q13.updates_per_epoch": _numbers(
        "q13.updates_per_epoch", updates_by_loader, updates_by_counting
    ),
    "q13.last_shapes": [
        shapes_by_running,
        shapes_as_arrays,
        _wrapped("q13.last_shapes", lambda shapes: tuple(map(list, shapes))),
        _wrapped("q13.last_shapes", lambda shapes: [*map(torch.Size, shapes)]),
        _wrapped("q13.last_shapes", lambda shapes: [tuple(map(np.int64, s)) for s in shapes]),
    ],
    "q14.evaluate": [
        evaluate_with_loss_sum,
        evaluate_at_once,
        evaluate_weighted,
        evaluate_image_by_image,
        evaluate_a_copy,
        _wrapped("q14.evaluate", np.array),
    ],
    "q15.network": [Backwards, lazy_network, named_network, convolutional_network, Parts],
    "q16.sort_runs": [
        runs_sorted,
        runs_in_numpy,
        runs_emptied,
        _wrapped("q16.sort_runs", list),
        lambda guessing, runs: runs_sorted(OrderedDict(runs), np.float64(guessing)),
    ],
    "q16.updates_until": _numbers("q16.updates_until", until_by_takewhile, until_in_numpy),
    "q17.at_the_start": [
        start_in_torch,
        lambda classes: [-math.log(1 / classes), 1 / classes],
        lambda classes: np.array([np.log(classes), 1 / classes], dtype=np.float32),
        lambda classes: (torch.tensor(float(classes)).log(), Fraction(1, classes) + 0.0),
        lambda classes: (loss_in_numpy([7.0] * classes, 0), np.reciprocal(float(classes))),
    ],
    "q17.loss_of": [
        loss_in_torch,
        loss_in_numpy,
        loss_by_differences,
        loss_of_list,
        _wrapped("q17.loss_of", np.float32),
    ],
    "q18.overfitting_epoch": _numbers(
        "q18.overfitting_epoch", epoch_in_numpy, epoch_by_lookup, epoch_by_sorting
    ),
    "q18.generalisation_gap": _numbers(
        "q18.generalisation_gap", gap_in_numpy, gap_exactly, gap_by_popping
    ),
}

EQUIVALENT_TP2 = {
    "q14.evaluate": dict.fromkeys(
        ("(0.0, 0, 0) became (0, 0.0, 0)", "(0.0, 0, 0) became (0.0, 0, 0)"),
        "three sums that all start at 0",
    ),
}
