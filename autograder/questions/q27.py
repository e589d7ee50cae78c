"""Question 27: the update with momentum, and a learning rate that shrinks."""

from __future__ import annotations

import math

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart


def momentum_step(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    """Return weights and velocity after one step, as torch.optim.SGD makes it."""
    velocity = momentum * velocity + gradient
    return [w - lr * velocity, velocity]


def _without(w: Array, gradient: Array, velocity: Array, lr: float, momentum: float) -> list[Array]:
    del velocity, momentum
    return [w - lr * gradient, gradient]


def _old_velocity(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    return [w - lr * velocity, momentum * velocity + gradient]


def _not_kept(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    return [momentum_step(w, gradient, velocity, lr, momentum)[0], velocity]


def _lr_inside(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    velocity = momentum * velocity + lr * gradient
    return [w - velocity, velocity]


def _averaged(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    return momentum_step(w, (1 - momentum) * gradient, velocity, lr, momentum)


def _uphill(w: Array, gradient: Array, velocity: Array, lr: float, momentum: float) -> list[Array]:
    velocity = momentum * velocity + gradient
    return [w + lr * velocity, velocity]


def _nesterov(
    w: Array, gradient: Array, velocity: Array, lr: float, momentum: float
) -> list[Array]:
    velocity = momentum * velocity + gradient
    return [w - lr * (gradient + momentum * velocity), velocity]


_STEP_MISTAKES = (
    Misconception(
        "no-momentum",
        "The velocity has no effect: this is plain gradient descent.",
        "Which part of the old velocity is left after the step?",
        _without,
    ),
    Misconception(
        "old-velocity",
        "The weights move by the old velocity. The gradient must be added to it first.",
        "Which of the two formulas comes first?",
        _old_velocity,
    ),
    Misconception(
        "velocity-not-kept",
        "The velocity is given back as it came, so that it is forgotten at the next step.",
        "What does the next step need as its old velocity?",
        _not_kept,
    ),
    Misconception(
        "lr-inside",
        "The learning rate is inside the velocity. The weights are then right as long as it stays "
        "the same; with a schedule they are not.",
        "At which place of the two formulas does lr stand?",
        _lr_inside,
    ),
    Misconception(
        "averaged",
        "The gradient is multiplied by 1 - momentum, which makes a mean of the gradients. Here "
        "they add up.",
        "By what is the gradient multiplied in the first formula?",
        _averaged,
    ),
    Misconception(
        "uphill",
        "The step goes up. The loss gets smaller against the gradient.",
        "Which sign stands before lr?",
        _uphill,
    ),
    Misconception(
        "nesterov",
        "The weights move by the gradient and a part of the velocity: that is Nesterov's form.",
        "By what do the weights move in the second formula?",
        _nesterov,
    ),
)


def _step(rng: np.random.Generator) -> Arguments:
    size = integer(rng, 2, 5)
    w, gradient, velocity = rng.normal(scale=2, size=(3, size)).round(3)
    lr, momentum = (round(float(value), 2) for value in rng.uniform(0.3, 0.8, size=2))
    return {"w": w, "gradient": gradient, "velocity": velocity, "lr": lr, "momentum": momentum}


_W, _G, _V = np.array([1.0, -2.0]), np.array([0.5, 4.0]), np.array([2.0, -1.0])

MOMENTUM_STEP = Item(
    id="q27.momentum_step",
    signature="momentum_step(w, gradient, velocity, lr, momentum)",
    points=2,
    public=(
        {"w": _W, "gradient": _G, "velocity": 0 * _V, "lr": 0.1, "momentum": 0.9},
        {"w": _W, "gradient": _G, "velocity": _V, "lr": 0.1, "momentum": 0.9},
        {"w": _W, "gradient": _G, "velocity": _V, "lr": 0.5, "momentum": 0.5},
    ),
    hidden=lambda rng: covering(rng, _step, [telling_apart(momentum_step, _STEP_MISTAKES)] * 3),
    reference=momentum_step,
    misconceptions=_STEP_MISTAKES,
    forbidden=("torch.optim.sgd",),
)


def exponential_lr(lr: float, gamma: float, epoch: int) -> float:
    """Return the learning rate of an epoch, counted from 0: it shrinks by gamma each time."""
    return lr * gamma**epoch


_LR_MISTAKES = (
    Misconception(
        "too-early",
        "The first epoch has a smaller rate already. It is counted as 0 and has lr itself.",
        "What is gamma to the power of 0?",
        lambda lr, gamma, epoch: lr * gamma ** (epoch + 1),
    ),
    Misconception(
        "once",
        "The rate is multiplied by gamma once, however many epochs have passed.",
        "By what is it multiplied after two epochs?",
        lambda lr, gamma, epoch: lr * gamma if epoch else lr,
    ),
    Misconception(
        "linear",
        "The same amount is taken off each time. Exponential means: the same factor each time.",
        "By what is it multiplied after two epochs?",
        lambda lr, gamma, epoch: lr * (1 - (1 - gamma) * epoch),
    ),
    Misconception(
        "e-to-the-power",
        "Here the rate falls as e to the power of -gamma · epoch. It is multiplied by gamma.",
        "What is the rate after one epoch?",
        lambda lr, gamma, epoch: lr * math.exp(-gamma * epoch),
    ),
    Misconception(
        "grows",
        "The learning rate grows.",
        "Is gamma larger or smaller than 1?",
        lambda lr, gamma, epoch: lr / gamma**epoch,
    ),
    Misconception(
        "power-of-lr",
        "The power is taken of lr · gamma together.",
        "What does Python compute first in lr * gamma ** epoch?",
        lambda lr, gamma, epoch: (lr * gamma) ** epoch,
    ),
)


def _schedule(rng: np.random.Generator) -> Arguments:
    lr, gamma = round(float(rng.uniform(0.3, 2)), 2), round(float(rng.uniform(0.5, 0.9)), 2)
    return {"lr": lr, "gamma": gamma, "epoch": integer(rng, 2, 6)}


EXPONENTIAL_LR = Item(
    id="q27.exponential_lr",
    signature="exponential_lr(lr, gamma, epoch)",
    points=1,
    public=(
        {"lr": 0.1, "gamma": 0.95, "epoch": 0},
        {"lr": 0.1, "gamma": 0.95, "epoch": 1},
        {"lr": 1.0, "gamma": 0.5, "epoch": 3},
    ),
    hidden=lambda rng: [
        {**_schedule(rng), "epoch": 0},
        *covering(rng, _schedule, [telling_apart(exponential_lr, _LR_MISTAKES)] * 3),
    ],
    reference=exponential_lr,
    misconceptions=_LR_MISTAKES,
)

QUESTION = Question(
    id="q27",
    assignment="tp3_improvements",
    title="Why momentum and a schedule help",
    items=(MOMENTUM_STEP, EXPONENTIAL_LR),
    rubric=(
        Criterion(
            0.75, "Momentum: what stays the same adds up, what changes its sign cancels out."
        ),
        Criterion(0.5, "In the long run a step is up to 1 / (1 - momentum) times as large."),
        Criterion(0.75, "Schedule: large steps to get far, small ones to settle in the noise."),
    ),
)
