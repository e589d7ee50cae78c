"""Batches: every image once, in an order that (seed, epoch) alone decides."""

import itertools

import numpy as np
import pytest
import torch

from convbook.data import (
    SHEET_MEAN,
    SHEET_STD,
    Images,
    batches,
    compose,
    grey,
    random_crop,
    random_flip,
)
from convbook.errors import DataError


@pytest.fixture(scope="module")
def data():
    """50 images, each of one grey value, its number."""
    images = torch.arange(50, dtype=torch.uint8).view(-1, 1, 1, 1).expand(50, 3, 32, 32)
    return Images(images.contiguous(), torch.arange(50) % 10, tuple("abcdefghij"))


def numbers(data, batch_size=16, **options):
    """The numbers of the images in each batch."""
    return [
        (255 * x[:, 0, 0, 0]).round().int().tolist()
        for x, _ in batches(data, batch_size, **options)
    ]


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(16, [16, 16, 16, 2]), (50, [50]), (64, [50]), (1, [1] * 50)]
)
def test_each_image_once(data, batch_size, sizes):
    found = numbers(data, batch_size, seed=1)
    assert [len(batch) for batch in found] == sizes
    assert sorted(itertools.chain(*found)) == list(range(50))


def test_labels_belong_to_their_images(data):
    for x, y in batches(data, 16, seed=4):
        assert ((255 * x[:, 0, 0, 0]).round().long() % 10 == y).all()
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)


def test_the_order_is_that_of_seed_and_epoch(data):
    first = numbers(data, seed=1, epoch=2)
    assert numbers(data, seed=1, epoch=2) == first
    assert numbers(data, seed=1, epoch=3) != first
    assert numbers(data, seed=2, epoch=2) != first
    torch.manual_seed(5)
    assert numbers(data, seed=1, epoch=2) == first


def test_the_order_never_changes(data):
    """A run recorded with this order must be repeatable."""
    assert numbers(data, 5, seed=0)[0] == [11, 3, 20, 13, 2]


def test_the_random_state_of_the_caller_is_left_alone(data):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    list(batches(data, 16, augment=compose([random_crop(28), random_flip()])))
    assert torch.equal(torch.get_rng_state(), before)


def test_without_shuffling_the_order_is_that_of_the_images(data):
    found = numbers(data, seed=1, shuffle=False)
    assert list(itertools.chain(*found)) == list(range(50))


def test_augmentation_is_that_of_seed_and_epoch(data):
    noisy = Images(
        torch.randint(256, (50, 3, 32, 32), generator=torch.Generator()).to(torch.uint8),
        data.labels,
        data.classes,
    )
    augment = compose([random_crop(28), random_flip()])

    def epoch(number):
        return torch.cat([x for x, _ in batches(noisy, 16, seed=0, epoch=number, augment=augment)])

    assert epoch(1).shape == (50, 3, 28, 28)
    assert torch.equal(epoch(1), epoch(1))
    assert not torch.equal(epoch(1), epoch(2))


def test_normalisation_is_the_textbook_formula(data):
    (x, _), *_ = batches(data, 50, shuffle=False, normalise=(SHEET_MEAN, SHEET_STD))
    mean, std = (np.reshape(numbers, (3, 1, 1)) for numbers in (SHEET_MEAN, SHEET_STD))
    expected = (data.images.numpy() / 255 - mean) / std
    np.testing.assert_allclose(x.numpy(), expected, rtol=0, atol=1e-6)


def test_without_normalisation_pixels_are_from_0_to_1():
    extremes = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    data = Images(extremes.contiguous(), torch.tensor([0, 0]), ("x",))
    (x, _), *_ = batches(data, 2, shuffle=False)
    assert x.flatten(1).unique(dim=1).tolist() == [[0.0], [1.0]]


def test_an_augmentation_may_change_the_channels(data):
    x, _ = next(iter(batches(data, 50, shuffle=False, augment=grey)))
    assert x.shape == (50, 1, 32, 32)
    assert (255 * x[:, 0, 0, 0]).round().tolist() == list(range(50))


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_has_an_image(data, batch_size):
    with pytest.raises(DataError, match=f"batch_size = {batch_size}"):
        batches(data, batch_size)
