import pytest
import torch
import torch.nn.functional as F

from convbook.data import Images, centre_crop
from convbook.errors import TrainingError
from convbook.training import evaluate
from convbook.training.metrics import Meter


def batch(loss, right, n):
    """Return logits, loss and labels of a batch of `n` images, `right` of them recognised."""
    labels = torch.zeros(n, dtype=torch.int64)
    answers = (torch.arange(n) >= right).long()
    return F.one_hot(answers, 10).float(), torch.tensor(loss), labels


@pytest.mark.parametrize("every", [1, 2, 50])
def test_each_image_weighs_the_same_not_each_batch(every):
    meter = Meter(every)
    meter.add(*batch(1.0, right=96, n=128))
    meter.add(*batch(3.0, right=0, n=16))
    assert meter.batches == 2
    metrics = meter.metrics()
    assert metrics.loss == pytest.approx((128 * 1.0 + 16 * 3.0) / 144)
    assert metrics.accuracy == 96 / 144
    assert metrics.n == 144
    assert metrics.loss != pytest.approx((1.0 + 3.0) / 2)
    assert (meter.losses, meter.accuracies) == ([1.0, 3.0], [0.75, 0.0])


def test_a_meter_reads_when_enough_batches_wait_and_loses_none():
    meter = Meter(every=3)
    read = [meter.add(*batch(float(number), right=1, n=4)) for number in range(7)]
    assert read == [[], [], [0.0, 1.0, 2.0], [], [], [3.0, 4.0, 5.0], []]
    assert (meter.batches, meter.read(), meter.read()) == (7, [6.0], [])


def test_evaluate_gives_the_mean_over_all_images(data, small):
    model = small().eval()
    logits = model(data.test.images / 255)
    metrics = evaluate(model, data.test)
    assert metrics.loss == pytest.approx(float(F.cross_entropy(logits.detach(), data.test.labels)))
    assert metrics.accuracy == float((logits.argmax(1) == data.test.labels).double().mean())
    assert metrics.n == 30


@pytest.mark.parametrize("batch_size", [1, 7, 29, 30, 1000])
def test_the_batch_size_does_not_change_the_result(data, small, batch_size):
    model, whole = small(), evaluate(small(), data.test)
    metrics = evaluate(model, data.test, batch_size=batch_size)
    assert metrics.loss == pytest.approx(whole.loss, rel=1e-6)
    assert metrics.accuracy == whole.accuracy


def test_every_module_gets_its_own_mode_back(data, small):
    model = small().train()
    model[1].eval()  # frozen batch norm inside a training network
    evaluate(model, data.test)
    assert [m.training for m in model] == [True, False, True, True, True, True]
    assert model.training


def test_modes_come_back_after_an_error(data, small):
    model = small().train()
    model.append(torch.nn.Linear(3, 3))
    with pytest.raises(RuntimeError):
        evaluate(model, data.test)
    assert all(module.training for module in model.modules())


def test_nothing_in_the_model_changes_and_no_graph_is_kept(data, small):
    model = small().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    outputs = []
    model.register_forward_hook(lambda _, __, output: outputs.append(output))
    evaluate(model, data.test)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())
    assert [output.requires_grad for output in outputs] == [False]


def test_images_are_cropped_and_normalised_as_in_training(data):
    seen = []
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(10))
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    evaluate(model, data.test, augment=centre_crop(28), normalise=((0.5,) * 3, (0.25,) * 3))
    expected = (data.test.images[:, :, 2:30, 2:30] / 255 - 0.5) / 0.25
    assert torch.allclose(seen[0], expected, atol=1e-5)


def test_no_images_have_no_mean(small):
    pixels, labels = torch.zeros(0, 3, 32, 32, dtype=torch.uint8), torch.zeros(0).long()
    empty = Images(pixels, labels, ("a",), fingerprint="none")
    with pytest.raises(TrainingError, match="0 images"):
        evaluate(small(), empty)
