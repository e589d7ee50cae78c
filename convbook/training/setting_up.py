"""What stands before the loop: device, model and random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from convbook.data import Dataset, batches, splits
from convbook.data.random import Stream
from convbook.errors import TrainingError
from convbook.models import build, named_network
from convbook.training.config import AUGMENTATIONS, NORMALISATIONS, Config
from convbook.training.metrics import evaluating
from convbook.training.whitening import whiten

DROPOUT = 1  # names the stream of the numbers that layers draw; batches have their own


def choose_device(device: str | torch.device) -> torch.device:
    """Return the device to run on; "auto" is CUDA if there is any, else the CPU.

    Raises:
        TrainingError: the device is unknown, or this machine has none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(
            "Choosing a device.",
            got=f"{device!r}: {str(error).splitlines()[0]}",
            rule='a device of torch that this machine has, or "auto"',
            next_step='use "auto" or "cpu"',
        ) from error
    return chosen


def hold_out(data: Dataset, config: Config) -> Dataset:
    """Return `data`, or the validation images that `config` asks for in place of the test images.

    Raises:
        DataError: the share leaves a side without images.
    """
    if not config.validation:
        return data
    parts = splits(data.train, config.validation)
    return Dataset(parts.train, parts.validation)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Say what to do where the memory of a GPU is full.

    Raises:
        TrainingError: it is.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "Training on a GPU.",
            got=str(error).splitlines()[0],
            rule="the images, the network and what it computes of a batch fit in the GPU's memory",
            next_step="lower batch_size, end other programs that use the GPU, or give "
            'device="cpu"; what a run folder holds from the epochs before is whole',
        ) from None


def prepare_model(
    model: torch.nn.Module | None, config: Config, data: Dataset, device: torch.device
) -> torch.nn.Module:
    """Return the network to train, on `device`, once it has taken an image of the run.

    Raises:
        TrainingError: there are fewer images than a batch holds, or no test images, or the
            network does not map them to one logit a class, or has no first convolution that
            can be whitened.
    """
    if len(data.train) < config.batch_size:
        raise TrainingError(
            "Training on small data.",
            got=f"batch_size {config.batch_size}, {len(data.train)} training images",
            rule="there are at least as many images as a batch holds",
            next_step="lower batch_size, or load more images",
        )
    if len(data.test) == 0:
        raise TrainingError(
            "Training without test images.",
            got="0 test images",
            rule="each epoch ends with a measurement on images that are not trained on",
            next_step="give test images, or a validation set in their place (see splits)",
        )
    model = (_build(config) if model is None else _own(model, config)).to(device)
    if not any(weight.requires_grad for weight in model.parameters()):
        raise TrainingError(
            "Training a model.",
            got="a model without trainable weights",
            rule="there is at least one weight to train",
            next_step="add a layer with weights, or set requires_grad",
        )
    augment = AUGMENTATIONS[config.augment][1]
    x, _ = next(iter(batches(data.test, 1, shuffle=False, augment=augment, device=device)))
    expected = (1, len(data.classes))
    try:
        with evaluating(model), torch.no_grad():
            got = f"output {tuple(model(x).shape)}"
    except torch.OutOfMemoryError:
        raise  # one of the RuntimeErrors, and no word about the model
    except RuntimeError as error:
        got = str(error).splitlines()[0]
    if got != f"output {expected}":
        raise TrainingError(
            f"Training the model {config.model!r} on images {tuple(x.shape[1:])}.",
            got=got,
            rule=f"one image gives logits of shape {expected}",
            next_step='correct the model; networks for 28x28 crops ("augmentation" and later '
            'steps) go with augment="crop_flip"',
        )
    if config.whiten:
        whiten(model, data.train.images, NORMALISATIONS[config.normalise])
    return model


def _build(config: Config) -> torch.nn.Module:
    network = named_network(config.model)
    if config.dropout is not None:
        network = network.with_dropout(config.dropout)
    return build(network, seed=config.seed)


def _own(model: torch.nn.Module, config: Config) -> torch.nn.Module:
    if config.dropout is not None:
        raise TrainingError(
            "Training a model of your own.",
            got=f"dropout={config.dropout}",
            rule="dropout sets the layers of a network that config.model names",
            next_step="write the probability into your model, and leave dropout=None",
        )
    return model


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """Make a run repeatable inside, and give the caller's random state back afterwards."""
    devices = [device] if device.type == "cuda" else []
    deterministic = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=True
    )
    with torch.random.fork_rng(devices=devices), deterministic:
        yield


def seed_epoch(seed: int, epoch: int) -> None:
    """Seed what layers such as dropout draw in this epoch.

    Each epoch has its own seed, so a resumed run draws what the uninterrupted one would have.
    """
    stream = Stream(seed, epoch, DROPOUT)
    torch.manual_seed(int(stream.integers(2**31 - 1, (1,))[0]))
