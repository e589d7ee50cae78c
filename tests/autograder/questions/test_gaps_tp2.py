"""Wrong answers to practicals 2 and 4 that once got full marks, and right ones that did not."""

import math
from functools import cache

import numpy as np
import pytest
import torch

from autograder.questions import get
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)  # it is asked for thousands of times


def but(item_id, **corners):
    """Return what is right but for some corners, each a pair: where it is, and what comes there."""

    def wrong_where(corner, wrong):
        return lambda **a: (wrong if corner(**a) else answer(item_id))(**a)

    return {
        f"{item_id}: {name.replace('_', ' ')}": (item_id, wrong_where(*corner))
        for name, corner in corners.items()
    }


def pooled(limit, sticks_out=lambda **_: True):
    """Return the size where the last window is left out beyond another limit, or only sometimes."""

    def pooled_size(n, k, s, p, ceil):
        room = n + 2 * p - k
        if not ceil:
            return room // s + 1
        last = -(-room // s)
        return last + (not (sticks_out(k=k, s=s, p=p) and last * s >= limit(n, p)))

    return pooled_size


def even_kernels_as_odd(layers):
    seen = [
        layer | {"kernel_size": layer["kernel_size"] // 2 * 2 + 1}
        if layer["kind"] == "conv"
        else layer
        for layer in layers
    ]
    return answer("q11.total_weights")(seen)


def whole_distances(descriptors, dictionary):
    counts = [0] * len(dictionary)
    for one in descriptors:
        counts[((dictionary - one) ** 2).sum(1).astype(int).argmin()] += 1
    return counts


def images_counted_before(model, batches):
    n = sum(len(y) for _, y in batches)
    loss, accuracy = answer("q14.evaluate")(model, batches)
    return loss * n / n, accuracy


def batches_by_number(model, batches):
    return answer("q14.evaluate")(model, [batches[i] for i in range(len(batches))])


def in_double(model, batches):
    model.double()
    return answer("q14.evaluate")(model, ((x.double(), y) for x, y in batches))


def all_unfrozen(model, batches):
    model.requires_grad_(False)
    result = answer("q14.evaluate")(model, batches)
    model.requires_grad_(True)
    return result


def more_than_half(model, batches):
    """An image counts as right when its class has more than half of the probability."""
    seen = list(batches)
    loss, _ = answer("q14.evaluate")(model, seen)
    mode = model.training
    model.eval()
    with torch.no_grad():
        sure = [model(x).softmax(1)[range(len(y)), y] > 0.5 for x, y in seen]
    model.train(mode)
    return loss, torch.cat(sure).float().mean()


def runs_by(measure):
    """Return the sorting of the runs that learn by something else than their last loss."""

    def sort_runs(runs, guessing):
        diverged = [name for name, losses in runs.items() if losses[-1] >= guessing]
        ends = {name: measure(losses) for name, losses in runs.items() if name not in diverged}
        return diverged, max(ends, key=ends.get), min(ends, key=ends.get)

    return sort_runs


def loss_less(shift):
    """Return the loss from scores less something that is not the largest of them."""

    def loss_of(scores, label):
        shifted = [score - shift(scores, label) for score in scores]
        return math.log(sum(map(math.exp, shifted))) - shifted[label]

    return loss_of


def loss_by(change):
    """Return the loss from a probability that is kept away from 0."""
    return lambda scores, label: (
        -math.log(change(math.exp(-answer("q17.loss_of")(scores=scores, label=label))))
    )


def lowest_among(range_of):
    """Return the turn, looked for in a part of the epochs."""

    def overfitting_epoch(history):
        losses = history["test_loss"]
        lowest = min(range_of(len(losses)), key=losses.__getitem__)
        return lowest + 1 if losses[lowest] == min(losses) and lowest < len(losses) - 1 else None

    return overfitting_epoch


def none_if_lower_than(place):
    return lambda history: (
        None
        if history["test_loss"][-1] < history["test_loss"][place]
        else answer("q18.overfitting_epoch")(history)
    )


def few_configurations(lr, batch_size, dropout, rng):
    return answer("q35.draw_configuration")(
        lr, batch_size, dropout, np.random.default_rng(int(rng.integers(500)))
    )


def split_of(classes, generator=np.random.default_rng):
    """Return a split that takes the classes to be numbered in some way, or another generator."""

    def validation_split(labels, count, seed):
        shuffled = generator(seed).permutation(len(labels))
        held_out = [shuffled[labels[shuffled] == label][:count] for label in classes(labels)]
        validation = np.concatenate(held_out)
        return np.setdiff1d(shuffled, validation), validation

    return validation_split


def stopping_where(better):
    """Return early stopping in which other epochs count as better."""

    def early_stopping(losses, patience, min_delta):
        kept = 1
        for epoch, loss in enumerate(losses, start=1):
            if better(loss, losses[kept - 1], min_delta) and epoch > 1:
                kept = epoch
            elif epoch - kept == patience:
                return kept, epoch
        return kept, None

    return early_stopping


def stopping_by_windows(losses, patience, min_delta):
    """Compare the last epochs with the lowest loss before them, whether it was better or not."""
    for n in range(patience + 1, len(losses) + 1):
        if min(losses[n - patience : n]) >= min(losses[: n - patience]) - min_delta:
            return answer("q37.early_stopping")(losses[:n], patience, min_delta)[0], n
    return answer("q37.early_stopping")(losses, patience, min_delta)[0], None


def chosen_with_test(runs):
    for run in runs:
        assert len(run["test"]) == len(run["validation"])
    return answer("q38.choose_run")(runs)


def chosen_by_rounded(digits, best=max):
    def choose_run(runs):
        epochs = [(i, j) for i, run in enumerate(runs) for j in range(len(run["validation"]))]

        def accuracy(epoch):
            right, images = np.sum(runs[epoch[0]]["validation"][epoch[1]], axis=0)
            return round(right / images, digits)

        run, epoch = best(epochs, key=accuracy)
        return run, epoch + 1

    return choose_run


def last_best(epochs, key):
    return max(reversed(epochs), key=key)


def best_of(change):
    return lambda accuracy, images, runs, rng: answer("q39.expected_best")(
        accuracy, images, change(runs), rng
    )


def best_by_a_logarithm(accuracy, images, runs, rng):
    del rng
    return accuracy + 0.6 * math.sqrt(accuracy * (1 - accuracy) / images) * math.log(runs)


WRONG = {
    **but(
        "q08.dilated_padding",
        a_kernel_of_1_refused=(lambda k, **_: k == 1, lambda **_: int("")),
    ),
    "limit behind the padding": ("q09.pooled_size", pooled(lambda n, p: n + 2 * p)),
    "limit before the padding": ("q09.pooled_size", pooled(lambda n, _p: n)),
    "left out for large strides": (
        "q09.pooled_size",
        pooled(lambda n, p: n + p, lambda k, s, **_: s > k),
    ),
    "left out with padding": (
        "q09.pooled_size",
        pooled(lambda n, p: n + p, lambda p, **_: p > 0),
    ),
    "even kernels as odd": ("q11.total_weights", even_kernels_as_odd),
    "one classifier for two": (
        "q12.svm_weights",
        lambda words, classes: (words + 1) * (classes if classes > 2 else 1),
    ),
    "whole distances": ("q12.bag_of_words", whole_distances),
    "only for lists": (
        "q13.last_shapes",
        lambda images, batch_size, image_shape, classes: (
            n := images % batch_size or batch_size,
            [[n] + image_shape, (n, classes), (n,), ()],  # noqa: RUF005
        )[1],
    ),
    **but(
        "q13.last_shapes",
        one_label=(
            lambda images, batch_size, **_: images % batch_size == 1,
            lambda **a: [*answer("q13.last_shapes")(**a)[:2], (), ()],
        ),
        one_score_for_two=(
            lambda classes, **_: classes == 2,
            lambda **a: answer("q13.last_shapes")(**a | {"classes": 1}),
        ),
    ),
    "images counted before": ("q14.evaluate", images_counted_before),
    "batches by number": ("q14.evaluate", batches_by_number),
    "in double": ("q14.evaluate", in_double),
    "all unfrozen": ("q14.evaluate", all_unfrozen),
    "more than half": ("q14.evaluate", more_than_half),
    "mean of the last two": ("q16.sort_runs", runs_by(lambda losses: sum(losses[-2:]))),
    "last losses rounded": ("q16.sort_runs", runs_by(lambda losses: round(losses[-1], 2))),
    **but(
        "q16.updates_until",
        none_for_the_first=(lambda losses, target, **_: losses[0] <= target, lambda **_: None),
    ),
    "less the first": ("q17.loss_of", loss_less(lambda scores, _: scores[0])),
    "less the right one": ("q17.loss_of", loss_less(lambda scores, label: scores[label])),
    "less the mean": ("q17.loss_of", loss_less(lambda scores, _: sum(scores) / len(scores))),
    "less the smallest": ("q17.loss_of", loss_less(lambda scores, _: min(scores))),
    "less the largest of the large": (
        "q17.loss_of",
        loss_less(lambda scores, _: max(scores) if max(scores) > 700 else 0),
    ),
    "probability of 1e-7 at least": ("q17.loss_of", loss_by(lambda p: max(p, 1e-7))),
    "1e-8 more": ("q17.loss_of", loss_by(lambda p: p + 1e-8)),
    "never the first": ("q18.overfitting_epoch", lowest_among(lambda n: range(1, n))),
    "none if the last step falls": ("q18.overfitting_epoch", none_if_lower_than(-2)),
    "none if it ends lower": ("q18.overfitting_epoch", none_if_lower_than(0)),
    "500 configurations": ("q35.draw_configuration", few_configurations),
    "one run more": (
        "q35.runs_needed",
        lambda share, sure: int(math.log(1 - sure) / math.log(1 - share)) + 1,
    ),
    "two runs at least": (
        "q35.runs_needed",
        lambda share, sure: max(2, answer("q35.runs_needed")(share, sure)),
    ),
    "seed 0 is none": (
        "q36.validation_split",
        split_of(np.unique, lambda seed: np.random.default_rng(seed or None)),
    ),
    "classes counted": ("q36.validation_split", split_of(lambda labels: range(len(set(labels))))),
    "ten classes": ("q36.validation_split", split_of(lambda _: range(10))),
    "exactly min_delta": (
        "q37.early_stopping",
        stopping_where(lambda loss, best, d: loss <= best - d if d else loss < best),
    ),
    "a share of the loss": (
        "q37.early_stopping",
        stopping_where(lambda loss, best, d: loss < best * (1 - d)),
    ),
    "by windows": ("q37.early_stopping", stopping_by_windows),
    **but(
        "q37.early_stopping",
        patience_1=(
            lambda patience, **_: patience == 1,
            lambda losses, patience, min_delta: (
                answer("q37.early_stopping")(losses, patience, min_delta)[0],
                None,
            ),
        ),
    ),
    "test read": ("q38.choose_run", chosen_with_test),
    "rounded to 2 digits": ("q38.choose_run", chosen_by_rounded(2)),
    "rounded to 3 digits": ("q38.choose_run", chosen_by_rounded(3)),
    "rounded, the last": ("q38.choose_run", chosen_by_rounded(3, last_best)),
    "a run more": ("q39.expected_best", best_of(lambda runs: runs + 1)),
    "a run fewer": ("q39.expected_best", best_of(lambda runs: runs - 1)),
    "a logarithm": ("q39.expected_best", best_by_a_logarithm),
}


def batches_as_they_come(model, batches):
    """Ask for one batch after the other, and see to each parameter that needs a gradient."""
    needing = [parameter for parameter in model.parameters() if parameter.requires_grad]
    mode, more, results = model.training, iter(batches), []
    for parameter in needing:
        parameter.requires_grad = False
    while (batch := next(more, None)) is not None:
        results += zip(model.eval()(batch[0]).log_softmax(1), batch[1], strict=True)
    model.train(mode)
    for parameter in needing:
        parameter.requires_grad = True
    return tuple(
        np.mean([float(part(scores, y)) for scores, y in results])
        for part in (lambda scores, y: -scores[y], lambda scores, y: scores.argmax() == y)
    )


RIGHT = {
    "a tuple before a tuple": (
        "q13.last_shapes",
        lambda images, batch_size, image_shape, classes: (
            n := (images - 1) % batch_size + 1,
            [(n,) + image_shape, (n, classes), (n,), ()],  # noqa: RUF005
        )[1],
    ),
    "batches as they come": ("q14.evaluate", batches_as_they_come),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_right_answer_passes(name, seed):
    item_id, function = RIGHT[name]
    assert verdict(get(item_id), function, seed)["passed"]


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    answer(item_id)  # made here: what the grader forbids meanwhile may be imported
    assert not verdict(get(item_id), function, seed)["passed"]
