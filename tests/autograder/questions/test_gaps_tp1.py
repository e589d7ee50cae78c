"""Answers to practical 1 that were marked wrongly once: wrong ones that passed, right ones."""

import math
from functools import cache

import pytest

from autograder.questions import get
from tests.autograder.questions import solved
from tests.autograder.questions.solved import verdict

answer = cache(solved.answer)  # it is asked for thousands of times


def walk(kind=None, change=None, *, flat=False):
    """A walk that takes a later layer of a kind for another one, or each linear as flattening."""

    def first_failure(layers, input_shape):
        shapes, shape, met = [], tuple(input_shape), False
        for index, layer in enumerate(layers):
            changed = change(layer, shape) if met and layer["kind"] == kind else layer
            met = met or layer["kind"] == kind
            if layer["kind"] == "linear" and flat:
                shape = (math.prod(shape),)
            failed, after = answer("q04.first_failure")([changed], shape)
            if failed is not None:
                return index, shapes
            shape = after[0]
            shapes.append(shape)
        return None, shapes

    return first_failure


def any_channels(layer, shape):
    return layer | {"in_channels": shape[0]}


def any_features(layer, shape):
    return layer | {"in_features": shape[0]}


def room_on(axis, *kinds):
    """Layers of these kinds test one axis only, and compute what they cannot."""

    def first_failure(layers, input_shape):
        shapes, shape = [], tuple(input_shape)
        for index, layer in enumerate(layers):
            trusting = layer["kind"] in kinds
            square = (shape[0], *[shape[axis]] * 2) if trusting else shape
            failed, after = answer("q04.first_failure")([layer], square)
            if failed is not None:
                return index, shapes
            sides = shape[1:]
            shape = after[0]
            if trusting:
                k, p, s = layer["kernel_size"], layer.get("padding", 0), layer["stride"]
                shape = (shape[0], *((side + 2 * p - k) // s + 1 for side in sides))
            shapes.append(shape)
        return None, shapes

    return first_failure


WRONG = {
    "first channels": ("q04.first_failure", walk("conv", any_channels)),
    "first features": ("q04.first_failure", walk("linear", any_features)),
    "no flatten needed": ("q04.first_failure", walk(flat=True)),
    **{
        f"room on axis {axis} only, {kind}": ("q04.first_failure", room_on(axis, kind))
        for axis in (1, 2)
        for kind in ("conv", "max_pool")
    },
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wrong_answer_that_once_passed_does_not(name, seed):
    item_id, function = WRONG[name]
    assert not verdict(get(item_id), function, seed)["passed"]


def failure_of_tuples(layers, input_shape):
    """Shapes are tuples, as the text writes them."""
    return answer("q04.first_failure")(layers, input_shape[:1] + tuple(input_shape[1:]))


def map_of_tuples(layers, made_for, input_shape):
    return answer("q06.map_shape")(layers, made_for + (), input_shape + ())  # noqa: RUF005


RIGHT = {
    "failure of tuples": ("q04.first_failure", failure_of_tuples),
    "map of tuples": ("q06.map_shape", map_of_tuples),
    "right walk": ("q04.first_failure", walk()),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_right_answer_passes(name, seed):
    item_id, function = RIGHT[name]
    result = verdict(get(item_id), function, seed)
    assert result["passed"], result
