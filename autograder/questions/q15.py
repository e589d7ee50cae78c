"""Question 15: the practical's network, as a module of torch.

Only its widths vary: the same weights are put into the student's module and into the arrays here,
and both must give the same scores. The weights find their places by their shapes, which all
differ, so that attributes may have any names and any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.questions.arrays import Array, convolve, pool
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering
from autograder.questions.runs import RunItem
from autograder.questions.traps import tells_apart
from convbook.check.plain import ALIKE, FAILED, STEADY, Plain

Arrays = list[Array]
IMAGE = (3, 32, 32)
LAST = 4  # rows and columns of the last maps
K = 5


def network(channels: list[int], hidden: int, classes: int, arrays: Arrays, image: Array) -> Plain:
    """Return what `convbook.check.adapters.network_of_practical` tells of the right module."""
    del channels, hidden, classes
    return _told(arrays, _scores(arrays, image))


def _told(arrays: Arrays, scores: Plain) -> Plain:
    return _described([array.shape for array in arrays], scores)


def _described(shapes: list[tuple[int, ...]], scores: Plain = FAILED) -> Plain:
    return {
        "parameters": sorted([list(shape) for shape in shapes]),
        "scores": scores,
        STEADY: scores is not FAILED,
        ALIKE: scores is not FAILED,
    }


def _shapes(
    channels: list[int], hidden: int, classes: int, *, k: int = K, last: int = LAST
) -> list[tuple[int, ...]]:
    """Return the shapes of the weights and biases, layer by layer.

    Args:
        channels: filters of the three convolutions.
        hidden: outputs of fc4.
        classes: outputs of fc5.
        k: side of the kernels.
        last: side of the maps that are flattened.
    """
    shapes: list[tuple[int, ...]] = []
    for before, after in zip([IMAGE[0], *channels], channels, strict=False):
        shapes += [(after, before, k, k), (after,)]
    flat = channels[-1] * last * last
    return [*shapes, (hidden, flat), (hidden,), (classes, hidden), (classes,)]


def _relu(values: Array) -> Array:
    return np.where(values > 0, values, 0)


def _scores(
    arrays: Arrays,
    image: Array,
    *,
    relus: tuple[bool, bool, bool, bool] = (True, True, True, True),
    reduce: Callable[..., Array] = np.max,
) -> Array:
    """Return the scores of the classes for one image.

    Args:
        arrays: weights and biases, layer by layer.
        image: (3, 32, 32).
        relus: whether a ReLU follows conv1, conv2, conv3 and fc4.
        reduce: of the poolings.
    """
    maps = image
    for i in range(3):
        maps = convolve(maps, arrays[2 * i], arrays[2 * i + 1], padding=K // 2)
        maps = pool(_relu(maps) if relus[i] else maps, 2, 2, reduce)
    features = arrays[6] @ maps.ravel() + arrays[7]
    scores: Array = arrays[8] @ (_relu(features) if relus[3] else features) + arrays[9]
    return scores


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    shares: Array = powers / powers.sum()
    return shares


def _after(change: Callable[[Array], Array]) -> Callable[..., Plain]:
    """Return the module with something more behind its last layer."""
    return lambda **a: _told(a["arrays"], change(_scores(a["arrays"], a["image"])))


def _with(**options: Any) -> Callable[..., Plain]:
    return lambda **a: _told(a["arrays"], _scores(a["arrays"], a["image"], **options))


def _other_shapes(**options: Any) -> Callable[..., Plain]:
    """Return a module into which the weights do not fit."""
    return lambda channels, hidden, classes, **_: _described(
        _shapes(channels, hidden, classes, **options)
    )


def _without_biases(**a: Any) -> Plain:
    return _described([array.shape for array in a["arrays"] if array.ndim > 1])


def _fixed_widths(**_: Any) -> Plain:
    return _described(_shapes([32, 64, 64], 1000, 10))


_WRONG_LAYERS = (
    "relu-missing-after-conv3",
    "relu-missing-after-fc4",
    "no-relu-after-conv",
    "average-pooling",
)

MISCONCEPTIONS = (
    Misconception(
        "relu-on-scores",
        "The last layer is followed by a ReLU. Then no score can be negative, and a class whose "
        "score is 0 learns nothing more.",
        "What does cross_entropy expect: any numbers, or positive ones?",
        _after(_relu),
    ),
    Misconception(
        "softmax-twice",
        "The scores go through a softmax. cross_entropy does that itself, so it would be done "
        "twice, and the network would learn slowly.",
        "What does the documentation of cross_entropy call its input?",
        _after(_softmax),
    ),
    Misconception(
        "log-softmax",
        "The scores go through a log_softmax. cross_entropy does that itself.",
        "Give the scores of fc5 as they are.",
        _after(lambda scores: np.log(_softmax(scores))),
    ),
    Misconception(
        "relu-missing-after-conv3",
        "No ReLU follows conv3. Every convolution has one.",
        "Compare the third row of the table with the first two.",
        _with(relus=(True, True, False, True)),
    ),
    Misconception(
        "relu-missing-after-fc4",
        "No ReLU follows fc4. Without it, fc4 and fc5 together are one linear layer.",
        "What is the product of two matrices?",
        _with(relus=(True, True, True, False)),
    ),
    Misconception(
        "no-relu-after-conv",
        "No ReLU follows the convolutions.",
        "Look for ReLU in the table, row by row.",
        _with(relus=(False, False, False, True)),
    ),
    Misconception(
        "average-pooling",
        "The poolings take means. The table asks for max pooling.",
        "Which kind of pooling keeps the largest number?",
        _with(reduce=np.mean),
    ),
    Misconception(
        "padding-zero",
        "fc4 takes one number of each map, as if the convolutions had no padding. With it, the "
        "last maps are 4 by 4.",
        "Which padding keeps the size, for kernels of 5?",
        _other_shapes(last=1),
    ),
    Misconception(
        "pooling-missing",
        "fc4 takes maps of 8 by 8, as if one pooling were missing.",
        "How often is 32 halved on its way to 4?",
        _other_shapes(last=8),
    ),
    Misconception(
        "kernels-of-3",
        "The kernels have a side of 3. The table asks for 5.",
        "Read the first column of the table again.",
        _other_shapes(k=3),
    ),
    Misconception(
        "biases-missing",
        "The layers have no biases. The table counts them.",
        "Leave bias as it is by default.",
        _without_biases,
    ),
    Misconception(
        "fixed-widths",
        "The widths are always those of the practical. Use channels, hidden and classes.",
        "Where in your code do 32, 64, 1000 and 10 stand?",
        _fixed_widths,
    ),
    Misconception(
        "other-in-training",
        "In train mode the same weights give other scores: a layer such as dropout or batch "
        "normalisation is in the network. The table has none; practical 3 adds them and looks "
        "at what they change.",
        "Which of your layers has no row in the table?",
        lambda **a: network(**a) | {ALIKE: False},
    ),
)


def _case(rng: np.random.Generator) -> Arguments:
    """Draw widths that all differ, weights that keep the numbers near 1, and one image."""
    widths = [int(width) for width in rng.choice(np.arange(2, 9), size=5, replace=False)]
    channels, (hidden, classes) = widths[:3], widths[3:]
    shapes = _shapes(channels, hidden, classes)
    return {
        "channels": channels,
        "hidden": hidden,
        "classes": classes,
        "arrays": [_drawn(rng, shape) for shape in shapes],
        "image": np.round(rng.normal(size=IMAGE)),
    }


def _drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw weights for the scale of their sum, or biases; rounded, as they are read by people."""
    inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 4
    drawn: Array = rng.normal(size=shape) * np.sqrt(2 / inputs)
    return drawn.round(2)


def _negative_score(a: Arguments) -> bool:
    """Whether a function behind the last layer shows: ReLU, softmax or its logarithm."""
    scores = _scores(a["arrays"], a["image"])
    return bool(scores.min() < -0.1 and scores.max() > 0.1)


# Weights that do not fit always show.
_layers_apart = tells_apart(
    network, [known for known in MISCONCEPTIONS if known.id in _WRONG_LAYERS]
)


def _all_show(a: Arguments) -> bool:
    return _negative_score(a) and _layers_apart(a)


def _cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw two networks in which every mistake shows, and any third one."""
    return [*covering(rng, _case, [_all_show] * 2), _case(rng)]


NETWORK = Item(
    id="q15.network",
    signature="network(channels, hidden, classes)",
    points=4,
    public=tuple(
        covering(np.random.default_rng(seed), _case, [_all_show])[0] for seed in (15, 150)
    ),
    hidden=_cases,
    reference=network,
    adapter="network_of_practical",
    misconceptions=MISCONCEPTIONS,
    forbidden=("convbook.models",),
)

QUESTION = Question(
    id="q15",
    assignment="tp2_from_scratch",
    title="The network, trained",
    items=(NETWORK,),
    runs=(RunItem(id="q15.run", step="base", points=2),),
    rubric=(
        Criterion(
            0.5, "Tells the setting of the run: data, epochs, learning rate, batch size, device."
        ),
        Criterion(
            1,
            "Reports loss and accuracy on training and test images, from the run and with the "
            "epoch, and says on which data they were measured.",
        ),
        Criterion(0.5, "Says whether training was long enough, from the curves."),
    ),
)
