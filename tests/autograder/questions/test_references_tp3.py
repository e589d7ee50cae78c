"""Practical 3: the references against torch and their definitions, and the luck of measures."""

import numpy as np
import pytest
import torch
from torch import nn

from autograder.questions import item, q21, q22, q25, q27, q28, q29, q30, q34
from autograder.questions.q19 import normalise
from autograder.questions.q20 import channel_statistics
from convbook.check import adapters, forbidding
from convbook.check.measures import MEASURES
from convbook.data.augment import centre_crop
from convbook.data.statistics import channel_statistics as as_convbook
from convbook.errors import CheckFailed, NotAllowedHere
from tests.autograder.questions.solved import verdict


def images(n=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, size=(n, 3, 8, 9), dtype=np.uint8)


def test_statistics_agree_with_convbook_and_normalise_to_0_and_1():
    mean, std = channel_statistics(images())
    np.testing.assert_allclose((mean, std), as_convbook(torch.from_numpy(images())))
    normal = normalise(images(), mean, std)
    np.testing.assert_allclose(normal.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(normal.std(axis=(0, 2, 3)), 1)


def test_zca_gives_the_identity_as_covariance_and_is_symmetric():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))
    white = q21.zca(x, 1e-9)
    np.testing.assert_allclose(np.cov(white.T, ddof=0), np.eye(6), atol=1e-6)
    matrix = np.linalg.lstsq(x - x.mean(axis=0), white)[0]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)


@pytest.mark.parametrize("size", [3, 4, 5])
def test_the_centre_crop_is_that_of_convbook(size):
    theirs = centre_crop(size)(torch.from_numpy(images()))
    for image, crop in zip(images(), theirs.numpy(), strict=True):
        np.testing.assert_array_equal(q22.centre_crop(image, size), crop)


def steps(optimiser_class, steps=10, **options):
    """Yield what torch makes of a random gradient in each of ten steps: (gradient, weights)."""
    rng = np.random.default_rng(1)
    weights = nn.Parameter(torch.tensor(rng.normal(size=5)))
    optimiser = optimiser_class([weights], **options)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, gamma=0.9)
    yield None, weights.detach().numpy().copy()
    for _ in range(steps):
        weights.grad = torch.tensor(rng.normal(size=5))
        optimiser.step()
        schedule.step()
        yield weights.grad.numpy().copy(), weights.detach().numpy().copy()


def test_momentum_and_the_schedule_agree_with_torch_over_ten_steps():
    (_, w), *others = steps(torch.optim.SGD, lr=0.1, momentum=0.9)
    velocity = np.zeros(5)
    for epoch, (gradient, theirs) in enumerate(others):
        lr = q27.exponential_lr(0.1, 0.9, epoch)
        w, velocity = q27.momentum_step(w, gradient, velocity, lr, 0.9)
        np.testing.assert_allclose(w, theirs)


def test_adam_agrees_with_torch_over_ten_steps():
    (_, w), *others = steps(torch.optim.Adam, lr=0.1, betas=(0.8, 0.95), eps=0.01)
    m = v = np.zeros(5)
    for epoch, (gradient, theirs) in enumerate(others):
        lr = q27.exponential_lr(0.1, 0.9, epoch)
        w, m, v = q28.adam_step(w, gradient, m, v, epoch + 1, lr, [0.8, 0.95], 0.01)
        np.testing.assert_allclose(w, theirs)


def test_the_penalty_is_torchs_weight_decay():
    (_, w), *others = steps(torch.optim.SGD, lr=0.1, weight_decay=2 * 0.3)
    for epoch, (gradient, theirs) in enumerate(others):
        w = q30.penalised_step(w, gradient, q27.exponential_lr(0.1, 0.9, epoch), 0.3)
        np.testing.assert_allclose(w, theirs)
    np.testing.assert_allclose(q30.penalised_step(w, 0 * w, 0.1, 0.3), q30.decay_of(0.1, 0.3) * w)


def test_dropout_agrees_with_torch_for_its_own_draws():
    torch.manual_seed(0)
    x = torch.rand(20, 30) + 1
    theirs = nn.Dropout(0.3)(x)
    np.testing.assert_allclose(q29.drop(x.numpy(), (theirs != 0).numpy(), 0.3), theirs, rtol=1e-6)


def test_batch_norm_agrees_with_torch_over_three_batches_and_in_eval():
    rng = np.random.default_rng(0)
    layer = nn.BatchNorm2d(3, eps=0.01, momentum=0.2, dtype=torch.float64)
    gamma, beta = rng.normal(size=(2, 3))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(gamma))
        layer.bias.copy_(torch.from_numpy(beta))
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(3):
        x = rng.normal(loc=2, scale=3, size=(4, 3, 5, 6))
        y, mean, var = q34.batch_norm_train(x, gamma, beta, mean, var, 0.2, 0.01)
        np.testing.assert_allclose(y, layer(torch.from_numpy(x)).detach().numpy())
    np.testing.assert_allclose(mean, layer.running_mean.numpy())
    np.testing.assert_allclose(var, layer.running_var.numpy())
    layer.eval()
    y = q34.batch_norm_eval(x, gamma, beta, mean, var, 0.01)
    np.testing.assert_allclose(y, layer(torch.from_numpy(x)).detach().numpy())


def test_the_adapter_and_the_reference_run_an_own_augmentation_alike():
    adapted = adapters.own_augmentation(q25._cutout, n=40, seed=5)
    ours = q25.own_augmentation(n=40, seed=5)
    assert adapted.keys() == ours.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(adapted[name], value)


def test_an_augmentation_that_gives_its_own_images_back_is_named():
    def blackens(images, rng):
        for image in images:
            image[:, rng.integers(16)] = 0
        return images

    assert verdict(item("q25.own_augmentation"), blackens)["misconception"] == "in-place"


def no_numbers(name):
    """Return a value of the right shape whose numbers are none."""
    case = item(name).public[0]
    value = item(name).reference(**case)
    return case, {key: np.full(each.shape, np.nan) for key, each in value.items()}


@pytest.mark.parametrize("name", ["q22.augment", "q25.own_augmentation", "q33.dropout"])
def test_a_value_without_numbers_is_measured_and_wrong(name):
    arguments, value = no_numbers(name)
    random = item(name)
    facts = MEASURES[random.measure](arguments, value)
    assert facts != MEASURES[random.measure](arguments, random.reference(**arguments))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "An array of numbers is needed"),
        (np.zeros((2000, 2, 3, 4)), r"The shape \(2000, 2, 3, 3\) was expected"),
    ],
)
def test_a_value_that_cannot_be_measured_is_explained(value, message):
    arguments = item("q22.augment").public[0]
    with pytest.raises(CheckFailed, match=message):
        MEASURES["augmented"](arguments, dict.fromkeys(("first", "again", "other"), value))


@pytest.mark.parametrize("value", [None, {"first": 1}, dict.fromkeys(("first", "again"), 1)])
def test_forged_runs_are_refused(value):
    with pytest.raises(CheckFailed, match="An array of numbers is needed"):
        MEASURES["changed"]({"n": 4, "seed": 0}, value)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("q22.augment", lambda: centre_crop(2)),
        ("q20.normalise_both", lambda: as_convbook(torch.from_numpy(images()))),
        ("q27.momentum_step", lambda: list(steps(torch.optim.SGD, lr=0.1))),
        ("q28.adam_step", lambda: list(steps(torch.optim.Adam, lr=0.1))),
        ("q33.dropout", lambda: nn.Dropout(0.5)(torch.ones(3))),
        ("q34.batch_norm_train", lambda: nn.BatchNorm2d(1)(torch.ones(2, 1, 2, 2))),
    ],
)
def test_helpers_that_would_be_the_answer_refuse_while_it_is_checked(name, use):
    use()
    with forbidding(item(name).forbidden), pytest.raises(NotAllowedHere):
        use()
    use()
