"""Question 2, first item: measure how well a layer follows a shift of its input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.questions.arrays import Array, convolve, moved
from autograder.questions.definition import Arguments, Item, Misconception
from autograder.questions.draw import covering, integer, one_of, whole_numbers

Look = Callable[[Array], float]  # at the differences between both ways round

MODES = {"circular": "wrap", "zeros": "constant"}


def _layer(kind: str, weight: Array, bias: Array, image: Array) -> Array:
    """Return the output of the layer that `convbook.check.adapters.equivariance_error` builds."""
    if kind == "linear":
        output: Array = weight @ image.ravel() + bias
        return output.reshape(image.shape)
    return convolve(image, weight, bias, padding=weight.shape[-1] // 2, mode=MODES[kind])


def equivariance_error(
    kind: str, weight: Array, bias: Array, image: Array, shift: list[int]
) -> float:
    """Return the largest difference between shift-then-layer and layer-then-shift."""
    return _largest(_commutator(kind, weight, bias, image, shift))


def _commutator(kind: str, weight: Array, bias: Array, image: Array, shift: list[int]) -> Array:
    shifted_first = _layer(kind, weight, bias, moved(image, *shift))
    shifted_last = moved(_layer(kind, weight, bias, image), *shift)
    return np.asarray(shifted_first - shifted_last)


def _invariance(kind: str, weight: Array, bias: Array, image: Array, shift: list[int]) -> float:
    shifted_first = _layer(kind, weight, bias, moved(image, *shift))
    return float(np.abs(shifted_first - _layer(kind, weight, bias, image)).max())


def _input_not_shifted(
    kind: str, weight: Array, bias: Array, image: Array, shift: list[int]
) -> float:
    output = _layer(kind, weight, bias, image)
    return float(np.abs(output - moved(output, *shift)).max())


def _read(look: Look) -> Callable[..., float]:
    """Return the function that reads another number from the right differences."""
    return lambda **a: look(_commutator(**a))


def _signed(differences: Array) -> float:
    return float(differences.max())


def _other_sign(differences: Array) -> float:
    return float(-differences.min())


def _largest(differences: Array) -> float:
    return float(np.abs(differences).max())


def _first_channel(differences: Array) -> float:
    return _largest(differences[0])


def _last_channel(differences: Array) -> float:
    return _largest(differences[-1])


def _upper(differences: Array) -> float:
    return _largest(differences[:, : -(-differences.shape[1] // 2)])


def _lower(differences: Array) -> float:
    return _largest(differences[:, differences.shape[1] // 2 :])


def _left(differences: Array) -> float:
    return _largest(differences[:, :, : -(-differences.shape[2] // 2)])


def _right(differences: Array) -> float:
    return _largest(differences[:, :, differences.shape[2] // 2 :])


def _axes_swapped(kind: str, weight: Array, bias: Array, image: Array, shift: list[int]) -> float:
    return equivariance_error(kind, weight, bias, image, shift[::-1])


def _downwards(kind: str, weight: Array, bias: Array, image: Array, shift: list[int]) -> float:
    return equivariance_error(kind, weight, bias, image, [abs(shift[0]), shift[1]])


def _one_axis(kind: str, weight: Array, bias: Array, image: Array, shift: list[int]) -> float:
    return equivariance_error(kind, weight, bias, image, [shift[0], 0])


def _layer_case(rng: np.random.Generator, kind: str, *, channels: int = 1) -> Arguments:
    """Draw a layer, an image that is not square and a shift that moves it on both axes."""
    rows = integer(rng, 5, 7)
    image = whole_numbers(rng, (channels, rows, rows + integer(rng, 1, 3)), high=9)
    if kind == "linear":
        weight = whole_numbers(rng, (image.size, image.size))
        bias = whole_numbers(rng, (image.size,))
    else:
        k = one_of(rng, (3, 5))
        weight, bias = whole_numbers(rng, (2, channels, k, k)) / 4, whole_numbers(rng, (2,))
    # Not equal on both axes, and never a whole turn.
    shift = [integer(rng, 1, 2), -integer(rng, 1, 2)]
    return {"kind": kind, "weight": weight, "bias": bias, "image": image, "shift": shift}


def _upwards(rng: np.random.Generator) -> Arguments:
    """Draw a convolution of two channels, and a shift the other way."""
    a = _layer_case(rng, "zeros", channels=2)
    return a | {"shift": [-by for by in a["shift"]]}


def _along_one_axis(rng: np.random.Generator) -> Arguments:
    """Draw a convolution, and a shift that leaves one of the axes where it is."""
    a = _layer_case(rng, "zeros")
    still = integer(rng, 0, 1)
    return a | {"shift": [0 if axis == still else by for axis, by in enumerate(a["shift"])]}


MISCONCEPTIONS = (
    Misconception(
        "invariance",
        "You measured whether the output stays the same, which is invariance. A convolution "
        "is equivariant: when its input moves, its output moves along.",
        "One side of the comparison is not shifted yet. Which one?",
        _invariance,
    ),
    Misconception(
        "input-not-shifted",
        "The layer never sees a shifted image, so nothing is learned about the layer.",
        "Compute the layer twice: on the image and on the shifted image.",
        _input_not_shifted,
    ),
    Misconception(
        "mean",
        "You took the mean of the differences. One wrong place must be enough to be seen.",
        "Read again which number is asked for.",
        _read(lambda differences: float(np.abs(differences).mean())),
    ),
    Misconception(
        "signed",
        "The sign is kept, so a large negative difference is not seen.",
        "How far apart are -5 and 0?",
        _read(_signed),
    ),
    Misconception(
        "other-sign",
        "The sign is kept, so a large positive difference is not seen.",
        "How far apart are 5 and 0?",
        _read(_other_sign),
    ),
    Misconception(
        "sum",
        "You added the differences up. The largest one is asked for.",
        "Read again which number is asked for.",
        _read(lambda differences: float(np.abs(differences).sum())),
    ),
    Misconception(
        "axes-swapped",
        "The shift's two numbers are swapped: the first one moves the rows.",
        "In what order are the axes of a tensor of shape (C, H, W)?",
        _axes_swapped,
    ),
    Misconception(
        "one-axis",
        "Only the rows are moved. The shift has two numbers.",
        "torch.roll takes several shifts and several axes at once.",
        _one_axis,
    ),
    Misconception(
        "first-channel",
        "Only the first channel of the output is compared. Another one may differ more.",
        "How many channels may the output of a layer have?",
        _read(_first_channel),
    ),
)

# The largest difference has one sign and one place: no single case shows these.
SOMETIMES_RIGHT = ("signed", "other-sign", "first-channel")


def _shows(*looks: Look) -> Callable[[Arguments], bool]:
    """Return the condition that these looks miss the largest difference, and each mistake shows."""

    def condition(a: Arguments) -> bool:
        differences = _commutator(**a)
        right = _largest(differences)
        return all(right - look(differences) > 0.1 for look in looks) and all(
            abs(known.wrong(**a) - right) > 0.1
            for known in MISCONCEPTIONS
            if known.id not in SOMETIMES_RIGHT
        )

    return condition


def _moves(a: Arguments) -> bool:
    """Whether the output moves, so that it is not invariant."""
    return min(_invariance(**a), _input_not_shifted(**a)) > 1


def _shows_upwards(a: Arguments) -> bool:
    """Whether the error is no whole number, and not that of a shift downwards."""
    right = equivariance_error(**a)
    return bool(right % 1) and abs(_downwards(**a) - right) > 0.1


def _layer_cases(rng: np.random.Generator) -> list[Arguments]:
    """Draw two layers of each kind; the circular ones are the equivariant ones."""
    conditions: dict[str, list[Callable[[Arguments], bool]]] = {
        "circular": [_moves, _moves],
        "zeros": [_shows(_signed, _first_channel), _shows(_other_sign, _last_channel)],
        "linear": [_shows(_signed, _upper, _left), _shows(_other_sign, _lower, _right)],
    }
    return [
        *(
            case
            for kind, wanted in conditions.items()
            for case in covering(rng, partial(_layer_case, kind=kind), wanted)
        ),
        *covering(rng, _upwards, [_shows_upwards]),
        *covering(rng, _along_one_axis, [lambda a: equivariance_error(**a) > 1]),
    ]


def _public_layer_cases() -> tuple[Arguments, ...]:
    ramp = np.arange(30, dtype=np.float64).reshape(1, 5, 6) % 7
    edge = np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]], dtype=np.float64)
    mix = (np.arange(900, dtype=np.float64).reshape(30, 30) * 7 % 11) - 5
    one, many = np.ones(1), np.arange(30, dtype=np.float64) % 3
    return (
        {"kind": "circular", "weight": edge, "bias": one, "image": ramp, "shift": [1, -2]},
        {"kind": "linear", "weight": mix, "bias": many, "image": ramp, "shift": [2, 1]},
        {"kind": "zeros", "weight": edge, "bias": one, "image": ramp, "shift": [1, -2]},
    )


EQUIVARIANCE_ERROR = Item(
    id="q02.equivariance_error",
    signature="equivariance_error(layer, image, shift)",
    points=2,
    public=_public_layer_cases(),
    hidden=_layer_cases,
    reference=equivariance_error,
    adapter="equivariance_error",
    misconceptions=MISCONCEPTIONS,
)
