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

    Args:
        every: how many batches may wait to be read. A number that is read makes the program wait
            for a GPU, which then waits for the program: there, read seldom.
    """

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.n = 0
        self._loss, self._right = 0.0, 0
        self._waiting: list[tuple[Tensor, Tensor, int]] = []

    @property
    def batches(self) -> int:
        """How many batches were added."""
        return len(self.losses) + len(self._waiting)

    def add(self, logits: Tensor, loss: Tensor, labels: Tensor) -> list[float]:
        """Count a batch.

        Args:
            logits: (n, classes).
            loss: its mean loss, of shape ().
            labels: (n,).

        Returns:
            The losses that were read now: of this batch and of those that waited, or none.
        """
        right = (logits.argmax(dim=1) == labels).sum()
        self._waiting.append((loss.detach(), right, len(labels)))
        return self.read() if len(self._waiting) >= self.every else []

    def read(self) -> list[float]:
        """Read the batches that wait, and return their losses."""
        if not self._waiting:
            return []
        losses, rights, sizes = zip(*self._waiting, strict=True)
        self._waiting.clear()
        for loss, right, n in zip(
            torch.stack(losses).tolist(), torch.stack(rights).tolist(), sizes, strict=True
        ):
            self.losses.append(loss)
            self.accuracies.append(right / n)
            self._loss += loss * n
            self._right += right
            self.n += n
        return self.losses[-len(losses) :]

    def metrics(self) -> Metrics:
        """Return the means over all the images added so far."""
        self.read()
        return Metrics(self._loss / self.n, self._right / self.n, self.n)


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
    meter = Meter(every=len(images))
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
            meter.add(logits, F.cross_entropy(logits, y), y)
    return meter.metrics()
