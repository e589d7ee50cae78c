"""Practical 3: right answers that look unusual, more faults, and changes that change nothing."""

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np
import torch

from tests.autograder.questions.solved import answer


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with every array or number in it changed."""
    return (
        [_each(part, change) for part in value]
        if isinstance(value, list | tuple)
        else change(value)
    )


def _dressed(item: str, *changes: Callable[[Any], Any]) -> list[Callable[..., Any]]:
    """Return the solution with its numbers in other types."""
    return [
        lambda *args, change=change, **kwargs: _each(answer(item)(*args, **kwargs), change)
        for change in changes or (torch.tensor, _listed, np.float32, np.asarray)
    ]


def _listed(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _copied(value: Any) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(value))


# Answers with array copies: torch.tensor refuses negative strides, as a mirrored view has.
ARRAYS = (_copied, _listed, np.asfortranarray, lambda value: np.asarray(value, dtype=np.float32))


def normalise_by_channel(images, mean, std):
    output = np.empty(images.shape, dtype=np.float32)
    for c, (m, s) in enumerate(zip(mean, std, strict=True)):
        output[:, c] = (images[:, c].astype(np.float32) - 255 * m) / (255 * s)
    return output


def normalise_in_torch(images, mean, std):
    pixels = torch.from_numpy(images).float() / 255
    return (pixels - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)


def after_by_samples(mean, std, used_mean, used_std):
    samples = np.array([np.subtract(mean, std), np.add(mean, std)])
    samples = (samples - used_mean) / used_std
    return samples.mean(axis=0), samples.std(axis=0)


def statistics_in_torch(images):
    pixels = torch.from_numpy(images).double() / 255
    return pixels.mean(dim=(0, 2, 3)), pixels.std(dim=(0, 2, 3), correction=0)


def statistics_by_squares(images):
    pixels = images / 255
    mean = pixels.mean(axis=(0, 2, 3))
    return mean, ((pixels**2).mean(axis=(0, 2, 3)) - mean**2) ** 0.5


def both_in_one_go(train, test):
    mean, std = statistics_by_squares(train)
    both = np.concatenate([train, test]) / 255
    both = (both - mean[:, None, None]) / std[:, None, None]
    return both[: len(train)], both[len(train) :]


def both_in_torch(train, test):
    mean, std = (torch.stack(list(each)) for each in statistics_in_torch(train))
    return [
        (torch.from_numpy(images) / 255 - mean[:, None, None]) / std[:, None, None]
        for images in (train, test)
    ]


def zca_by_svd(x, eps):
    centred = x - x.mean(0)
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    return centred @ rows.T / np.sqrt(values**2 / len(x) + eps) @ rows


def zca_in_torch(x, eps):
    centred = torch.from_numpy(x - x.mean(0))
    values, vectors = torch.linalg.eigh(torch.cov(centred.T, correction=0))
    return centred @ (vectors * (values + eps).rsqrt()) @ vectors.T


def crop_by_index(image, top, left, flip, size):
    columns = np.arange(left, left + size)
    return image[:, top : top + size][:, :, columns[::-1] if flip else columns]


def crop_in_torch(image, top, left, flip, size):
    window = torch.from_numpy(image)[:, top : top + size, left : left + size]
    return window.flip(-1) if flip else window


def centre_by_loop(image, size):
    while image.shape[1] > size:
        image = image[:, :-1] if (image.shape[1] - size) % 2 else image[:, 1:]
    while image.shape[2] > size:
        image = image[:, :, :-1] if (image.shape[2] - size) % 2 else image[:, :, 1:]
    return image


def centre_by_crop(image, size):
    top, left = ((side - size) // 2 for side in image.shape[1:])
    return torch.from_numpy(image).narrow(1, top, size).narrow(2, left, size)


def augment_by_gather(images, size, rng):
    n, _, height, width = images.shape
    steps = np.arange(size)
    rows = rng.integers(0, height - size, size=(n, 1), endpoint=True) + steps
    columns = rng.integers(0, width - size, size=(n, 1), endpoint=True) + steps
    flip = rng.integers(2, size=n).astype(bool)
    columns[flip] = columns[flip, ::-1]
    return images[np.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].transpose(
        0, 3, 1, 2
    )


def augment_mirrored_first(images, size, rng):
    output = []
    for image in images:
        image = image[..., ::-1] if rng.choice([True, False]) else image
        top, left = (rng.choice(side - size + 1) for side in image.shape[1:])
        output.append(image[:, top : top + size, left : left + size])
    return np.array(output, dtype=np.float64)


def augment_in_torch(images, size, rng):
    """Draw with torch's generator, seeded by the one that was given."""
    own = torch.Generator().manual_seed(int(rng.integers(2**31)))
    output = torch.empty((*images.shape[:2], size, size))
    for place, image in enumerate(torch.from_numpy(images)):
        top, left = (
            int(torch.randint(side - size + 1, (), generator=own)) for side in image.shape[1:]
        )
        window = image[:, top : top + size, left : left + size]
        output[place] = window.flip(2) if torch.rand((), generator=own) < 0.5 else window
    return output


def augment_flipped_by_permutation(images, size, rng):
    """Mirror exactly half of the images, which ones by chance."""
    straight = answer("q22.augment")(images, size, rng)
    half = rng.permutation(len(images))[::2]
    unmirrored = np.concatenate([augment_straight(image[None], size, rng) for image in images])
    straight[:] = unmirrored
    straight[half] = straight[half][..., ::-1]
    return straight


def augment_straight(images, size, rng):
    top, left = (rng.integers(side - size + 1) for side in images.shape[2:])
    return images[:, :, top : top + size, left : left + size]


KEEPS = {"photographs", "satellite", "flowers", "galaxy kind", "smiles"}


def accuracy_by_padding(classify, images, labels, shifts):
    return [
        np.mean(
            np.argmax(
                classify(np.pad(images, ((0, 0), (0, 0), (0, 0), (s, 0)))[..., : images.shape[3]]),
                1,
            )
            == labels
        )
        for s in shifts
    ]


def accuracy_in_torch(classify, images, labels, shifts):
    shares = []
    for shift in shifts:
        moved = torch.from_numpy(np.roll(images, shift, -1))
        moved[..., :shift] = 0
        scores = torch.as_tensor(classify(moved))
        shares.append((scores.max(1).indices == torch.as_tensor(labels)).double().mean())
    return torch.stack(shares)


def accuracy_one_by_one(classify, images, labels, shifts):
    def right(image, label, shift):
        moved = 0 * image
        moved[:, :, shift:] = image[:, :, : image.shape[2] - shift]
        return int(classify(moved[None])[0].argmax()) == label

    return tuple(
        fmean(right(*pair, shift) for pair in zip(images, labels, strict=True)) for shift in shifts
    )


def brighter(images, rng):
    change = rng.integers(-40, 41, size=(len(images), 1, 1, 1))
    return np.clip(images.astype(int) + change, 0, 255)


def moved_with_zeros(images, rng):
    output = np.zeros_like(images)
    for image, target, shift in zip(images, output, rng.integers(-3, 4, len(images)), strict=True):
        target[:, :, max(shift, 0) : 16 + min(shift, 0)] = image[
            :, :, max(-shift, 0) : 16 - max(shift, 0)
        ]
    return output


def turned(images, rng):
    turns = rng.integers(4, size=len(images))
    return np.stack([np.rot90(i, k, axes=(1, 2)) for i, k in zip(images, turns, strict=True)])


def noisy_now_and_then(images, rng):
    noise = rng.normal(scale=8, size=images.shape) * (rng.random((len(images), 1, 1, 1)) < 0.2)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def grey_in_torch(images, rng):
    pixels = torch.from_numpy(images).float()
    share = torch.from_numpy(rng.random((len(images), 1, 1, 1))).float()
    return (share * pixels.mean(1, keepdim=True) + (1 - share) * pixels).round()


def rough_by_kernel(curve):
    half = np.array(curve)[len(curve) // 2 :]
    return np.abs(np.convolve(half, [1, -2, 1], mode="valid")).mean()


def rough_by_loop(curve):
    start = len(curve) // 2
    bends = [
        abs(curve[i - 1] + curve[i + 1] - 2 * curve[i]) for i in range(start + 1, len(curve) - 1)
    ]
    return math.fsum(bends) / len(bends)


def momentum_in_place(w, gradient, velocity, lr, momentum):
    velocity *= momentum
    velocity += gradient
    w -= lr * velocity
    return [w, velocity]


def momentum_by_parts(w, gradient, velocity, lr, momentum):
    return w - lr * gradient - lr * momentum * velocity, gradient + momentum * velocity


def rate_by_loop(lr, gamma, epoch):
    for _ in range(epoch):
        lr *= gamma
    return lr


def adam_with_one_correction(w, gradient, m, v, t, lr, betas, eps):
    m, v = betas[0] * m + (1 - betas[0]) * gradient, betas[1] * v + (1 - betas[1]) * gradient**2
    root = math.sqrt(1 - betas[1] ** t)
    return w - lr * root / (1 - betas[0] ** t) * m / (np.sqrt(v) + eps * root), m, v


def adam_by_lerp(w, gradient, m, v, t, lr, betas, eps):
    w, gradient, m, v = map(torch.from_numpy, (w, gradient, m, v))
    m, v = torch.lerp(gradient, m, betas[0]), torch.lerp(gradient.square(), v, betas[1])
    step = (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    return w.sub(step, alpha=lr), m, v


def drop_by_where(x, kept, p):
    return np.where(kept == 1, x / (1 - p), 0.0)


def drop_in_place(x, kept, p):
    x[~kept.astype(bool)] = 0
    return x * (1 / (1 - p))


def penalised_by_autograd(w, gradient, lr, penalty):
    weights = torch.tensor(w, requires_grad=True)
    (torch.from_numpy(gradient) @ weights + penalty * weights.square().sum()).backward()
    return (weights - lr * weights.grad).detach()


def penalised_by_decay(w, gradient, lr, penalty):
    return w * (1 - 2 * lr * penalty) - lr * gradient


def decay_by_step(lr, penalty):
    return penalised_by_decay(np.ones(1), np.zeros(1), lr, penalty)[0]


def thinned_one_by_one(features, weight, bias, kept, p):
    def probabilities(x):
        return torch.softmax(torch.from_numpy(weight @ x + bias), dim=0)

    rows = [probabilities(features * row / (1 - p)) for row in kept]
    return torch.stack(rows).mean(0), probabilities(features)


def thinned_weights(features, weight, bias, kept, p):
    """Drop columns of the weights in place of features."""
    scores = np.einsum("md,kd,d->mk", kept / (1 - p), weight, features) + bias
    scores = np.vstack([scores, weight @ features + bias])
    shares = np.exp(scores) / np.exp(scores).sum(axis=1)[:, None]
    return np.mean(shares[:-1], axis=0), shares[-1]


def choose_by_sorting(runs):
    grouped = defaultdict(list)
    for run in runs:
        grouped[run["p"]].append(sorted(run["validation"])[-1])
    return sorted((fmean(best), p) for p, best in grouped.items())[-1][1]


def choose_in_numpy(runs):
    ps, best = np.array([(run["p"], np.max(run["validation"])) for run in runs]).T
    values = np.unique(ps)
    return values[np.argmax([best[ps == p].mean() for p in values])]


def choose_among(runs):
    def worth(p):
        return fmean(max(run["validation"]) for run in runs if run["p"] == p)

    return max({run["p"] for run in runs}, key=worth)


def dropout_by_choice(x, p, training, rng):
    if training:
        return x * rng.choice([0, 1 / (1 - p)], size=x.shape, p=[p, 1 - p])
    return x


def dropout_by_numbers(x, p, training, rng):
    output = x.copy()
    for i, j in product(*map(range, x.shape)):
        if training:
            output[i, j] *= (rng.uniform() >= p) / (1 - p)
    return output


def dropout_in_torch(x, p, training, rng):
    tensor = torch.from_numpy(x)
    if not training:
        return tensor
    own = torch.Generator().manual_seed(int(rng.integers(2**31)))
    return tensor * torch.bernoulli(torch.full_like(tensor, 1 - p), generator=own) / (1 - p)


def dropout_in_single_precision(x, p, training, rng):
    return answer("q33.dropout")(x.astype(np.float32), p, training, rng)


def norm_by_channel(x, gamma, beta, running_mean, running_var, momentum, eps):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        values = x[:, c].ravel()
        y[:, c] = (x[:, c] - values.mean()) / (values.var() + eps) ** 0.5 * gamma[c] + beta[c]
        running_mean[c] += momentum * (values.mean() - running_mean[c])
        running_var[c] += momentum * (np.cov(values) - running_var[c])
    return y, running_mean, running_var


def norm_in_torch(x, gamma, beta, running_mean, running_var, momentum, eps):
    values = torch.from_numpy(x)
    gamma, beta, *running = map(torch.from_numpy, (gamma, beta, running_mean, running_var))
    var, mean = torch.var_mean(values, dim=(0, 2, 3), correction=0)
    n = x.size / x.shape[1]
    y = (values - mean.view(1, -1, 1, 1)) * torch.rsqrt(var + eps).view(1, -1, 1, 1)
    new = (mean, var * n / (n - 1))
    return (
        y * gamma.view(1, -1, 1, 1) + beta.view(1, -1, 1, 1),
        *(old.lerp(value, momentum) for old, value in zip(running, new, strict=True)),
    )


def norm_eval_by_channel(x, gamma, beta, running_mean, running_var, eps):
    channels = [
        (x[:, c] - running_mean[c]) / math.sqrt(running_var[c] + eps) * gamma[c] + beta[c]
        for c in range(x.shape[1])
    ]
    return np.stack(channels, axis=1)


def norm_eval_moved(x, gamma, beta, running_mean, running_var, eps):
    last = np.moveaxis(x, 1, -1)
    return np.moveaxis((last - running_mean) / np.sqrt(running_var + eps) * gamma + beta, -1, 1)


VARIANTS_TP3: dict[str, list[Callable[..., Any]]] = {
    "q19.normalise": [
        normalise_by_channel,
        normalise_in_torch,
        *_dressed("q19.normalise", *ARRAYS),
    ],
    "q19.statistics_after": [after_by_samples, *_dressed("q19.statistics_after")],
    "q20.channel_statistics": [
        statistics_in_torch,
        statistics_by_squares,
        *_dressed("q20.channel_statistics"),
    ],
    "q20.normalise_both": [
        both_in_one_go,
        both_in_torch,
        *_dressed("q20.normalise_both", *ARRAYS),
    ],
    "q21.zca": [zca_by_svd, zca_in_torch, *_dressed("q21.zca")],
    "q22.crop_and_flip": [
        crop_by_index,
        crop_in_torch,
        *_dressed("q22.crop_and_flip", *ARRAYS),
    ],
    "q22.centre_crop": [centre_by_loop, centre_by_crop, *_dressed("q22.centre_crop", *ARRAYS)],
    "q22.augment": [
        augment_by_gather,
        augment_mirrored_first,
        augment_in_torch,
        augment_flipped_by_permutation,
        *_dressed("q22.augment", *ARRAYS),
    ],
    "q23.flip_keeps_label": [
        lambda task: task in KEEPS,
        lambda task: not KEEPS.isdisjoint({task}),
        lambda task: dict.fromkeys(KEEPS, True).get(task, False),
        lambda task: np.bool_(task in KEEPS),
        lambda task: torch.tensor(task in KEEPS),
    ],
    "q24.accuracy_under_shift": [
        accuracy_by_padding,
        accuracy_in_torch,
        accuracy_one_by_one,
        *_dressed("q24.accuracy_under_shift", torch.tensor, np.float32),
    ],
    "q25.own_augmentation": [
        brighter,
        moved_with_zeros,
        turned,
        noisy_now_and_then,
        grey_in_torch,
    ],
    "q26.roughness": [rough_by_kernel, rough_by_loop, *_dressed("q26.roughness")],
    "q27.momentum_step": [
        momentum_in_place,
        momentum_by_parts,
        *_dressed("q27.momentum_step"),
    ],
    "q27.exponential_lr": [
        rate_by_loop,
        lambda lr, gamma, epoch: lr * math.exp(epoch * math.log(gamma)),
        *_dressed("q27.exponential_lr"),
    ],
    "q28.adam_step": [adam_with_one_correction, adam_by_lerp, *_dressed("q28.adam_step")],
    "q29.drop": [drop_by_where, drop_in_place, *_dressed("q29.drop")],
    "q30.penalised_step": [
        penalised_by_autograd,
        penalised_by_decay,
        *_dressed("q30.penalised_step"),
    ],
    "q30.decay_of": [decay_by_step, *_dressed("q30.decay_of")],
    "q31.mean_and_whole": [thinned_one_by_one, thinned_weights, *_dressed("q31.mean_and_whole")],
    "q32.choose_p": [
        choose_by_sorting,
        choose_in_numpy,
        choose_among,
        *_dressed("q32.choose_p", torch.tensor, np.float32),
    ],
    "q33.dropout": [
        dropout_by_choice,
        dropout_by_numbers,
        dropout_in_torch,
        dropout_in_single_precision,
        *_dressed("q33.dropout", torch.tensor, _listed),
    ],
    "q34.batch_norm_train": [
        norm_by_channel,
        norm_in_torch,
        *_dressed("q34.batch_norm_train", *ARRAYS),
    ],
    "q34.batch_norm_eval": [
        norm_eval_by_channel,
        norm_eval_moved,
        *_dressed("q34.batch_norm_eval", *ARRAYS),
    ],
}

# Faults put into short solutions by hand: (part of the code, what takes its place).
FAULTS_TP3: dict[str, list[tuple[str, str]]] = {
    "q21.zca": [
        ("x - x.mean(axis=0)", "x"),
        ("x.mean(axis=0)", "x.mean()"),
        ("(values + eps) ** -0.5", "(values + eps) ** 0.5"),
        (" @ vectors.T\n", " @ vectors\n"),
        ("centred @ vectors @", "centred @ vectors.T @"),
        ("centred.T @ centred / x.shape[0]", "np.cov(centred.T)"),
    ],
    "q23.flip_keeps_label": [
        ("task in", "task not in"),
        ('"photographs", ', ""),
        ('"satellite", ', ""),
        ('"flowers", ', ""),
        ('"galaxy kind", ', ""),
        (', "smiles"', ""),
        (', "smiles"', ', "smiles", "digits"'),
        (', "smiles"', ', "smiles", "hands"'),
    ],
    "q27.exponential_lr": [
        ("gamma**epoch", "gamma**lr"),
        ("gamma**epoch", "epoch**gamma"),
        ("gamma**epoch", "gamma"),
        ("gamma**epoch", "gamma**-epoch"),
    ],
    "q29.drop": [
        ("x * kept", "x"),
        ("x * kept", "kept"),
        ("kept / (1 - p)", "kept / p"),
        ("kept / (1 - p)", "kept"),
        ("x * kept", "x * (1 - kept)"),
        ("x * kept", "abs(x) * kept"),
    ],
    "q32.choose_p": [
        ('max(run["validation"])', 'min(run["validation"])'),
        ('max(run["validation"])', 'run["validation"][-1]'),
        ('run["validation"]', 'run["test"]'),
        ('run["validation"]', 'run["train"]'),
        ("np.mean", "np.max"),
        ("np.mean", "np.median"),
        ("np.mean", "np.sum"),
        ("return max(best", "return min(best"),
    ],
    "q33.dropout": [
        ("if not training", "if training"),
        ("    if not training:\n        return x\n", ""),
        (">= p, p)", "< p, p)"),
        ("rng.random(x.shape)", "rng.random(x.shape[1])"),
        ("rng.random(x.shape)", "rng.normal(size=x.shape)"),
        (">= p, p)", ">= p, 0)"),
        ("return x\n", "return x * (1 - p)\n"),
    ],
}

# Changes of the solution after which it is still right, and why.
EQUIVALENT_TP3: dict[str, dict[str, str]] = {
    "q19.normalise": dict.fromkeys(
        (
            "1 became 2 in return (pixels - np.reshape(mean, (-1, 1, 1))) "
            "/ np.reshape(std, (-1, 1, 1))",
            "(-1, 1, 1) became (-1, 1, 1)",
        ),
        "-2 is a side for NumPy to find, as -1 is",
    ),
    "q20.channel_statistics": dict.fromkeys(
        (
            "1 became 2 in channels = np.moveaxis(images / 255, 1, 0).reshape(images.shape[1], -1)",
            "np.moveaxis(images / 255, 1, 0) became np.moveaxis(images / 255, 0, 1)",
        ),
        "the same rows: a side for NumPy to find, two axes that change places",
    ),
    "q22.augment": {"rng.random() < 0.5 became rng.random() <= 0.5": "no draw meets the bound"},
    "q25.own_augmentation": dict.fromkeys(
        (
            "(:, top:top + side, left:left + side) became (:, left:left + side, top:top + side)",
            "(:, top:top + side, left:left + side) became (top:top + side, :, left:left + side)",
            "0 became 1 in image[:, top : top + side, left : left + side] = 0",
            "1 became 2 in top, left = rng.integers(images.shape[2] - side + 1, size=2)",
            "2 became 3 in side = images.shape[2] // 2",
            "2 became 3 in top, left = rng.integers(images.shape[2] - side + 1, size=2)",
            "images.shape[2] - side + 1 became images.shape[2] - side - 1",
            "images.shape[2] - side became images.shape[2] + side",
            "left + side became left - side",
            "top + side became top - side",
        ),
        "what blacks out something else is still an augmentation",
    ),
    "q26.roughness": {
        "zip(half, half[1:], half[2:], strict=False) became zip(half, half[1:], half[2:])": (
            "False is what zip does anyway"
        )
    },
    "q31.mean_and_whole": {
        "drop(features, kept, p) became drop(kept, features, p)": (
            "a product does not mind the order"
        )
    },
    "q33.dropout": {
        "rng.random(x.shape) >= p became rng.random(x.shape) > p": "no draw meets the bound",
        "drop(x, rng.random(x.shape) >= p, p) became drop(rng.random(x.shape) >= p, x, p)": (
            "a product does not mind the order"
        ),
    },
    "q34.batch_norm_train": dict.fromkeys(
        ("(0, 1, 2) became (0, 2, 1)", "(0, 1, 2) became (1, 0, 2)"),
        "the same axes in another order",
    ),
    "q34.batch_norm_eval": {"(:, None, None) became (:, None, None)": "swaps the two None"},
}
