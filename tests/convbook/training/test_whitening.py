import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convbook.data import PIXEL_MEAN, PIXEL_STD, batches
from convbook.errors import TrainingError
from convbook.models import build
from convbook.training.whitening import FLOOR, whiten, whitening_filters

PIXELS = (PIXEL_MEAN, PIXEL_STD)


@pytest.fixture
def pixels(data):
    x, _ = next(iter(batches(data.train, len(data.train), shuffle=False, normalise=PIXELS)))
    return x


def second_moments(outputs):
    """E[y_i y_j] over images and places of outputs (N, C, H, W)."""
    rows = outputs.transpose(0, 1).flatten(1).double()
    return rows @ rows.T / rows.shape[1]


def test_outputs_on_the_images_are_uncorrelated_and_equally_large(pixels):
    filters = whitening_filters(pixels, (2, 2))
    assert filters.shape == (12, 3, 2, 2)
    moments = second_moments(F.conv2d(pixels, filters))
    lengths = filters.flatten(1).double().square().sum(1)  # 1 / (strength + FLOOR)
    expected = 1 - FLOOR * lengths
    assert torch.allclose(moments, torch.diag(expected), atol=1e-4)
    assert expected[0] > 0.99
    assert (expected.diff() < 1e-6).all()  # the strongest direction first


def test_pixels_as_they_are_are_nothing_like_it(pixels):
    moments = second_moments(F.unfold(pixels, 2).unsqueeze(-1))
    assert moments[0, 1] > 0.5 * moments[0, 0]


def test_each_filter_has_its_negative_and_is_not_trained(data):
    model = build("sprint", seed=0)
    whiten(model, data.train.images, PIXELS)
    kernels = model.conv1.weight
    assert not kernels.requires_grad
    assert torch.equal(kernels[12:], -kernels[:12])
    assert all(p.requires_grad for name, p in model.named_parameters() if name != "conv1.weight")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), "a network without a convolution"),
        (nn.Sequential(nn.Conv2d(3, 24, 2)), "Conv2d"),  # with a bias
        (nn.Sequential(nn.Conv2d(3, 32, 2, bias=False)), "Conv2d"),
    ],
)
def test_a_first_layer_that_cannot_be_whitened_is_refused(data, model, words):
    with pytest.raises(TrainingError, match=f"Whitening the first convolution[\\s\\S]*{words}"):
        whiten(model, data.train.images, None)
