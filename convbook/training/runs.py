"""Runs with a name: trained once, kept beside the notebook, loaded from then on, handed in."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from convbook.data import Dataset
from convbook.errors import TrainingError
from convbook.models import NETWORKS, build
from convbook.texts import text
from convbook.training import loop
from convbook.training.budgets import require_fitting_images
from convbook.training.checkpoint import load_into
from convbook.training.config import AUGMENTATIONS, NORMALISATIONS, Config
from convbook.training.files import require_writable
from convbook.training.folder import CHECKPOINT
from convbook.training.folder import HISTORY as STATE
from convbook.training.history import History
from convbook.training.loop import Run
from convbook.training.metrics import evaluate, evaluating
from convbook.training.record import DIGITS, RECORD, Record, full, small, thin, write_weights
from convbook.training.setting_up import hold_out

FOLDER = Path("runs")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: Set while a notebook is graded: runs are loaded or refused, never trained.
GRADING = "CONVBOOK_GRADING"
DRAWN = 0  # the seed that stands for one drawn by chance
SEEDS = 2**48


def fit(
    config: Config,
    data: Dataset,
    *,
    run: str | None = None,
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
        run: a name. The run is kept in `runs/NAME` beside the notebook: stopped, it goes on where
            it stood; finished, it is loaded instead of trained, and `record.json` and
            `weights.safetensors` there are what is handed in. The seed 0 then stands for one that
            is drawn when the run begins, so that no two students have the same run.
        model: a network of your own, (N, C, H, W) to logits (N, classes), trained in place; None
            builds the one that `config.model` names. With a name, a network called as one of
            the course must compute what that one computes.
        device: "auto" (CUDA if there is any, else the CPU), or a device of torch.
        run_dir: in place of a name, any folder to keep the run in and to resume it from: its
            whole history and a checkpoint with the optimiser's state. None keeps nothing.
        on_epoch: called with the history after each epoch, such as `LivePlot()`.
        progress: show a progress bar.

    Raises:
        TrainingError: the configuration, the model and the data do not fit together; the folder
            holds another run or cannot be written; the loss is no longer a number; the images are
            not those of the run's budget; the memory of the GPU is full.
    """
    if run is None:
        _refuse_while_graded(
            "Training a run without a name.",
            got="a notebook that is graded",
            next_step="nothing: what you train for yourself is not marked",
        )
        return loop.fit(
            config,
            data,
            model=model,
            device=device,
            run_dir=run_dir,
            on_epoch=on_epoch,
            progress=progress,
        )
    folder = _folder(run, run_dir)
    if (folder / RECORD).exists():
        return _loaded(folder, config, hold_out(data, config), model)
    _refuse_while_graded(
        f"Loading the run {run!r}.",
        got=f"no {folder / RECORD} was handed in",
        next_step="train it, and hand in the folder of your runs with the notebook",
    )
    require_fitting_images(run, config, data)
    require_writable(folder)
    names = None if model is None else _reference_names(model, config, data)
    config = replace(config, seed=_seed(folder, config))
    done = loop.fit(
        config,
        data,
        model=model,
        device=device,
        run_dir=folder,
        on_epoch=on_epoch,
        progress=progress,
    )
    return Run(_kept(folder, run, done, hold_out(data, config), names), done.model)


def _refuse_while_graded(asked: str, *, got: str, next_step: str) -> None:
    if GRADING in os.environ:
        rule = "a notebook that is graded trains nothing"
        raise TrainingError(asked, got=got, rule=rule, next_step=next_step)


def _folder(run: str, run_dir: str | Path | None) -> Path:
    if run_dir is not None or not NAME.fullmatch(run):
        raise TrainingError(
            "Naming a run.",
            got=f"run={run!r}" + (f", run_dir={str(run_dir)!r}" if run_dir is not None else ""),
            rule="a name has small letters, digits, - and _; its folder is runs/NAME",
            next_step="give a name such as 'base', and no run_dir",
        )
    return FOLDER / run


def _loaded(folder: Path, config: Config, data: Dataset, model: torch.nn.Module | None) -> Run:
    """Return a finished run from its folder, after a look at whether it is the one asked for."""
    record, weights = Record.load(folder)
    history = record.history
    asked = replace(config, seed=history.config.seed) if config.seed == DRAWN else config
    there, here = history.config.to_dict(), asked.to_dict()
    if GRADING not in os.environ:  # a grader has other images; what the run saw is in its record
        there |= {name: history.data[name] for name in ("fingerprint", "test_fingerprint")}
        here |= {"fingerprint": data.train.fingerprint, "test_fingerprint": data.test.fingerprint}
    other = [
        f"{name} {there[name]!r} there, {here[name]!r} here"
        for name in here
        if there[name] != here[name]
    ]
    if other:
        raise TrainingError(
            f"Loading the run in {folder}.",
            got=", ".join(other),
            rule="a name stands for one run: one configuration, the same images",
            next_step="give this run another name, or remove the folder to train again",
        )
    names = None if model is None else _reference_names(model, config, data)
    network = build(config.model) if model is None else model
    load_into(network, weights if names is None else _renamed(weights, names, back=True))
    print(
        text(
            "plots.run_loaded",
            folder=folder,
            epochs=len(history.epochs),
            source=history.data["source"],
            accuracy=record.accuracy,
        )
    )
    return Run(history, network)


def _seed(folder: Path, config: Config) -> int:
    """Return the seed of a run: the one asked for, the one it began with, or a new one."""
    if config.seed != DRAWN:
        return config.seed
    if (folder / STATE).exists():
        return History.load(folder / STATE).config.seed
    return 1 + secrets.randbelow(SEEDS)


def _kept(
    folder: Path, run: str, done: Run, data: Dataset, names: dict[str, str] | None
) -> History:
    """Write what is handed in of a finished run, then remove what only going on needed.

    The model has the weights as they are stored from here on: what is loaded later is the same.
    """
    config = done.history.config
    stored = small(done.model.state_dict())
    load_into(done.model, full(stored))
    measured = evaluate(
        done.model,
        data.test,
        augment=AUGMENTATIONS[config.augment][1],
        normalise=NORMALISATIONS[config.normalise],
    )
    digest = write_weights(stored if names is None else _renamed(stored, names), folder)
    history = thin(done.history)
    loss, accuracy = round(measured.loss, DIGITS), round(measured.accuracy, DIGITS)
    Record(run, digest, loss, accuracy, history).save(folder)
    for name in (STATE, CHECKPOINT):
        (folder / name).unlink(missing_ok=True)
    return history


def _reference_names(
    model: torch.nn.Module, config: Config, data: Dataset
) -> dict[str, str] | None:
    """Return the course's name of each weight of a network of one's own.

    None where the network is not called as one of the course: it keeps its own names.

    Raises:
        TrainingError: it is called as one of the course, and computes something else.
    """
    if config.model not in NETWORKS:
        return None
    reference = build(config.model)
    wanted, given = reference.state_dict(), model.state_dict()
    names = _paired(given, wanted)
    if names is None:
        raise _another_network(config, "weights of other shapes")
    load_into(reference, _renamed({k: v.cpu() for k, v in given.items()}, names))
    images = data.test.subset(torch.arange(min(8, len(data.test))))
    crop = AUGMENTATIONS[config.augment][1]
    x = images.images.cpu() if crop is None else crop(images.images.cpu(), torch.Generator())
    device = next(model.parameters()).device
    with evaluating(model), evaluating(reference), torch.no_grad():
        ours, theirs = reference(x.float() / 255), model((x.float() / 255).to(device)).cpu()
    if ours.shape != theirs.shape or not torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4):
        raise _another_network(config, "other scores with the same weights")
    return names


def _paired(given: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, str] | None:
    """Pair names by shape, those of one shape in their order; None where that leaves some over."""
    left: dict[tuple[int, ...], list[str]] = {}
    for name, tensor in wanted.items():
        left.setdefault(tuple(tensor.shape), []).append(name)
    pairs = {}
    for name, tensor in given.items():
        names = left.get(tuple(tensor.shape))
        if not names:
            return None
        pairs[name] = names.pop(0)
    return None if any(left.values()) else pairs


def _renamed(
    weights: dict[str, Tensor], names: dict[str, str], *, back: bool = False
) -> dict[str, Tensor]:
    if back:
        names = {reference: own for own, reference in names.items()}
    return {names[name]: tensor for name, tensor in weights.items()}


def _another_network(config: Config, got: str) -> TrainingError:
    return TrainingError(
        f"Training a network as {config.model!r}, for a run that is handed in.",
        got=got,
        rule=f"it computes what the course's network {config.model!r} computes",
        next_step="let the check of your network pass first; for another network, give "
        "Config(model=...) a name of your own",
    )
