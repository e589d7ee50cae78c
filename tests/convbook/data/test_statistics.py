"""Channel statistics against numpy's, and the two published pairs."""

import numpy as np
import pytest
import torch

from convbook.data import PIXEL_STD, SHEET_MEAN, SHEET_STD, channel_statistics


def random_images(n, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (n, 3, 8, 6), generator=generator)
    images[:, 1] //= 3  # channels of their own means and spreads
    return images.to(torch.uint8)


@pytest.mark.parametrize("n", [1, 2, 50])
def test_equal_to_numpy(n):
    images = random_images(n, seed=n)
    mean, std = channel_statistics(images)
    pixels = images.double().numpy() / 255
    np.testing.assert_allclose(mean, pixels.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, pixels.std((0, 2, 3)), rtol=1e-12)


def test_one_test_image_would_show():
    images = random_images(50, seed=0)
    assert channel_statistics(images[:-1]) != channel_statistics(images)


def test_the_two_standard_deviations_are_not_the_same():
    assert all(pixel - sheet > 0.04 for pixel, sheet in zip(PIXEL_STD, SHEET_STD, strict=True))
    assert SHEET_MEAN == (0.491, 0.482, 0.447)
