"""What a training run is asked to do, as one frozen value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from convbook.data import (
    PIXEL_MEAN,
    PIXEL_STD,
    SHEET_MEAN,
    SHEET_STD,
    Augmentation,
    centre_crop,
    compose,
    grey,
    random_crop,
    random_flip,
    reflect,
)
from convbook.data.batches import Normalisation
from convbook.errors import TrainingError
from convbook.training.schema import is_number

NORMALISATIONS: dict[str | None, Normalisation | None] = {
    None: None,
    "sheet": (SHEET_MEAN, SHEET_STD),
    "pixels": (PIXEL_MEAN, PIXEL_STD),
}
_AS_MNIST = compose([centre_crop(28), grey])
# What training images go through, and what test images go through.
AUGMENTATIONS: dict[str | None, tuple[Augmentation | None, Augmentation | None]] = {
    None: (None, None),
    "crop_flip": (compose([random_crop(28), random_flip()]), centre_crop(28)),
    "as_mnist": (_AS_MNIST, _AS_MNIST),
    "shift_flip": (compose([reflect(2), random_crop(32), random_flip()]), None),
}
SCHEDULES = (None, "one_cycle")
AMP = ("auto", "on", "off")
WARM_UP = 0.25  # share of a one-cycle run in which the learning rate rises
START = 0.1  # of the peak: the learning rate that a one-cycle run begins with


@dataclass(frozen=True)
class Config:
    """The settings of one run of stochastic gradient descent.

    Attributes:
        model: a name in `convbook.models.NETWORKS`, or a label for a network of your own.
        epochs: passes over the training images that the finished run has made.
        batch_size: images per update; the last batch of an epoch may be smaller.
        lr: learning rate of the first epoch; the highest one of a one-cycle run.
        momentum: factor of the velocity, in [0, 1).
        nesterov: whether the gradient's step is added to the velocity's, which needs a momentum.
        gamma: factor of the learning rate from one epoch to the next; None keeps it constant.
        schedule: None, or "one_cycle": from update to update the learning rate rises in a straight
            line from lr / 10 to lr over the first quarter of the run, then falls to 0.
        weight_decay: factor of the weights added to their gradient.
        label_smoothing: share of the target, in [0, 1), that is spread evenly over all classes when
            a gradient is computed; losses are recorded without it.
        whiten: whether the first convolution is not learned but computed from the training images
            (`convbook.training.whitening`).
        dropout: probability of the network's dropout layers; None leaves the network's own.
        normalise: None leaves pixels in [0, 1]; "sheet" and "pixels" subtract a mean and divide
            by a standard deviation a channel (`convbook.data` says where each pair comes from).
        augment: None; "crop_flip": random 28x28 crop and horizontal flip to train, centre crop to
            test; "as_mnist": grey centre crops of 28x28, the shape of MNIST's images; or
            "shift_flip": images of 32x32 shifted by up to 2 pixels, their edges mirrored, and
            horizontal flip to train, whole images to test.
        validation: share of the training images held out of training and measured in place of the
            test images, in [0, 1); the same ones for every seed. 0 measures the test images.
        seed: of the weights, the order of the images, the augmentation and dropout.
        amp: "auto" computes in bfloat16 where the processor has instructions for it, "on"
            everywhere, "off" nowhere.

    Raises:
        TrainingError: a value outside its range, or a name that is not in its list.
    """

    model: str = "base"
    epochs: int = 40
    batch_size: int = 128
    lr: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    gamma: float | None = None
    schedule: str | None = None
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    whiten: bool = False
    dropout: float | None = None
    normalise: str | None = None
    augment: str | None = None
    validation: float = 0.0
    seed: int = 0
    amp: str = "auto"

    def __post_init__(self) -> None:
        _require(self, "epochs", _whole(self.epochs, least=1), "a whole number, 1 or more")
        _require(self, "batch_size", _whole(self.batch_size, least=1), "a whole number, 1 or more")
        _require(self, "seed", _whole(self.seed, least=0), "a whole number, 0 or more")
        _require(self, "lr", is_number(self.lr) and self.lr > 0, "a number above 0")
        _require(self, "momentum", is_number(self.momentum) and 0 <= self.momentum < 1, "in [0, 1)")
        _require(
            self,
            "gamma",
            self.gamma is None or (is_number(self.gamma) and 0 < self.gamma <= 1),
            "None, or in (0, 1]",
        )
        _require(
            self,
            "weight_decay",
            is_number(self.weight_decay) and self.weight_decay >= 0,
            "0 or more",
        )
        _require(
            self,
            "nesterov",
            self.nesterov is False or (self.nesterov is True and self.momentum > 0),
            "True or False, and True with a momentum above 0 only",
        )
        _require(
            self,
            "label_smoothing",
            is_number(self.label_smoothing) and 0 <= self.label_smoothing < 1,
            "in [0, 1)",
        )
        _require(self, "whiten", isinstance(self.whiten, bool), "True or False")
        _require(
            self,
            "dropout",
            self.dropout is None or (is_number(self.dropout) and 0 <= self.dropout < 1),
            "None, or in [0, 1)",
        )
        _require(
            self, "validation", is_number(self.validation) and 0 <= self.validation < 1, "in [0, 1)"
        )
        _require(self, "model", isinstance(self.model, str) and self.model != "", "a name")
        _require_name(self, "normalise", tuple(NORMALISATIONS))
        _require_name(self, "augment", tuple(AUGMENTATIONS))
        _require_name(self, "schedule", SCHEDULES)
        _require(
            self,
            "schedule",
            self.schedule is None or self.gamma is None,
            "None when there is a gamma: a run follows one of the two",
        )
        _require_name(self, "amp", AMP)

    def lr_at(self, epoch: int, share: float = 0.0) -> float:
        """Return the learning rate in `epoch`, counted from 0.

        It is lr · gamma**epoch, or that of the one-cycle schedule.

        Args:
            epoch: how many epochs are finished.
            share: of this epoch's updates that are made, in [0, 1).
        """
        if self.schedule is None:
            return self.lr if self.gamma is None else self.lr * self.gamma**epoch
        time = (epoch + share) / self.epochs  # from 0 to below 1 over the run
        rising = START + (1 - START) * time / WARM_UP
        falling = (1 - time) / (1 - WARM_UP)
        return self.lr * min(rising, falling)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, in the order of the class."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """Build a configuration from `to_dict`'s values.

        Raises:
            TrainingError: a setting is unknown or has a bad value.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise TrainingError(
                "Reading a training configuration.",
                got=f"unknown settings {', '.join(unknown)}",
                rule=f"the settings are {', '.join(known)}",
                next_step="correct or remove them; a newer convbook may know them",
            )
        return cls(**values)


def _whole(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _require(config: Config, name: str, holds: bool, rule: str) -> None:
    if not holds:
        raise TrainingError(
            "Configuring a training run.",
            got=f"{name}={getattr(config, name)!r}",
            rule=f"{name} is {rule}",
            next_step=f"give another {name}",
        )


def _require_name(config: Config, name: str, known: tuple[str | None, ...]) -> None:
    value = getattr(config, name)
    holds = any(type(value) is type(choice) and value == choice for choice in known)
    _require(config, name, holds, "one of " + ", ".join(repr(choice) for choice in known))
