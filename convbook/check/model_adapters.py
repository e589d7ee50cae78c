"""Call a student's function that takes or gives a whole model, and tell what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from convbook.check.plain import ALIKE, FAILED, STEADY, Plain
from convbook.errors import CheckFailed
from convbook.texts import text


def _floats(array: Any) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float32)


def evaluate(
    function: Callable[..., object],
    *,
    mean: Any,
    variance: Any,
    weight: Any,
    bias: Any,
    batches: list[dict[str, Any]],
    training: bool,
) -> Plain:
    """Call `function(model, batches)` and tell what it gave, and what it did to the model.

    The model is a batch normalisation, a dropout and a fully-connected layer. The dropout drops
    everything, so that in train mode the same numbers come every time: the biases. One of its
    weights is frozen. The batches come from a generator, as the practical makes them.

    Args:
        function: the student's.
        mean: running means (features,) of the batch normalisation.
        variance: its running variances (features,).
        weight: (classes, features) of the fully-connected layer.
        bias: (classes,) of it.
        batches: dicts of "images" (n, C, H, W) with C·H·W features, and "labels", n ints.
        training: the mode that the model is in.

    Returns:
        A dict of the "result"; "training", the mode afterwards, or "mixed" where a part of the
        model is in another; "unchanged", whether weights, their types, statistics and torch's own
        mode are as they were; "gradients", whether they are "the same", "gone" or "others";
        "graph", whether gradients were prepared.
    """
    classes, features = weight.shape
    model = nn.Sequential(
        nn.Flatten(), nn.BatchNorm1d(features), nn.Dropout(1.0), nn.Linear(features, classes)
    ).train(training)
    state = {
        "1.running_mean": mean,
        "1.running_var": variance,
        "3.weight": weight,
        "3.bias": bias,
    }
    model.load_state_dict({name: _floats(array) for name, array in state.items()}, strict=False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    frozen = model.get_parameter("1.weight")
    frozen.requires_grad_(False)
    graphs: list[bool] = []
    model.register_forward_hook(lambda _model, _given, out: graphs.append(out.requires_grad))
    given = [(_floats(batch["images"]), torch.tensor(batch["labels"])) for batch in batches]
    result = function(model, (batch for batch in given))
    modes = {module.training for module in model.modules()}
    return {
        "result": result,
        "training": model.training if len(modes) == 1 else "mixed",
        "unchanged": _unchanged(model, before, frozen) and torch.is_grad_enabled(),
        "gradients": _gradients([parameter.grad for parameter in model.parameters()]),
        "graph": any(graphs),
    }


def _unchanged(model: nn.Module, before: dict[str, torch.Tensor], frozen: nn.Parameter) -> bool:
    after = model.state_dict()
    same = all(
        tensor.dtype == after[name].dtype and torch.equal(tensor, after[name])
        for name, tensor in before.items()
    )
    return same and all(p.requires_grad == (p is not frozen) for p in model.parameters())


def _gradients(gradients: list[torch.Tensor | None]) -> str:
    """Return what became of gradients that were 1."""
    kept = [gradient for gradient in gradients if gradient is not None and gradient.any()]
    if not kept:
        return "gone"
    same = len(kept) == len(gradients) and all((gradient == 1).all() for gradient in kept)
    return "the same" if same else "others"


def network_of_practical(
    function: Callable[..., object],
    *,
    channels: list[int],
    hidden: int,
    classes: int,
    arrays: list[Any],
    image: Any,
) -> Plain:
    """Call `function(channels, hidden, classes)`, put weights into the module, and run it.

    Each array goes to the parameter that has its shape: names and order of the module's
    attributes do not matter.

    Args:
        function: the student's.
        channels: filters of the three convolutions.
        hidden: outputs of the first fully-connected layer.
        classes: outputs of the last one.
        arrays: its weights and biases; no two have the same shape.
        image: (3, 32, 32).

    Returns:
        A dict of "parameters", their shapes, sorted, "scores" of the image (classes,), FAILED
        when the arrays do not fit or the module cannot take the image, STEADY, whether they are
        the same with another image beside it, and ALIKE, whether they are in train mode too.
    """
    module = function(tuple(channels), hidden, classes)
    if not isinstance(module, nn.Module):
        raise CheckFailed(text("check.not_a_network", kind=type(module).__name__))
    batch = _floats(image)[None]
    _scores(module, batch)  # lazy layers learn their sizes
    parameters = list(module.parameters())
    shapes = sorted(list(parameter.shape) for parameter in parameters)
    by_shape = {array.shape: array for array in arrays}
    if shapes != sorted(list(shape) for shape in by_shape):
        return {"parameters": shapes, "scores": FAILED, STEADY: False, ALIKE: False}
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(_floats(by_shape[tuple(parameter.shape)]))
    scores = _scores(module, batch)
    two = torch.cat([batch, batch.flip(3) / 2])
    return {
        "parameters": shapes,
        "scores": scores,
        STEADY: _close(scores, _scores(module, two)),
        ALIKE: _close(scores, _scores(module, two, training=True)),
    }


def _scores(module: nn.Module, batch: torch.Tensor, *, training: bool = False) -> Any:
    """Return the scores (classes,) of the first image of a batch; FAILED if it cannot be taken."""
    try:
        with torch.no_grad():
            return module.train(training)(batch)[0]
    except RuntimeError:
        return FAILED


def _close(one: Any, other: Any) -> bool:
    known = one is not FAILED and other is not FAILED
    return known and torch.allclose(one, other, rtol=1e-3, atol=1e-3)
