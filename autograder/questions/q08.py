"""Question 8: the padding with which a convolution keeps the size."""

from __future__ import annotations

from autograder.questions.definition import Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer
from convbook.check.plain import REFUSED, Plain

SHAPES = ("convbook.shapes",)


def same_padding(k: int) -> Plain:
    """Return the zeros at each border that keep the size, or REFUSED where none do."""
    return _half(k - 1)


def dilated_padding(k: int, d: int) -> Plain:
    """Return the same for a kernel whose cells lie d apart: it reaches over d(k - 1) + 1 cells."""
    return _half(d * (k - 1))


def _half(zeros: int) -> Plain:
    """Return half of the zeros that are missing, one half a border."""
    return REFUSED if zeros % 2 else zeros // 2


SAME_PADDING = Item(
    id="q08.same_padding",
    signature="same_padding(k)",
    points=1,
    public=({"k": 3}, {"k": 5}, {"k": 1}, {"k": 4}),
    hidden=lambda rng: covering(
        rng,
        lambda r: {"k": integer(r, 2, 31)},
        (
            *[lambda a: a["k"] % 2 == 1 and a["k"] > 5] * 3,
            *[lambda a: a["k"] % 2 == 0 and a["k"] > 4] * 2,
            lambda a: a["k"] == 2,
        ),
    ),
    reference=same_padding,
    adapter="number_or_refusal",
    misconceptions=(
        Misconception(
            "even-halved",
            "An even kernel gets k/2. The output is then one longer than the input.",
            "Count the places of a kernel of 2 on a row of 5 with one zero at each end.",
            lambda k: k // 2,
        ),
        Misconception(
            "even-rounded-down",
            "For an even kernel you rounded down. The output is then one shorter than the input.",
            "Count the places of a kernel of 4 on a row of 5 with one zero at each end.",
            lambda k: (k - 1) // 2,
        ),
        Misconception(
            "not-whole",
            "The padding is a float. It counts rows of zeros, so it is whole, or there is none.",
            "Which operator of Python gives an int, and what must you ask of k before it?",
            lambda k: (k - 1) / 2,
        ),
        Misconception(
            "half-kernel",
            "You halved the kernel. Its middle cell needs no room at the border.",
            "How far does a kernel of 3 stick out when its middle lies on the first pixel?",
            lambda k: k / 2,
        ),
        Misconception(
            "both-borders",
            "These are the zeros of both borders together. The padding is counted at each border.",
            "How long is a row of 5 with a padding of 1?",
            lambda k: k - 1,
        ),
        Misconception(
            "always-one",
            "A padding of 1 fits a kernel of 3, and no other.",
            "Compute the output size for a kernel of 5 and a padding of 1.",
            lambda k: REFUSED if k % 2 == 0 else 1,
        ),
        Misconception(
            "odd-refused",
            "The odd kernels are refused. The even ones are those that cannot keep the size.",
            "Which kernels have a middle cell?",
            lambda k: REFUSED if k % 2 else k // 2,
        ),
    ),
    forbidden=SHAPES,
)

DILATED_PADDING = Item(
    id="q08.dilated_padding",
    signature="dilated_padding(k, d)",
    points=1,
    public=({"k": 3, "d": 1}, {"k": 3, "d": 2}, {"k": 5, "d": 3}, {"k": 4, "d": 3}),
    hidden=lambda rng: covering(
        rng,
        lambda r: {"k": integer(r, 1, 11), "d": integer(r, 1, 7)},
        (
            *[lambda a: a["k"] % 2 == 1 and a["k"] > 3 and a["d"] % 2 == 1 and a["d"] > 1] * 2,
            lambda a: a["k"] % 2 == 1 and a["k"] > 3 and a["d"] % 2 == 0,
            *[lambda a: a["k"] % 2 == 0 and a["d"] % 2 == 0] * 2,
            lambda a: a["k"] % 2 == 0 and a["d"] % 2 == 1 and a["d"] > 1,
            lambda a: a["d"] == 1 < a["k"],
            lambda a: a["k"] == 1 < a["d"],
        ),
    ),
    reference=dilated_padding,
    adapter="number_or_refusal",
    misconceptions=(
        Misconception(
            "dilation-ignored",
            "The dilation is ignored. The cells of the kernel lie d apart, so it reaches farther.",
            "Draw a kernel of 3 with d = 2. Over how many cells does it reach?",
            lambda **a: _half(a["k"] - 1),
        ),
        Misconception(
            "even-refused",
            "Every even kernel is refused. With an even dilation, it can keep the size as well.",
            "Draw a kernel of 2 with d = 2. How many zeros are missing?",
            lambda k, d: REFUSED if k % 2 == 0 else _half(d * (k - 1)),
        ),
        Misconception(
            "reach-too-long",
            "The kernel is taken to reach over d · k cells. After its last cell there is no gap.",
            "Draw a kernel of 3 with d = 2, and count from its first cell to its last.",
            lambda k, d: _half(d * k - 1),
        ),
        Misconception(
            "rounded-down",
            "You rounded down where the zeros cannot be shared equally by both borders.",
            "Which value has d · (k - 1), and what if it is odd?",
            lambda k, d: d * (k - 1) // 2,
        ),
        Misconception(
            "both-borders",
            "These are the zeros of both borders together. The padding is counted at each border.",
            "How long is a row of 5 with a padding of 1?",
            lambda k, d: d * (k - 1),
        ),
        Misconception(
            "one-gap",
            "Only one gap is counted. There is one between any two neighbours of the kernel.",
            "How many gaps has a kernel of 4?",
            lambda k, d: _half(k + d - 2),
        ),
    ),
    forbidden=SHAPES,
)

QUESTION = Question(
    id="q08",
    assignment="tp2_from_scratch",
    title="A convolution that keeps the size",
    items=(SAME_PADDING, DILATED_PADDING),
    rubric=(
        Criterion(0.5, "Stride 1 and padding (k - 1)/2, from the formula for the size."),
        Criterion(
            0.5,
            "An even kernel misses an odd number of zeros, which two equal borders cannot hold; "
            "names a way out, such as an odd kernel or one zero more on one side.",
        ),
    ),
)
