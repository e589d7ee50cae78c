"""Training and validation images; the test set stays out of every choice."""

import pytest
import torch

from convbook.data import Images, selection_loader, splits
from convbook.errors import DataError


@pytest.fixture(scope="module")
def train():
    """300 images, each of its own colour; 10 classes of 30, but for class 0, of 25."""
    codes = torch.arange(300)
    images = torch.stack([codes % 256, codes // 256, codes * 0], 1).to(torch.uint8)
    labels = codes % 10
    labels[codes >= 250] = labels[codes >= 250].clamp(min=1)
    return Images(
        images.view(-1, 3, 1, 1).expand(300, 3, 4, 4).contiguous(), labels, tuple("abcdefghij")
    )


def codes(data):
    return (data.images[:, 0, 0, 0].int() + 256 * data.images[:, 1, 0, 0].int()).tolist()


def test_the_parts_are_disjoint_and_complete(train):
    parts = splits(train, 0.2, seed=0)
    assert sorted(codes(parts.train) + codes(parts.validation)) == list(range(300))
    assert (parts.train.role, parts.validation.role) == ("train", "validation")


def test_every_class_gives_the_same_fraction(train):
    held_out = splits(train, 0.2, seed=0).validation.labels.bincount(minlength=10)
    counts = train.labels.bincount(minlength=10)
    assert held_out.tolist() == [round(int(n) * 0.2) for n in counts]


def test_the_seed_decides(train):
    first = codes(splits(train, seed=0).validation)
    assert codes(splits(train, seed=0).validation) == first
    assert codes(splits(train, seed=1).validation) != first


def test_the_images_held_out_are_drawn_from_the_whole_set(train):
    assert max(codes(splits(train, 0.1, seed=0).validation)) > 200


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, 0.001])
def test_both_sides_have_images(train, fraction):
    with pytest.raises(DataError, match=f"300 images, validation_fraction = {fraction}"):
        splits(train, fraction)


def test_the_test_set_is_not_split(train):
    with pytest.raises(DataError, match="Splitting images into training and validation"):
        splits(train.subset(torch.arange(50), role="test"))


def test_selection_sees_validation_and_training_images_in_order(train):
    for data in (splits(train).validation, train):
        labels = torch.cat([y for _, y in selection_loader(data, 16)])
        assert torch.equal(labels, data.labels)


def test_selection_refuses_the_test_set(train):
    test = train.subset(torch.arange(50), role="test")
    with pytest.raises(DataError, match="got:  50 test images") as caught:
        selection_loader(test)  # at once, not at the first batch
    assert "splits(dataset.train).validation" in caught.value.next_step
