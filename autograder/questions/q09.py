"""Question 9: the pooling that halves the size, and what it does to an odd one."""

from __future__ import annotations

import numpy as np

from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from autograder.questions.traps import each_shows

SHAPES = ("convbook.shapes",)


def halving_padding(k: int) -> int:
    """Return the padding with which a pooling of stride 2 gives n/2 for every even n.

    From floor((n + 2p - k)/2) + 1 = n/2 follows that 2p - k is -1 or -2: one p for each k.
    """
    return (k - 1) // 2


def pooled_size(n: int, k: int, s: int, p: int, ceil: bool) -> int:
    """Return the side of a pooling's output.

    Source: the documentation of torch.nn.MaxPool2d. Rounding up, a window may stick out, but it
    must start inside the input or the padding before it.
    """
    room = n + 2 * p - k
    if not ceil:
        return room // s + 1
    last = -(-room // s)
    return last if last * s >= n + p else last + 1


def _rounded_up(n: int, k: int, s: int, p: int) -> int:
    return -(-(n + 2 * p - k) // s) + 1


HALVING_PADDING = Item(
    id="q09.halving_padding",
    signature="halving_padding(k)",
    points=1,
    public=({"k": 2}, {"k": 3}, {"k": 4}, {"k": 1}),
    hidden=lambda rng: covering(
        rng,
        lambda r: {"k": integer(r, 5, 21)},
        (*[lambda a: a["k"] % 2 == 0] * 3, *[lambda a: a["k"] % 2 == 1] * 3),
    ),
    reference=halving_padding,
    misconceptions=(
        Misconception(
            "no-padding",
            "Without padding, a window that is larger than 2 gives less than half.",
            "Compute the output size of an input of 8 for k = 4, s = 2 and p = 0.",
            lambda **_: 0,
        ),
        Misconception(
            "half-kernel",
            "For an even window this padding is one too large: the output has one place too many.",
            "Compute the output size of an input of 8 for k = 2, s = 2 and p = 1.",
            lambda k: k // 2,
        ),
        Misconception(
            "even-rule",
            "This is right for even windows only. An odd one gets one zero too few.",
            "Compute the output size of an input of 8 for k = 3, s = 2 and p = 0.",
            lambda k: max(0, (k - 2) // 2),
        ),
        Misconception(
            "not-whole",
            "The padding is a float. It counts rows, so it must be whole.",
            "The size is rounded down. Which whole padding gives half, for k = 2 and k = 4?",
            lambda k: (k - 1) / 2,
        ),
        Misconception(
            "both-borders",
            "This is the padding of both borders together. It is counted at each border.",
            "How long is a row of 8 with a padding of 1?",
            lambda k: k - 1,
        ),
    ),
    forbidden=SHAPES,
)


def _pooling(rng: np.random.Generator) -> Arguments:
    """Draw an input and a window; PyTorch allows a padding of half the window."""
    k = integer(rng, 1, 6)
    return {
        "n": integer(rng, 6, 40),
        "k": k,
        "s": integer(rng, 1, 5),
        "p": integer(rng, 0, k // 2),
        "ceil": bool(rng.integers(2)),
    }


def _left_over(a: Arguments) -> int:
    return int((a["n"] + 2 * a["p"] - a["k"]) % a["s"])


def _last_start(a: Arguments) -> int:
    """Return where the last window starts when the size is rounded up, in the padded input."""
    return (_rounded_up(a["n"], a["k"], a["s"], a["p"]) - 1) * int(a["s"])


def _starts_at_the_end(a: Arguments) -> bool:
    """Whether a window would start just behind the input, where the first zero lies."""
    return bool(a["ceil"] and _last_start(a) == a["n"] + a["p"])


_SIZE_MISTAKES = (
    Misconception(
        "ceil-ignored",
        "The size is always rounded down. With ceil=True, a window that sticks out counts too.",
        "What becomes of the last row of 7, for k = 2 and s = 2?",
        lambda **a: pooled_size(**(a | {"ceil": False})),
    ),
    Misconception(
        "always-ceil",
        "The size is always rounded up. Unless ceil is True, only whole windows count.",
        "How many whole windows of 2 lie side by side in a row of 7?",
        lambda **a: pooled_size(**(a | {"ceil": True})),
    ),
    Misconception(
        "starts-outside",
        "The last window starts beyond the input, where there is nothing to pool.",
        "At which cell does the last window start? It must lie before n + p.",
        lambda n, k, s, p, ceil: (
            _rounded_up(n, k, s, p) if ceil else pooled_size(n, k, s, p, ceil=False)
        ),
    ),
    Misconception(
        "padding-once",
        "The padding is counted once. It is added at both ends.",
        "How long is a row of 5 with a padding of 1?",
        lambda n, k, s, p, ceil: -(-(n + p - k) // s) + 1 if ceil else (n + p - k) // s + 1,
    ),
    Misconception(
        "stride-only",
        "You divided the size by the stride. The size of the window and the padding count too.",
        "Compute the size for a row of 8, once with k = 2 and once with k = 5.",
        lambda **a: -(-a["n"] // a["s"]) if a["ceil"] else a["n"] // a["s"],
    ),
    Misconception(
        "first-place",
        "One place is missing: the first one, before any stride is taken.",
        "How many places are there for a window that is as long as the input?",
        lambda **a: pooled_size(**a) - 1,
    ),
)

POOLED_SIZE = Item(
    id="q09.pooled_size",
    signature="pooled_size(n, k, s, p, ceil)",
    points=2,
    public=(
        {"n": 32, "k": 2, "s": 2, "p": 0, "ceil": False},
        {"n": 7, "k": 2, "s": 2, "p": 0, "ceil": False},
        {"n": 7, "k": 2, "s": 2, "p": 0, "ceil": True},
        {"n": 7, "k": 3, "s": 2, "p": 1, "ceil": False},
        {"n": 4, "k": 2, "s": 3, "p": 1, "ceil": True},
    ),
    hidden=lambda rng: covering(
        rng,
        _pooling,
        (
            *each_shows(pooled_size, _SIZE_MISTAKES),
            lambda a: not a["ceil"] and a["p"] >= a["s"] > 1,
            lambda a: a["p"] > a["s"] == 1,
            lambda a: a["ceil"] and a["p"] > 0 and _left_over(a) > 0,
            lambda a: a["p"] > 0 and a["s"] <= a["k"] and _starts_at_the_end(a),
            lambda a: a["p"] == 0 and _starts_at_the_end(a),
            lambda a: a["ceil"] and a["n"] <= _last_start(a) < a["n"] + a["p"],
            lambda a: a["ceil"] and a["s"] > 1 and _left_over(a) == 0,
            lambda a: a["s"] > a["k"] == 1,
        ),
    ),
    reference=pooled_size,
    misconceptions=_SIZE_MISTAKES,
    forbidden=SHAPES,
)

QUESTION = Question(
    id="q09",
    assignment="tp2_from_scratch",
    title="A pooling that halves the size",
    items=(HALVING_PADDING, POOLED_SIZE),
    rubric=(
        Criterion(0.5, "Window 2, stride 2, padding 0; the size formula shows that it halves."),
        Criterion(
            0.5,
            "On an odd size something must give: rounding down loses the last row and column, "
            "rounding up (ceil_mode, or padding) keeps them; tells an example.",
        ),
    ),
)
