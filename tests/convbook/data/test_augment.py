"""Augmentations: every output is made of its own input, at the stated rates."""

import pytest
import torch

from convbook.data import (
    centre_crop,
    compose,
    grey,
    random_crop,
    random_flip,
    reflect,
)
from convbook.errors import DataError


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def places(n, height=32, width=32):
    """Images whose pixels are their own address: channels are (image, row, column)."""
    images = torch.zeros(n, 3, height, width, dtype=torch.uint8)
    images[:, 0] = torch.arange(n, dtype=torch.uint8).view(-1, 1, 1)
    images[:, 1] = torch.arange(height, dtype=torch.uint8).view(1, -1, 1)
    images[:, 2] = torch.arange(width, dtype=torch.uint8).view(1, 1, -1)
    return images


def window(image, top, left, size):
    return image[:, top : top + size, left : left + size]


def test_a_random_crop_is_a_window_of_its_image(generator):
    images = places(200)
    crops = random_crop(28)(images, generator)
    assert crops.shape == (200, 3, 28, 28)
    assert crops.dtype == torch.uint8
    for image, crop in zip(images, crops, strict=True):
        top, left = crop[1:, 0, 0].tolist()
        assert torch.equal(crop, window(image, top, left, 28))


@pytest.mark.parametrize(("height", "width"), [(32, 32), (29, 31)])
def test_random_crops_reach_every_place(generator, height, width):
    corners = random_crop(28)(places(250, height, width), generator)[:, 1:, 0, 0]
    expected = {(top, left) for top in range(height - 27) for left in range(width - 27)}
    assert {tuple(corner) for corner in corners.tolist()} == expected


def test_a_random_flip_mirrors_left_to_right_about_half_the_images(generator):
    images = places(250)
    flipped = random_flip()(images, generator)
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    unchanged = (flipped == images).flatten(1).all(1)
    assert (mirrored ^ unchanged).all()
    assert 93 <= int(mirrored.sum()) <= 157  # 125 and four standard deviations of 7.9


@pytest.mark.parametrize(("p", "times"), [(0.0, 0), (1.0, 50)])
def test_the_extreme_rates_of_flips(generator, p, times):
    images = places(50)
    flipped = random_flip(p)(images, generator)
    assert int((flipped != images).flatten(1).any(1).sum()) == times


@pytest.mark.parametrize("p", [-0.1, 1.1, 50])
def test_a_rate_is_a_probability(p):
    with pytest.raises(DataError, match=f"p = {p}"):
        random_flip(p)


@pytest.mark.parametrize(("size", "corner"), [(28, (2, 2)), (32, (0, 0)), (1, (15, 15))])
def test_a_centre_crop_is_the_middle(size, corner):
    images = places(3)
    crops = centre_crop(size)(images, torch.Generator())
    expected = torch.stack([window(image, *corner, size) for image in images])
    assert torch.equal(crops, expected)


def test_a_centre_crop_of_a_rectangle():
    crops = centre_crop(4)(places(1, 10, 6), torch.Generator())
    assert crops[0, 1:, 0, 0].tolist() == [3, 1]


def test_a_reflected_border_repeats_the_rows_beside_the_edge(generator):
    (bordered,) = reflect(2)(places(1, 5, 6), generator)
    assert bordered.dtype == torch.uint8
    assert bordered[1, :, 0].tolist() == [2, 1, 0, 1, 2, 3, 4, 3, 2]
    assert bordered[2, 0].tolist() == [2, 1, 0, 1, 2, 3, 4, 5, 4, 3]


def test_border_and_crop_shift_by_up_to_the_border(generator):
    shifted = compose([reflect(2), random_crop(32)])(places(250), generator)
    assert shifted.shape == (250, 3, 32, 32)
    middles = {(row - 15, column - 15) for row, column in shifted[:, 1:, 15, 15].tolist()}
    assert middles == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


@pytest.mark.parametrize("width", [-1, 5, 9])
def test_a_border_is_narrower_than_the_image(generator, width):
    with pytest.raises(DataError, match=f"a border of {width} and images of 5x6"):
        reflect(width)(places(1, 5, 6), generator)


@pytest.mark.parametrize("crop", [random_crop, centre_crop])
@pytest.mark.parametrize("size", [0, -1, 33])
def test_a_window_fits_in_the_image(generator, crop, size):
    with pytest.raises(DataError, match=f"a window of {size}x{size} and images of 32x40"):
        crop(size)(places(2, 32, 40), generator)


def test_composed_augmentations_follow_each_other():
    images = places(20)
    both = compose([random_crop(28), random_flip(1.0)])(images, torch.Generator().manual_seed(1))
    crops = random_crop(28)(images, torch.Generator().manual_seed(1))
    assert torch.equal(both, crops.flip(3))


def test_nothing_composed_changes_nothing(generator):
    assert torch.equal(compose([])(places(2), generator), places(2))


def test_the_input_is_left_alone(generator):
    images = places(20)
    compose([random_flip(1.0), random_crop(28)])(images, generator)
    assert torch.equal(images, places(20))


def test_grey_is_the_mean_of_the_channels():
    images = torch.tensor([[250, 251, 255], [0, 0, 1]], dtype=torch.uint8).view(2, 3, 1, 1)
    assert grey(images).flatten().tolist() == [252, 0]
    assert grey(images.expand(2, 3, 5, 4)).shape == (2, 1, 5, 4)
    assert grey(images).dtype == torch.uint8
