"""Question 30: a penalty on the squares of the weights is a decay of the weights."""

from __future__ import annotations

import numpy as np

from autograder.questions.arrays import Array
from autograder.questions.definition import Arguments, Criterion, Item, Misconception, Question
from autograder.questions.draw import covering, integer, telling_apart


def penalised_step(w: Array, gradient: Array, lr: float, penalty: float) -> Array:
    """Return the weights after a step down the loss plus penalty · sum(w²)."""
    return w - lr * (gradient + 2 * penalty * w)


def decay_of(lr: float, penalty: float) -> float:
    """Return the factor that such a step multiplies the weights with before the gradient."""
    return 1 - 2 * lr * penalty


_STEP_MISTAKES = (
    Misconception(
        "factor-2",
        "The derivative of w² is taken to be w.",
        "What is the derivative of w²?",
        lambda **a: penalised_step(**a | {"penalty": a["penalty"] / 2}),
    ),
    Misconception(
        "penalty-itself",
        "The penalty is added to the gradient as it is. A step goes along its derivative.",
        "What is the derivative of penalty · w² with respect to w?",
        lambda w, gradient, lr, penalty: w - lr * (gradient + penalty * (w**2).sum()),
    ),
    Misconception(
        "without-lr",
        "The penalty's part of the step is not multiplied by the learning rate.",
        "Of which function is the gradient taken, and what is multiplied by lr?",
        lambda w, gradient, lr, penalty: w - lr * gradient - 2 * penalty * w,
    ),
    Misconception(
        "grows",
        "The penalty makes the weights larger.",
        "Which sign has a step down the penalty alone?",
        lambda **a: penalised_step(**a | {"penalty": -a["penalty"]}),
    ),
    Misconception(
        "after-the-step",
        "The weights shrink after the step. The gradient of the penalty belongs to the weights "
        "before it.",
        "At which weights are both gradients taken?",
        lambda w, gradient, lr, penalty: (w - lr * gradient) * (1 - 2 * lr * penalty),
    ),
    Misconception(
        "absolute-values",
        "This is the step for a penalty on the absolute values: it has the same size for all "
        "weights.",
        "What is the derivative of w², at a small and at a large w?",
        lambda w, gradient, lr, penalty: w - lr * (gradient + 2 * penalty * np.sign(w)),
    ),
    Misconception(
        "no-penalty",
        "The penalty has no effect.",
        "Which function is minimised: the loss alone?",
        lambda **a: penalised_step(**a | {"penalty": 0.0}),
    ),
)


def _step(rng: np.random.Generator) -> Arguments:
    w, gradient = rng.normal(scale=2, size=(2, integer(rng, 2, 5))).round(3)
    lr, penalty = (round(float(value), 2) for value in rng.uniform(0.2, 0.7, size=2))
    return {"w": w, "gradient": gradient, "lr": lr, "penalty": penalty}


_W, _G = np.array([1.0, -2.0, 3.0]), np.array([0.5, 1.0, 0.0])

PENALISED_STEP = Item(
    id="q30.penalised_step",
    signature="penalised_step(w, gradient, lr, penalty)",
    points=1,
    public=(
        {"w": _W, "gradient": 0 * _G, "lr": 0.1, "penalty": 0.5},
        {"w": _W, "gradient": _G, "lr": 0.1, "penalty": 0.25},
    ),
    hidden=lambda rng: covering(rng, _step, [telling_apart(penalised_step, _STEP_MISTAKES)] * 3),
    reference=penalised_step,
    misconceptions=_STEP_MISTAKES,
    forbidden=("torch.optim.sgd",),
)

_DECAY_MISTAKES = (
    Misconception(
        "factor-2",
        "A factor is lost: the derivative of w² is taken to be w.",
        "Let your penalised_step make a step with gradient 0. What becomes of w = 1?",
        lambda lr, penalty: decay_of(lr, penalty / 2),
    ),
    Misconception(
        "what-is-taken-off",
        "This is the share that is taken off. The factor that is left is asked for.",
        "By which factor is w multiplied when a tenth is taken off?",
        lambda lr, penalty: 1 - decay_of(lr, penalty),
    ),
    Misconception(
        "weight-decay",
        "This is what torch calls weight_decay. The factor depends on the learning rate too.",
        "Let your penalised_step make a step with gradient 0. What becomes of w = 1?",
        lambda **a: 2 * a["penalty"],
    ),
    Misconception(
        "without-lr",
        "The learning rate is missing.",
        "Does a smaller step shrink the weights as much?",
        lambda **a: 1 - 2 * a["penalty"],
    ),
    Misconception(
        "grows",
        "With this factor the weights grow.",
        "Is the factor above or below 1?",
        lambda lr, penalty: decay_of(-lr, penalty),
    ),
)


def _decay(rng: np.random.Generator) -> Arguments:
    lr, penalty = (round(float(value), 2) for value in rng.uniform(0.1, 0.9, size=2))
    return {"lr": lr, "penalty": penalty}


def _decays(rng: np.random.Generator) -> list[Arguments]:
    """Draw three cases; in the first the penalty is so large that the weights change their sign."""
    shows = telling_apart(decay_of, _DECAY_MISTAKES)
    return covering(rng, _decay, [lambda a: decay_of(**a) < 0 and shows(a), shows, shows])


DECAY_OF = Item(
    id="q30.decay_of",
    signature="decay_of(lr, penalty)",
    points=1,
    public=({"lr": 0.1, "penalty": 0.5}, {"lr": 0.2, "penalty": 0.25}),
    hidden=_decays,
    reference=decay_of,
    misconceptions=_DECAY_MISTAKES,
)

QUESTION = Question(
    id="q30",
    assignment="tp3_improvements",
    title="Regularisation",
    items=(PENALISED_STEP, DECAY_OF),
    rubric=(
        Criterion(
            0.5, "What it is for: better on new images, at the price of a worse training loss."
        ),
        Criterion(
            0.5, "The penalty makes large weights expensive; its gradient shrinks each weight."
        ),
        Criterion(0.5, "Names two other ways (dropout, augmentation, early stopping, …) and why."),
    ),
)
