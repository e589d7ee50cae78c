"""Images: what fits together, what they may be used for, what identifies them."""

import pytest
import torch

from convbook.data import Images, fingerprint
from convbook.data.standin import draw_standin
from convbook.errors import DataError

CLASSES = ("one", "two")


def make(n=4, **changed):
    given = {
        "images": torch.arange(n * 3 * 4 * 4, dtype=torch.int64).to(torch.uint8).view(n, 3, 4, 4),
        "labels": torch.arange(n) % 2,
        "classes": CLASSES,
    }
    return Images(**given | changed)


WRONG = {
    "floats": ({"images": torch.zeros(4, 3, 4, 4)}, r"images \(4, 3, 4, 4\) torch.float32"),
    "channels last": ({"images": torch.zeros(4, 4, 4, 3, dtype=torch.uint8)}, "uint8 tensor of"),
    "one image": ({"images": torch.zeros(3, 4, 4, dtype=torch.uint8)}, r"images \(3, 4, 4\)"),
    "a label too few": ({"labels": torch.tensor([0, 1, 0])}, r"labels \(3,\) .* for 4 images"),
    "labels of another type": ({"labels": torch.zeros(4)}, "int64 tensor"),
    "a label too large": ({"labels": torch.tensor([0, 1, 2, 0])}, "labels from 0 to 2"),
    "a negative label": ({"labels": torch.tensor([0, 1, -1, 0])}, "labels from -1 to 1"),
    "a role of its own": ({"role": "final"}, "role 'final'"),
}


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG.keys())
def test_refuses_what_does_not_fit(changed, message):
    with pytest.raises(DataError, match=message):
        make(**changed)


def test_the_fingerprint_never_changes():
    """Recorded runs name their data by it: the value must outlive every change of the code."""
    assert make().fingerprint == "fe58d714f1cefd80"


@pytest.mark.parametrize("which", ["images", "labels"])
def test_the_fingerprint_sees_every_value(which):
    before = make()
    changed = getattr(before, which).clone()
    changed.view(-1)[-1] ^= 1
    assert make(**{which: changed}).fingerprint != before.fingerprint


def test_the_fingerprint_is_that_of_the_values_not_of_their_layout():
    images = make().images
    other_layout = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert fingerprint(other_layout, make().labels) == make().fingerprint


def test_no_images_are_images_too():
    assert len(make(0)) == 0
    assert make(0).fingerprint != make(1).fingerprint


def test_a_subset_has_its_images_in_order_and_a_fingerprint_of_its_own():
    data = make()
    part = data.subset(torch.tensor([3, 0]), role="validation")
    assert torch.equal(part.images, data.images[[3, 0]])
    assert part.labels.tolist() == [1, 0]
    assert part.role == "validation"
    assert (part.classes, part.source) == (data.classes, data.source)
    assert part.fingerprint == fingerprint(part.images, part.labels) != data.fingerprint


@pytest.mark.parametrize("role", ["train", "validation"])
def test_test_images_stay_test_images(role):
    data = make(role="test")
    assert data.subset(torch.tensor([0])).role == "test"
    with pytest.raises(DataError, match=f"Making {role} images out of test images"):
        data.subset(torch.tensor([0]), role=role)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_to_another_device_keeps_the_fingerprint():
    moved = make().to("cuda")
    assert moved.images.device.type == moved.labels.device.type == "cuda"
    assert moved.fingerprint == make().fingerprint == fingerprint(moved.images, moved.labels)


def test_images_show_themselves_in_one_line():
    assert repr(make()) == (
        "Images(train (4, 3, 4, 4), 'given tensors', fingerprint fe58d714f1cefd80)"
    )


def test_a_dataset_knows_its_classes_and_its_source():
    data = draw_standin(10, 10, seed=0)
    assert data.classes == data.train.classes
    assert "NOT CIFAR-10" in data.source
