import dataclasses
import math

import pytest
import torch

from convbook.errors import TrainingError
from convbook.training import Config
from convbook.training.config import AUGMENTATIONS


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.0),
        ("epochs", True),
        ("batch_size", -128),
        ("batch_size", "128"),
        ("seed", -1),
        ("lr", 0),
        ("lr", -0.1),
        ("lr", math.nan),
        ("lr", math.inf),
        ("lr", "0.1"),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("gamma", 0),
        ("gamma", 1.5),
        ("weight_decay", -1e-4),
        ("weight_decay", math.nan),
        ("model", ""),
        ("model", None),
        ("normalise", "mean"),
        ("augment", True),
        ("augment", ["crop_flip"]),
        ("nesterov", True),  # without a momentum
        ("nesterov", 1),
        ("schedule", "cosine"),
        ("schedule", True),
        ("dropout", 1.0),
        ("dropout", "0.5"),
        ("label_smoothing", 1),
        ("label_smoothing", -0.1),
        ("label_smoothing", "0.2"),
        ("whiten", 1),
        ("whiten", None),
        ("augment", "shift"),
        ("validation", 1),
        ("validation", -0.1),
        ("amp", None),
        ("amp", "bf16"),
    ],
)
def test_a_bad_value_is_refused_by_name(setting, value):
    with pytest.raises(TrainingError, match=f"{setting}=") as refusal:
        Config(**{setting: value})
    assert repr(value) in refusal.value.got
    assert refusal.value.rule.startswith(setting)


def test_nothing_can_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().lr = 1.0


def test_settings_survive_a_round_trip():
    config = Config(
        lr=0.2,
        momentum=0.9,
        nesterov=True,
        schedule="one_cycle",
        dropout=0.3,
        label_smoothing=0.2,
        whiten=True,
        normalise="sheet",
        augment="crop_flip",
        validation=0.1,
        amp="off",
    )
    assert Config.from_dict(config.to_dict()) == config


def test_an_unknown_setting_is_named():
    with pytest.raises(TrainingError, match="unknown settings learning_rate"):
        Config.from_dict({"learning_rate": 0.1})


@pytest.mark.parametrize(
    ("gamma", "rates"), [(None, [0.1, 0.1, 0.1]), (0.5, [0.1, 0.05, 0.025]), (1, [0.1, 0.1, 0.1])]
)
def test_the_learning_rate_of_each_epoch(gamma, rates):
    config = Config(lr=0.1, gamma=gamma)
    assert [config.lr_at(epoch) for epoch in range(3)] == pytest.approx(rates)


def test_a_record_from_before_a_setting_has_its_default():
    old = Config(lr=0.2).to_dict()
    added = ("nesterov", "schedule", "dropout", "validation", "label_smoothing", "whiten")
    for setting in added:
        del old[setting]
    assert Config.from_dict(old) == Config(lr=0.2)


def test_shift_and_flip_move_whole_images_and_leave_the_test_alone():
    train, test = AUGMENTATIONS["shift_flip"]
    address = torch.arange(32, dtype=torch.uint8)
    images = torch.stack(torch.meshgrid(address, address, address[:1], indexing="ij")[:2])
    images = images.squeeze(-1).expand(600, 2, 32, 32)  # channels are row and column
    moved = train(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    turned = moved[:, 1, 0, 20] < moved[:, 1, 0, 10]
    left = torch.where(turned, moved[:, 1, 15, 16], moved[:, 1, 15, 15]).int() - 15
    down = moved[:, 0, 15, 15].int() - 15
    found = set(zip(turned.tolist(), left.tolist(), down.tolist(), strict=True))
    shifts = range(-2, 3)
    assert found == {(t, x, y) for t in (False, True) for x in shifts for y in shifts}
    assert test is None


def test_two_schedules_are_refused():
    with pytest.raises(TrainingError, match="schedule is None when there is a gamma"):
        Config(schedule="one_cycle", gamma=0.95)


def test_one_cycle_rises_for_a_quarter_and_falls_to_nothing():
    config = Config(lr=0.4, epochs=8, schedule="one_cycle")
    rates = [config.lr_at(*time) for time in [(0, 0.0), (1, 0.0), (1, 0.5), (2, 0.0), (5, 0.0)]]
    assert rates == pytest.approx([0.04, 0.22, 0.31, 0.4, 0.2])
    assert 0 < config.lr_at(7, 0.999) < 0.0001


def test_an_exponential_schedule_steps_between_epochs_only():
    assert Config(lr=0.1, gamma=0.5).lr_at(1, 0.9) == 0.05
