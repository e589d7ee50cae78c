"""Question 14: loss and accuracy of a network, measured without changing anything.

The model of a case is made by `convbook.check.adapters.evaluate`: a batch normalisation, a dropout
that drops everything, and a fully-connected layer. In train mode its answers are the biases alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from convbook.check.plain import Plain

EPSILON = 1e-5  # of nn.BatchNorm1d


def evaluate(**a: Any) -> Plain:
    """Return what `convbook.check.adapters.evaluate` tells of the right function."""
    return _told(a, _means(a))


def _told(
    a: Arguments,
    result: list[float],
    *,
    training: bool | None = None,
    unchanged: bool = True,
    gradients: str = "the same",
    graph: bool = False,
) -> dict[str, Any]:
    return {
        "result": result,
        "training": a["training"] if training is None else training,
        "unchanged": unchanged,
        "gradients": gradients,
        "graph": graph,
    }


def _each(a: Arguments, *, training: bool = False) -> list[tuple[Array, Array]]:
    """Return for every batch the losses (N,) of its images, and whether each is right (N,)."""
    return [
        _measured(_logits(a, batch["images"], training=training), batch["labels"])
        for batch in a["batches"]
    ]


def _logits(a: Arguments, images: Array, *, training: bool) -> Array:
    if training:  # dropout leaves nothing but the biases
        return np.tile(a["bias"], (len(images), 1))
    rows = images.reshape(len(images), -1)
    normal = (rows - a["mean"]) / np.sqrt(a["variance"] + EPSILON)
    logits: Array = normal @ a["weight"].T + a["bias"]
    return logits


def _measured(logits: Array, labels: list[int]) -> tuple[Array, Array]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return losses, logits.argmax(axis=1) == np.array(labels)


def _means(a: Arguments, *, training: bool = False) -> list[float]:
    losses, right = (
        np.concatenate(values) for values in zip(*_each(a, training=training), strict=True)
    )
    return [float(losses.mean()), float(right.mean())]


def _batch_means(**a: Any) -> Plain:
    means = [[losses.mean(), right.mean()] for losses, right in _each(a)]
    return _told(a, [float(mean) for mean in np.mean(means, axis=0)])


def _in_train_mode(*, graph: bool) -> Callable[..., Plain]:
    def wrong(**a: Any) -> Plain:
        result = _means(a, training=a["training"])
        return _told(a, result, unchanged=not a["training"], graph=graph)

    return wrong


def _loss_summed(**a: Any) -> Plain:
    loss, accuracy = _means(a)
    return _told(a, [loss * _images(a), accuracy])


def _accuracy_times(factor: Callable[[Arguments], int]) -> Callable[..., Plain]:
    def wrong(**a: Any) -> Plain:
        loss, accuracy = _means(a)
        return _told(a, [loss, accuracy * factor(a)])

    return wrong


def _images(a: Arguments) -> int:
    return sum(len(batch["labels"]) for batch in a["batches"])


def _last_batch(**a: Any) -> Plain:
    return _told(a, _means(a | {"batches": a["batches"][-1:]}))


MISCONCEPTIONS = (
    Misconception(
        "batch-means",
        "You took the mean of the batches' means. The last batch has fewer images, so each of "
        "them counts more than the others.",
        "Add up over all images, and divide once at the end.",
        _batch_means,
    ),
    Misconception(
        "train-mode",
        "The network was measured in the mode that it came in. In train mode, dropout drops and "
        "batch normalisation uses the batch, and notes its statistics.",
        "Which method of a module switches them to what they do in a test?",
        _in_train_mode(graph=False),
    ),
    Misconception(
        "train-mode-graph",
        "The network was measured in the mode that it came in, and with gradients: dropout drops, "
        "batch normalisation uses the batch and changes, and a graph is kept for nothing.",
        "Two things must be switched off: one in the model, one in torch.",
        _in_train_mode(graph=True),
    ),
    Misconception(
        "graph",
        "A graph for the gradients was built. eval() does not switch that off: it only changes "
        "what layers such as dropout do.",
        "Which context of torch says that no gradient will be needed?",
        lambda **a: _told(a, _means(a), graph=True),
    ),
    Misconception(
        "left-in-eval",
        "The network is left in eval mode. Whoever goes on training it trains without dropout.",
        "Note model.training at the beginning.",
        lambda **a: _told(a, _means(a), training=False),
    ),
    Misconception(
        "left-in-eval-graph",
        "The network is left in eval mode, and a graph for the gradients was built: eval() alone "
        "does not switch it off.",
        "Note model.training at the beginning, and measure without gradients.",
        lambda **a: _told(a, _means(a), training=False, graph=True),
    ),
    Misconception(
        "put-in-train",
        "The network is always left in train mode. Give it the mode back that it had.",
        "Note model.training at the beginning.",
        lambda **a: _told(a, _means(a), training=True),
    ),
    Misconception(
        "gradients-left",
        "Gradients are left in the network. eval() does not stop backward(); a measurement "
        "must not call it.",
        "Which lines of the training loop must be missing here?",
        lambda **a: _told(a, _means(a), gradients="others", graph=True),
    ),
    Misconception(
        "loss-summed",
        "The loss is a sum. It then depends on how many images there are.",
        "By what must the sum over all images be divided?",
        _loss_summed,
    ),
    Misconception(
        "counted",
        "The accuracy is a count. It is the share of right answers, between 0 and 1.",
        "By what must the number of right answers be divided?",
        _accuracy_times(_images),
    ),
    Misconception(
        "percent",
        "The accuracy is in per cent. It is a share, between 0 and 1.",
        "What is the accuracy when every answer is right?",
        _accuracy_times(lambda _: 100),
    ),
    Misconception(
        "last-batch",
        "This is the result of the last batch alone.",
        "Where do your sums start at 0: before the loop, or in it?",
        _last_batch,
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw a model and three batches, of which the last has fewer images."""
    features, classes, full = (integer(rng, low, 6) for low in (4, 3, 4))
    sizes = (full, full, integer(rng, 2, full - 2))
    return {
        "mean": rng.normal(size=features),
        "variance": rng.uniform(0.5, 2, size=features),
        "weight": rng.normal(size=(classes, features)),
        "bias": rng.normal(size=classes),
        "batches": [
            {
                "images": rng.normal(size=(n, 1, 1, features)),
                "labels": [integer(rng, 0, classes - 1) for _ in range(n)],
            }
            for n in sizes
        ],
        "training": bool(rng.integers(2)),
    }


def _tells(a: Arguments) -> bool:
    """Whether both numbers show the mistakes of averaging, of the mode and of the last batch."""
    right = np.array(_means(a))
    others = (_means(a, training=True), _batch_means(**a)["result"], _last_batch(**a)["result"])
    return bool(right[1] > 0 and all((abs(right - other) > 0.01).all() for other in others))


def _unsure(a: Arguments) -> bool:
    """Whether a class with less than half of the probability is the largest, and right."""
    losses, right = (np.concatenate(values) for values in zip(*_each(a), strict=True))
    return bool((losses[right] > np.log(2.05)).any())


def _cases(rng: np.random.Generator) -> list[Arguments]:
    return covering(
        rng,
        _case,
        [
            *[lambda a: a["training"] and _tells(a)] * 2,
            lambda a: not a["training"] and _tells(a) and _unsure(a),
            lambda a: not a["training"] and _tells(a),
        ],
    )


def _public(seed: int, *, training: bool) -> Arguments:
    """Draw a case with a fixed seed, and round its numbers: they are read by people."""
    rng = np.random.default_rng(seed)
    drawn = covering(rng, _case, [lambda a: a["training"] == training and _tells(a)])[0]
    arrays = {name: np.round(drawn[name], 1) for name in ("mean", "variance", "weight", "bias")}
    batches = [batch | {"images": np.round(batch["images"], 1)} for batch in drawn["batches"]]
    return drawn | arrays | {"batches": batches}


EVALUATE = Item(
    id="q14.evaluate",
    signature="evaluate(model, batches)",
    points=3,
    public=(_public(14, training=True), _public(140, training=False)),
    hidden=_cases,
    reference=evaluate,
    adapter="evaluate",
    misconceptions=MISCONCEPTIONS,
)

QUESTION = Question(
    id="q14",
    assignment="tp2_from_scratch",
    title="Measuring in train and in test",
    items=(EVALUATE,),
    rubric=(
        Criterion(
            0.75,
            "What makes a test differ: no update (no backward, no step), eval mode for dropout "
            "and batch normalisation, no gradients. Knows that eval() stops no update.",
        ),
        Criterion(
            0.75,
            "The training numbers are collected while the weights change, the test numbers at the "
            "end of the epoch: hence a test accuracy above the training one in the first epochs.",
        ),
        Criterion(0.5, "Each image counts once: the last batch is smaller."),
    ),
)
