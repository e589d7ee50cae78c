"""Loss and accuracy over images, each image weighing the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from convbook.data import Images, batches
from convbook.errors import TrainingError


@dataclass(frozen=True)
class Metrics:
    """Means over images: `loss` in nats, `accuracy` in [0, 1], over `n` images."""

    loss: float
    accuracy: float
    n: int


class Meter:
    """Adds up the loss and the right answers of batches of any sizes.

    The mean of the batches' means would be wrong: it gives the 16 images of a last batch as much
    weight as the 128 of each other one.
    """

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.loss, self.right, self.n = 0.0, 0, 0

    @property
    def batches(self) -> int:
        """How many batches were added."""
        return len(self.losses)

    def add(self, loss: float, right: int, n: int) -> None:
        """Count a batch of `n` images with mean loss `loss`, `right` of them recognised."""
        self.losses.append(loss)
        self.accuracies.append(right / n)
        self.loss += loss * n
        self.right += right
        self.n += n

    def metrics(self) -> Metrics:
        """Return the means over all the images added so far."""
        return Metrics(self.loss / self.n, self.right / self.n, self.n)


def count_right(logits: Tensor, labels: Tensor) -> int:
    """Return how many rows of `logits` (N, classes) are largest at their label (N,)."""
    return int((logits.argmax(dim=1) == labels).sum())


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Put `model` in eval mode, then give each of its modules the mode it had.

    Module by module, since a user may have frozen one in eval mode inside a training network.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def evaluate(
    model: torch.nn.Module,
    images: Images,
    *,
    batch_size: int = 500,
    augment: Callable[..., Any] | None = None,
    normalise: tuple[Any, Any] | None = None,
) -> Metrics:
    """Measure `model` on `images`, in eval mode, in float32 and without a graph.

    The model's mode, weights and running statistics are as they were afterwards.

    Args:
        model: gives logits (N, classes) for images (N, C, H, W).
        images: what to measure on.
        batch_size: images per forward pass; changes the memory used, not the result.
        augment: a deterministic transform of the images, such as `centre_crop`.
        normalise: mean and standard deviation a channel, as given to training.

    Raises:
        TrainingError: there are no images.
    """
    if len(images.labels) == 0:
        raise TrainingError(
            "Evaluating a model.",
            got="0 images",
            rule="a mean needs at least one image",
            next_step="give images",
        )
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    meter = Meter()
    with evaluating(model), torch.inference_mode():
        for x, y in batches(
            images,
            batch_size,
            seed=0,
            epoch=0,
            shuffle=False,
            augment=augment,
            normalise=normalise,
            device=device,
        ):
            logits = model(x)  # (N, classes)
            meter.add(float(F.cross_entropy(logits, y)), count_right(logits, y), len(y))
    return meter.metrics()
