"""The training loop: stochastic gradient descent, as the chapters write it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch
import torch.nn.functional as F

from convbook.data import Dataset, batches
from convbook.errors import DivergedError
from convbook.models import pool_first
from convbook.training import precision as precisions
from convbook.training.config import AUGMENTATIONS, NORMALISATIONS, Config
from convbook.training.folder import RunFolder
from convbook.training.history import History
from convbook.training.memory import kept_memory
from convbook.training.metrics import Meter, evaluate
from convbook.training.progress import Progress
from convbook.training.provenance import provenance
from convbook.training.setting_up import (
    choose_device,
    enough_memory,
    hold_out,
    prepare_model,
    reproducible,
    seed_epoch,
)


@dataclass(frozen=True)
class Run:
    """A finished run: what happened, and the model after its last epoch."""

    history: History
    model: torch.nn.Module


@enough_memory()
def fit(
    config: Config,
    data: Dataset,
    *,
    model: torch.nn.Module | None = None,
    device: str | torch.device = "auto",
    run_dir: str | Path | None = None,
    on_epoch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> Run:
    """Train a network and return what happened, batch by batch and epoch by epoch.

    The same configuration and data give the same numbers again on the same machine with the same
    number of threads. The caller's random state is left as it was.

    Args:
        config: the settings of the run.
        data: training and test images; give a validation set as `test` to choose settings.
        model: a network of your own, (N, C, H, W) to logits (N, classes), trained in place; None
            builds the one that `config.model` names.
        device: "auto" (CUDA if there is any, else the CPU), or a device of torch.
        run_dir: folder of the record (`history.json`) and of the checkpoint
            (`checkpoint.safetensors`), written after each epoch. A run that is there already is
            resumed after its last epoch. None keeps nothing.
        on_epoch: called with the history after each epoch, such as `LivePlot()`.
        progress: show a progress bar.

    Raises:
        TrainingError: the configuration, the model and the data do not fit together; the folder
            holds another run or cannot be written; the memory of the device is full.
        DivergedError: the loss is no longer a number (a TrainingError too).
        DataError: `config.validation` leaves a side without images.
    """
    device = choose_device(device)
    precision = precisions.choose(config.amp, device)
    train_augment, test_augment = AUGMENTATIONS[config.augment]
    normalise = NORMALISATIONS[config.normalise]
    data = hold_out(data, config)
    built = model is None
    model = precision.lay_out(prepare_model(model, config, data, device))
    data = data.to(device)
    forward = pool_first(model) if built else model
    optimiser = torch.optim.SGD(
        model.parameters(),
        config.lr,
        config.momentum,
        nesterov=config.nesterov,
        weight_decay=config.weight_decay,
        fused=True,  # one pass over the weights instead of one an operation
    )
    history = History.begin(config, data, str(precision), provenance(device))
    folder = RunFolder(run_dir)
    folder.resume(history, model, optimiser)

    with Progress(history, shown=progress) as bar, reproducible(device), kept_memory():
        for epoch in range(len(history.epochs), config.epochs):
            began = perf_counter()
            seed_epoch(config.seed, epoch)
            meter = Meter(every=1 if device.type == "cpu" else 50)
            model.train()
            for x, y in batches(
                data.train,
                config.batch_size,
                seed=config.seed,
                epoch=epoch,
                augment=train_augment,
                normalise=normalise,
                device=device,
            ):
                lr = config.lr_at(epoch, meter.batches / history.batches_per_epoch)
                for group in optimiser.param_groups:
                    group["lr"] = lr
                with precision.autocast(device):
                    logits = forward(precision.lay_out(x)).float()  # (n, 3, H, W) -> (n, classes)
                loss = F.cross_entropy(logits, y)  # mean over the batch, nats
                _report(meter.add(logits, loss, y), meter, bar, epoch + 1, lr)
                optimiser.zero_grad()
                if config.label_smoothing:
                    loss = F.cross_entropy(logits, y, label_smoothing=config.label_smoothing)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            _report(meter.read(), meter, bar, epoch + 1, lr)
            test = evaluate(model, data.test, augment=test_augment, normalise=normalise)
            _require_finite(test.loss, f"epoch {epoch + 1}, test images", lr)
            history.add_epoch(meter, test, config.lr_at(epoch), perf_counter() - began)
            folder.save(history, model, optimiser)
            bar.epoch(history.epochs[-1])
            if on_epoch is not None:
                on_epoch(history)
    return Run(history, model)


def _report(losses: list[float], meter: Meter, bar: Progress, epoch: int, lr: float) -> None:
    """Show the losses that `meter` read last; stop at the first that is no number."""
    for batch, loss in enumerate(losses, len(meter.losses) - len(losses) + 1):
        _require_finite(loss, f"epoch {epoch}, batch {batch}", lr)
        bar.batch(epoch, loss)


def _require_finite(loss: float, place: str, lr: float) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"Training: {place}.",
            got=f"a loss of {loss} at lr {lr:g}",
            rule="the loss stays a finite number",
            next_step="lower lr or the momentum, or normalise the images; what a run folder "
            "holds from the epochs before is whole",
        )
