import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from convbook.data import Dataset, Images, batches, splits
from convbook.errors import DivergedError, ShapeError, TrainingError
from convbook.training import Config, evaluate, fit
from convbook.training.setting_up import prepare_model, seed_epoch


def test_the_same_seed_gives_the_same_history(train, finished):
    assert train().history.numbers() == finished.history.numbers()


def test_another_seed_gives_another_history(train, finished):
    assert train(seed=1).history.batch_loss != finished.history.batch_loss


@pytest.mark.parametrize("amp", ["auto", "off"])
@pytest.mark.parametrize("model", ["base", "batchnorm"])
def test_the_practicals_network_repeats_itself(data, model, amp):
    augment = "crop_flip" if model == "batchnorm" else None
    config = Config(model=model, epochs=1, batch_size=32, amp=amp, augment=augment)
    first, second = (fit(config, data, progress=False) for _ in range(2))
    assert first.history.numbers() == second.history.numbers()
    weights = (run.model.state_dict().values() for run in (first, second))
    assert all(map(torch.equal, *weights))


WHITENED = Config(model="sprint", whiten=True, normalise="pixels", augment="shift_flip")


@pytest.mark.parametrize("config", [Config(), WHITENED], ids=["base", "sprint"])
def test_before_any_update_the_loss_is_that_of_guessing(data, config):
    history = fit(replace(config, epochs=1, batch_size=72), data, progress=False).history
    assert history.batch_loss[0] == pytest.approx(math.log(10), abs=0.02)


SCHEDULES = [
    ({"gamma": 0.5}, [0.05] * 3 + [0.025] * 3),
    (
        {"schedule": "one_cycle", "nesterov": True},
        [0.05 * x for x in (0.1, 0.7, 8 / 9, 2 / 3, 4 / 9, 2 / 9)],
    ),
]


@pytest.mark.parametrize(("settings", "rates"), SCHEDULES, ids=["exponential", "one cycle"])
def test_the_loop_is_plain_gradient_descent(data, settings, rates):
    config = Config(epochs=2, batch_size=32, lr=0.05, momentum=0.9, amp="off", **settings)
    updates = iter(rates)
    linear = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))
    weight, bias = (p.detach().clone().requires_grad_() for p in linear.parameters())
    velocity = [torch.zeros_like(weight), torch.zeros_like(bias)]
    for epoch in range(2):
        for x, y in batches(data.train, 32, seed=0, epoch=epoch):
            lr = next(updates)
            loss = F.cross_entropy(x.flatten(1) @ weight.T + bias, y)
            gradients = torch.autograd.grad(loss, (weight, bias))
            with torch.no_grad():
                for p, v, g in zip((weight, bias), velocity, gradients, strict=True):
                    v.mul_(0.9).add_(g)
                    p.sub_(lr * (g + 0.9 * v if config.nesterov else v))
    fit(config, data, model=linear, progress=False)
    assert torch.allclose(linear[1].weight, weight, atol=1e-5)
    assert torch.allclose(linear[1].bias, bias, atol=1e-5)


def test_smoothed_labels_are_learned_from_and_the_plain_loss_is_recorded(data):
    config = Config(epochs=1, batch_size=36, lr=0.05, label_smoothing=0.3, amp="off")
    linear = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))
    weight, bias = (p.detach().clone().requires_grad_() for p in linear.parameters())
    losses = []
    for x, y in batches(data.train, 36, seed=0, epoch=0):
        logits = x.flatten(1) @ weight.T + bias
        losses.append(F.cross_entropy(logits, y).item())
        target = 0.7 * F.one_hot(y, 10) + 0.3 / 10  # (n, 10)
        objective = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
        gradients = torch.autograd.grad(objective, (weight, bias))
        with torch.no_grad():
            for p, g in zip((weight, bias), gradients, strict=True):
                p.sub_(0.05 * g)
    history = fit(config, data, model=linear, progress=False).history
    assert history.batch_loss == pytest.approx(losses, abs=1e-5)
    assert torch.allclose(linear[1].weight, weight, atol=1e-6)


def test_a_whitened_layer_stays_as_it_is_and_the_others_learn(data, tmp_path):
    config = replace(WHITENED, epochs=1, batch_size=24, lr=0.05, momentum=0.9)
    begun = prepare_model(None, config, data, torch.device("cpu")).state_dict()
    run = fit(config, data, run_dir=tmp_path, progress=False)
    after = run.model.state_dict()
    assert torch.equal(after["conv1.weight"], begun["conv1.weight"])
    assert not torch.equal(after["conv2.weight"], begun["conv2.weight"])
    longer = fit(replace(config, epochs=2), data, run_dir=tmp_path, progress=False)
    assert torch.equal(longer.model.conv1.weight, begun["conv1.weight"])
    whole = fit(replace(config, epochs=2), data, progress=False)
    assert longer.history.numbers() == whole.history.numbers()


def test_it_learns(draw):
    data = draw(256, 64, seed=0)
    config = Config(model="batchnorm", augment="crop_flip", epochs=6, batch_size=32, lr=0.02)
    history = fit(config, data, progress=False).history
    assert history.column("train_loss")[-1] < 0.9 * history.column("train_loss")[0]


def test_train_metrics_are_weighted_means_of_the_batches(finished):
    sizes = [16, 16, 16, 16, 8]
    history = finished.history
    for number, epoch in enumerate(history.epochs):
        losses = history.batch_loss[5 * number : 5 * number + 5]
        mean = sum(n * loss for n, loss in zip(sizes, losses, strict=True)) / 72
        assert epoch.train_loss == pytest.approx(mean)


def test_test_metrics_are_those_of_the_returned_model(finished, data):
    measured = evaluate(finished.model, data.test)
    assert measured.loss == finished.history.epochs[-1].test_loss
    assert measured.accuracy == finished.history.epochs[-1].test_accuracy


def test_the_callers_random_numbers_are_left_alone(train):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_each_epoch_and_each_seed_has_its_own_dropout():
    drawn = []
    with torch.random.fork_rng():
        for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0)):
            seed_epoch(seed, epoch)
            drawn.append(float(torch.rand(())))
    assert len(set(drawn)) == 3
    assert drawn[0] == drawn[3]


def test_the_history_is_handed_out_after_each_epoch(train):
    seen = []
    train(on_epoch=lambda history: seen.append(len(history.epochs)))
    assert seen == [1, 2, 3]


def test_a_shorter_run_made_longer_is_the_longer_run(train, finished, tmp_path):
    train(tmp_path, epochs=1)
    resumed = train(tmp_path)
    assert resumed.history.numbers() == finished.history.numbers()
    weights = (run.model.state_dict().values() for run in (resumed, finished))
    assert all(map(torch.equal, *weights))
    assert sorted(f.name for f in tmp_path.iterdir()) == ["checkpoint.safetensors", "history.json"]


def test_a_resumed_network_of_convolutions_is_the_uninterrupted_one(data, tmp_path):
    # Its velocities lie in memory as its weights do, channels last, not as the checkpoint's.
    config = Config(model="base", epochs=2, batch_size=36, lr=0.05, momentum=0.9, amp="on")
    fit(replace(config, epochs=1), data, run_dir=tmp_path, progress=False)
    resumed = fit(config, data, run_dir=tmp_path, progress=False)
    whole = fit(config, data, progress=False)
    assert resumed.history.numbers() == whole.history.numbers()
    weights = (run.model.state_dict().values() for run in (resumed, whole))
    assert all(map(torch.equal, *weights))


def test_a_one_cycle_run_goes_on_but_is_not_made_longer(train, tmp_path):
    whole = train(gamma=None, schedule="one_cycle")

    class Stop(Exception):
        pass

    def stop(history):
        if len(history.epochs) == 1:
            raise Stop

    with pytest.raises(Stop):
        train(tmp_path, gamma=None, schedule="one_cycle", on_epoch=stop)
    with pytest.raises(TrainingError, match="epochs 3 there, 4 here"):
        train(tmp_path, gamma=None, schedule="one_cycle", epochs=4)
    resumed = train(tmp_path, gamma=None, schedule="one_cycle")
    assert resumed.history.numbers() == whole.history.numbers()


def test_the_record_has_the_first_rate_of_each_epoch(train):
    history = train(gamma=None, schedule="one_cycle").history
    assert history.column("lr") == [history.config.lr_at(epoch) for epoch in range(3)]


def test_dropout_sets_the_networks_own(data):
    config = Config(model="dropout", augment="crop_flip", epochs=1, batch_size=36, dropout=0.75)
    run = fit(config, data, progress=False)
    assert run.model.dropout4.p == 0.75


def test_dropout_is_refused_where_there_is_none(data, train):
    with pytest.raises(ShapeError, match="no dropout among its layers"):
        fit(Config(model="base", dropout=0.5, batch_size=8), data, progress=False)
    with pytest.raises(TrainingError, match="dropout sets the layers of a network"):
        train(dropout=0.5)


def test_a_validation_share_is_measured_and_not_trained_on(data, train):
    history = train(validation=0.25).history
    parts = splits(data.train, 0.25)
    assert history.data["n_train"] == len(parts.train) < 72
    assert history.data["fingerprint"] == parts.train.fingerprint
    assert history.data["test_fingerprint"] == parts.validation.fingerprint
    assert len(history.batch_loss) == 3 * history.batches_per_epoch


def test_a_run_returns_the_network_in_its_own_order(data):
    run = fit(Config(epochs=1, batch_size=36), data, progress=False)
    assert [n for n, _ in run.model.named_children()][:3] == ["conv1", "relu1", "pool1"]


def test_a_finished_run_is_returned_at_once(train, finished, tmp_path):
    train(tmp_path)
    again = train(tmp_path, on_epoch=lambda _: pytest.fail("trained again"))
    assert again.history.numbers() == finished.history.numbers()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 0.2}, "lr 0.05 there, 0.2 here"),
        ({"seed": 3, "momentum": 0.0}, "momentum 0.9 there, 0.0 here, seed 0 there, 3 here"),
        ({"epochs": 1}, "2 epochs there, 1 asked for"),
    ],
)
def test_another_run_in_the_folder_is_refused_and_kept(train, tmp_path, settings, words):
    train(tmp_path, epochs=2)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match=words):
        train(tmp_path, **settings)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_other_images_in_the_folder_are_refused(train, draw, tmp_path):
    train(tmp_path, epochs=1)
    with pytest.raises(TrainingError, match=r"got:  fingerprint '[0-9a-f]+' there"):
        train(tmp_path, data=draw(72, 30, seed=1))


def test_other_test_images_in_the_folder_are_refused(train, data, draw, tmp_path):
    train(tmp_path, epochs=1)
    with pytest.raises(TrainingError, match=r"got:  test_fingerprint '[0-9a-f]+' there"):
        train(tmp_path, data=Dataset(data.train, draw(72, 30, seed=1).test))


def test_a_run_that_moved_says_where_it_was_made(train, edit, tmp_path):
    here = train(tmp_path, epochs=1).history.device
    edit(tmp_path / "history.json", lambda values: values.update(device="cuda, Elsewhere"))
    train(tmp_path, epochs=2)
    assert train(tmp_path).history.device == f"cuda, Elsewhere; then {here}"


def test_a_record_shorter_than_the_checkpoint_is_refused(train, tmp_path):
    train(tmp_path, epochs=1)
    shorter = (tmp_path / "history.json").read_bytes()
    train(tmp_path, epochs=2)
    (tmp_path / "history.json").write_bytes(shorter)
    with pytest.raises(TrainingError, match=r"2 epochs in checkpoint.safetensors, 1 in history"):
        train(tmp_path)


def test_a_record_without_a_checkpoint_starts_over(train, finished, tmp_path):
    train(tmp_path, epochs=1)
    (tmp_path / "checkpoint.safetensors").unlink()
    assert train(tmp_path).history.numbers() == finished.history.numbers()


def test_a_folder_that_cannot_be_written_is_told_before_training(train, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"Not a directory|File exists"):
        train(tmp_path / "file", on_epoch=lambda _: pytest.fail("trained first"))


def test_a_loss_that_is_no_number_says_where_and_keeps_what_was_finished(train, small, tmp_path):
    train(tmp_path, epochs=1)
    model = small()
    model[5].weight.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(TrainingError, match=r"epoch 2, batch 2\.\n  got:  a loss of nan"):
        train(tmp_path, model=model)
    assert len(train(tmp_path, epochs=1).history.epochs) == 1


def test_a_diverging_run_is_stopped(data):
    with pytest.raises(DivergedError, match=r"a loss of (nan|inf) at lr 1e\+06") as refusal:
        fit(Config(epochs=2, batch_size=16, lr=1e6), data, progress=False)
    assert "lower lr" in refusal.value.next_step


def test_a_last_update_that_ruins_the_weights_is_not_recorded(data, tmp_path):
    config = Config(epochs=1, batch_size=72, lr=1e30)
    with pytest.raises(TrainingError, match=r"epoch 1, test images\.\n  got:  a loss of (nan|inf)"):
        fit(config, data, run_dir=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_full_gpu_says_what_to_do_and_keeps_what_was_finished(train, small, tmp_path, epochs):
    if epochs:
        train(tmp_path, epochs=epochs)
    model = small()
    model[5].register_forward_pre_hook(_out_of_memory)
    with pytest.raises(TrainingError, match="Tried to allocate 2 GiB") as refusal:
        train(tmp_path, model=model)
    assert "lower batch_size" in refusal.value.next_step
    assert len(train(tmp_path, epochs=1).history.epochs) == 1


def _out_of_memory(*_):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nGPU 0 has ...")


def test_a_batch_larger_than_the_data_is_refused(train):
    with pytest.raises(TrainingError, match="batch_size 73, 72 training images"):
        train(batch_size=73)


def test_training_without_test_images_is_refused(train, data):
    pixels, labels = torch.zeros(0, 3, 32, 32, dtype=torch.uint8), torch.zeros(0).long()
    none = Images(pixels, labels, data.classes, fingerprint="none", role="test")
    with pytest.raises(TrainingError, match="0 test images"):
        train(data=Dataset(data.train, none))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (torch.nn.Flatten(), "without trainable weights"),
        (torch.nn.Conv2d(3, 10, 32), r"output \(1, 10, 1, 1\)"),
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 9)), r"output \(1, 9\)"),
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(99, 10)), "cannot be multiplied"),
    ],
)
def test_a_model_that_does_not_fit_the_images_is_refused(train, model, words):
    with pytest.raises(TrainingError, match=words):
        train(model=model)


def test_a_network_for_whole_images_refuses_crops(data):
    config = Config(model="base", augment="crop_flip", batch_size=8)
    with pytest.raises(TrainingError, match=r"\(3, 28, 28\)"):
        fit(config, data, progress=False)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta:1:2"])
def test_a_device_that_is_not_there_is_refused(data, config, device):
    with pytest.raises(TrainingError, match=f"'{device}'"):
        fit(config, data, device=device, progress=False)


def test_the_history_says_how_it_was_computed(data, config):
    off, auto = (
        fit(replace(config, epochs=1, amp=amp), data, progress=False).history
        for amp in ("off", "auto")
    )
    assert off.precision == "float32, channels first (amp off)"
    assert auto.precision.startswith(("bfloat16, channels last", "float32, channels last"))
    assert auto.device.startswith(("cpu, ", "cuda, "))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_same_seed_gives_the_same_history_on_a_gpu(data, config):
    first, second = (fit(config, data, device="cuda", progress=False) for _ in range(2))
    assert first.history.numbers() == second.history.numbers()
