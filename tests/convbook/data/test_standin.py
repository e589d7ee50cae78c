"""The stand-in: the same everywhere, balanced, learnable, and never taken for CIFAR-10."""

import pytest
import torch
from torch import nn

from convbook.data import CIFAR10_CLASSES, SHEET_MEAN, SHEET_STD, batches, standin
from convbook.data.standin import draw_standin
from convbook.errors import DataError


def test_the_pictures_never_change():
    """The same bytes on every machine: only exactly defined operations draw them."""
    data = draw_standin(600, 100, seed=0)
    assert (data.train.fingerprint, data.test.fingerprint) == (
        "ca4ddf65f3fc89bd",
        "231943ede8a79cc0",
    )


def test_it_has_the_form_of_cifar10():
    data = draw_standin(30, 20, seed=1)
    for part, n in ((data.train, 30), (data.test, 20)):
        assert part.images.shape == (n, 3, 32, 32)
        assert part.labels.bincount().tolist() == [n // 10] * 10
    assert (data.train.role, data.test.role) == ("train", "test")


def test_seeds_and_parts_have_their_own_pictures():
    pictures = [draw_standin(20, 20, seed=seed) for seed in (0, 1)]
    prints = {part.fingerprint for data in pictures for part in (data.train, data.test)}
    assert len(prints) == 4


def test_slices_mix_the_classes():
    assert len(draw_standin(1000, 10, seed=0).train.labels[:100].unique()) == 10


def test_nobody_takes_it_for_cifar10(capsys):
    data = standin(10, 10)
    shown = capsys.readouterr().out
    assert "This is NOT CIFAR-10" in shown
    assert "CONVBOOK_DATA" in shown
    assert "NOT CIFAR-10" in data.source
    assert not set(data.classes) & set(CIFAR10_CLASSES)
    assert len(data.classes) == 10


@pytest.mark.parametrize(("n_train", "n_test"), [(0, 10), (10, -1)])
def test_it_has_images(n_train, n_test):
    with pytest.raises(DataError, match=f"n_train = {n_train}, n_test = {n_test}"):
        standin(n_train, n_test)


def accuracy(model, optimiser, data, epochs):
    """Train and return the share of the test images that the model gets right."""
    normalise = (SHEET_MEAN, SHEET_STD)
    for epoch in range(epochs):
        for x, y in batches(data.train, 64, seed=0, epoch=epoch, normalise=normalise):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()
    model.eval()
    ((x, y),) = batches(data.test, len(data.test), shuffle=False, normalise=normalise)
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


@pytest.mark.slow
def test_a_linear_model_stays_below_a_small_cnn():
    data = draw_standin(4000, 1000, seed=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        linear = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
        cnn = nn.Sequential(
            *(nn.Conv2d(3, 8, 5, padding=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(512, 10)),
        )
    by_linear = accuracy(linear, torch.optim.SGD(linear.parameters(), 0.01), data, epochs=8)
    by_cnn = accuracy(cnn, torch.optim.Adam(cnn.parameters(), 0.002), data, epochs=4)
    assert 0.15 < by_linear < 0.45
    assert by_cnn > 0.75


def test_what_is_drawn_once_is_given_to_each_caller_anew():
    first, again = standin(20, 20, 3), standin(20, 20, 3)
    assert torch.equal(first.train.images, again.train.images)
    assert first.train.fingerprint == again.train.fingerprint
    first.train.images.zero_()
    assert torch.equal(standin(20, 20, 3).train.images, again.train.images)
