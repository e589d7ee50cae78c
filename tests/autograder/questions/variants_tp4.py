"""Practical 4: right answers that look unusual, more faults, and changes that change nothing."""

import math
import random
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import torch

from tests.autograder.questions.solved import answer
from tests.autograder.questions.variants_tp3 import ARRAYS, _dressed


def drawn_by_power(lr, batch_size, dropout, rng):
    return {
        "dropout": dropout[0] + (dropout[1] - dropout[0]) * rng.random(),
        "batch_size": int(rng.choice([2**n for n in range(12) if 2**n in range(*_to(batch_size))])),
        "lr": lr[0] * (lr[1] / lr[0]) ** rng.random(),
    }


def _to(bounds):
    return bounds[0], bounds[1] + 1


def drawn_in_one_go(lr, batch_size, dropout, rng):
    low = [np.log10(lr[0]), np.log2(batch_size[0]), dropout[0]]
    high = [np.log10(lr[1]), np.log2(batch_size[1]) + 1, dropout[1]]
    exponent, power, p = rng.uniform(low, high)
    return {"lr": 10**exponent, "batch_size": 2 ** int(power), "dropout": p}


def drawn_by_doubling(lr, batch_size, dropout, rng):
    doublings = round(math.log2(batch_size[1] // batch_size[0]))
    size = batch_size[0] << int(rng.integers(doublings, endpoint=True))
    rate = np.exp(rng.uniform(*np.log(lr)))
    return dict(
        zip(("lr", "batch_size", "dropout"), (rate, size, rng.uniform(*dropout)), strict=True)
    )


def drawn_with_random(lr, batch_size, dropout, rng):
    """Draw with Python's own generator, seeded by the one that was given."""
    own = random.Random(int(rng.integers(2**62)))
    power = own.randint(*(size.bit_length() - 1 for size in batch_size))
    return {
        "lr": 10 ** own.uniform(*map(math.log10, lr)),
        "batch_size": 1 << power,
        "dropout": own.uniform(*dropout),
    }


def drawn_in_torch(lr, batch_size, dropout, rng):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    a, b = torch.rand(2, generator=generator, dtype=torch.float64)
    power = torch.randint(*_to([int(math.log2(s)) for s in batch_size]), (), generator=generator)
    low, high = torch.tensor(lr, dtype=torch.float64).log()
    return {
        "lr": torch.lerp(low, high, a).exp(),
        "batch_size": 2**power,
        "dropout": (1 - b) * dropout[0] + b * dropout[1],
    }


def drawn_and_rounded(lr, batch_size, dropout, rng):
    drawn = drawn_by_power(lr, batch_size, dropout, rng)
    rate = min(max(float(f"{drawn['lr']:.3g}"), lr[0]), lr[1])
    return {**drawn, "lr": rate, "dropout": round(drawn["dropout"], 3)}


def runs_by_counting(share, sure):
    return next(n for n in count(1) if 1 - (1 - share) ** n >= sure)


def runs_by_multiplying(share, sure):
    missed, runs = 1.0, 0
    while missed > 1 - sure:
        missed, runs = missed * (1 - share), runs + 1
    return runs


def runs_by_bisection(share, sure):
    low, high = 0, 10**6
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if (1 - share) ** middle <= 1 - sure else (middle, high)
    return high


def split_by_choice(labels, count, seed):
    rng = np.random.default_rng(seed)
    held_out = []
    for label in set(labels.tolist()):
        held_out += rng.choice(np.where(labels == label)[0], count, replace=False).tolist()
    return [i for i in range(len(labels)) if i not in held_out], held_out


def split_by_mask(labels, count, seed):
    np.random.seed(seed)  # noqa: NPY002  (as students do it)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        np.random.shuffle(where)  # noqa: NPY002
        mask[where[-count:]] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def split_in_torch(labels, count, seed):
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.rand(len(labels), generator=generator)
    chosen = torch.cat(
        [
            where[numbers[where].topk(count).indices]
            for where in (
                torch.nonzero(torch.from_numpy(labels == c))[:, 0] for c in np.unique(labels)
            )
        ]
    )
    rest = torch.ones(len(labels), dtype=torch.bool)
    rest[chosen] = False
    return torch.nonzero(rest).flatten(), chosen


def split_with_random(labels, count, seed):
    classes = defaultdict(list)
    for place, label in enumerate(labels):
        classes[int(label)].append(place)
    draw = random.Random(seed)
    train, held_out = [], []
    for places in classes.values():
        draw.shuffle(places)
        held_out.extend(places[:count])
        train.extend(places[count:])
    return train, held_out


def split_by_going_through(labels, count, seed):
    """Take each image, in a random order, as long as its class still lacks some."""
    taken, parts = defaultdict(int), ([], [])
    for place in np.random.default_rng([seed, 7]).permutation(len(labels)):
        label = int(labels[place])
        parts[taken[label] < count].append(int(place))
        taken[label] += 1
    return parts


TRAIN = ("weights", "pixel statistics", "running statistics")
TEST = ("report", "published")
TABLE = {**dict.fromkeys(TRAIN, "train"), **dict.fromkeys(TEST, "test")}


def images_by_branches(purpose):
    if purpose.endswith("statistics"):
        return "train"
    if purpose == "weights":
        return "train"
    if purpose in TEST:
        return "test"
    return "validation"


def stopping_by_numpy(losses, patience, min_delta):
    best = [0]
    for i in range(1, len(losses)):
        if losses[i] < losses[best[-1]] - min_delta:
            best.append(i)
    waits = np.diff([*best, len(losses) + patience + 1])
    first = int(np.argmax(waits > patience))
    stopped = best[first] + patience
    return best[first] + 1, stopped + 1 if stopped < len(losses) else None


def stopping_by_recursion(losses, patience, min_delta, kept=0, epoch=1):
    if epoch - kept > patience:
        return kept + 1, epoch
    if epoch == len(losses):
        return kept + 1, None
    if losses[epoch] + min_delta < losses[kept]:
        kept = epoch
    return stopping_by_recursion(losses, patience, min_delta, kept, epoch + 1)


def stopping_with_a_counter(losses, patience, min_delta):
    best, kept, bad = float("inf"), None, 0
    for epoch in range(len(losses)):
        if best - losses[epoch] > min_delta:
            best, kept, bad = losses[epoch], epoch + 1, 0
        else:
            bad += 1
        if bad >= patience:
            return [kept, epoch + 1]
    return [kept, None]


def stopping_by_tensor(losses, patience, min_delta):
    kept, stopped = answer("q37.early_stopping")(torch.tensor(losses).double(), patience, min_delta)
    return torch.tensor(kept), stopped if stopped is None else np.int64(stopped)


def stopping_by_windows(losses, patience, min_delta):
    """Ask at each epoch whether the last `patience` ones were all no better."""
    better = []
    for epoch, loss in enumerate(losses, 1):
        if not better or loss < losses[better[-1] - 1] - min_delta:
            better.append(epoch)
        if not set(better) & set(range(epoch - patience + 1, epoch + 1)):
            return better[-1], epoch
    return better[-1], None


def chosen_by_loops(runs):
    best, where = -1.0, None
    for i in range(len(runs)):
        for j, batches in enumerate(runs[i]["validation"]):
            right = images = 0
            for r, n in batches:
                right += r
                images += n
            if right / images > best:
                best, where = right / images, (i, j + 1)
    return where


def chosen_by_sorting(runs):
    return sorted(
        (Fraction(*np.sum(batches, axis=0).tolist()), i, j)
        for i, run in enumerate(runs)
        for j, batches in enumerate(run["validation"], 1)
    )[-1][1:]


def chosen_by_right_answers(runs):
    """All runs are measured on the same images, so counting is enough."""
    counts = {
        (i, j + 1): sum(right for right, _ in batches)
        for i, run in enumerate(runs)
        for j, batches in enumerate(run["validation"])
    }
    return max(counts, key=counts.get)


def chosen_by_fewest_errors(runs):
    errors = [
        [np.subtract(*np.array(batches).T[::-1]).sum() for batches in run["validation"]]
        for run in runs
    ]
    fewest = min(min(each, default=math.inf) for each in errors)
    run = next(i for i, each in enumerate(errors) if fewest in each)
    return run, errors[run].index(fewest) + 1


def chosen_by_weighted_mean(runs):
    scores = np.full((len(runs), max(len(run["validation"]) for run in runs)), np.nan)
    for i, run in enumerate(runs):
        for j, batches in enumerate(run["validation"]):
            right, images = np.array(batches).T
            scores[i, j] = np.average(right / images, weights=images)
    run, epoch = np.unravel_index(np.nanargmax(scores.round(12)), scores.shape)
    return torch.tensor([run, epoch + 1])


def best_by_the_formula(accuracy, images, runs, rng):
    del rng
    pmf = [
        math.exp(
            math.lgamma(images + 1)
            - math.lgamma(k + 1)
            - math.lgamma(images - k + 1)
            + k * math.log(accuracy)
            + (images - k) * math.log1p(-accuracy)
        )
        for k in range(images + 1)
    ]
    powers = np.cumsum(pmf).clip(max=1) ** runs
    return (np.arange(images + 1) * np.diff(powers, prepend=0)).sum() / images


def best_by_loops(accuracy, images, runs, rng):
    return np.mean([max(rng.binomial(images, accuracy, runs)) / images for _ in range(1000)])


def best_image_by_image(accuracy, images, runs, rng):
    shares = [(rng.random((runs, images)) < accuracy).mean(axis=1).max() for _ in range(1000)]
    return sum(shares) / len(shares)


def best_by_the_normal_distribution(accuracy, images, runs, rng):
    error = math.sqrt(accuracy * (1 - accuracy) / images)
    return rng.normal(accuracy, error, (20_000, runs)).max(1).mean()


def best_in_torch(accuracy, images, runs, rng):
    torch.manual_seed(int(rng.integers(2**31)))
    networks = torch.distributions.Binomial(images, torch.tensor(accuracy))
    return networks.sample((2000, runs)).amax(dim=1).mean() / images


def report_by_the_answers(right, images):
    """Take the deviation of ones and zeros."""
    answers = np.repeat([1.0, 0.0], [right, images - right])
    half = 1.96 * answers.std() / np.sqrt(images)
    return answers.mean() + np.array([0, -half, half])


def report_in_counts(right, images):
    half = 1.96 * (right * (images - right) / images) ** 0.5
    return [n / images for n in (right, right - half, right + half)]


VARIANTS_TP4: dict[str, list[Callable[..., Any]]] = {
    "q35.draw_configuration": [
        drawn_by_power,
        drawn_in_one_go,
        drawn_by_doubling,
        drawn_with_random,
        drawn_in_torch,
        drawn_and_rounded,
    ],
    "q35.runs_needed": [
        runs_by_counting,
        runs_by_multiplying,
        runs_by_bisection,
        *_dressed("q35.runs_needed", torch.tensor, np.int64),
    ],
    "q36.validation_split": [
        split_by_choice,
        split_by_mask,
        split_in_torch,
        split_with_random,
        split_by_going_through,
        *_dressed("q36.validation_split", *ARRAYS[:2]),
    ],
    "q36.images_for": [
        images_by_branches,
        lambda purpose: TABLE.get(purpose, "validation"),
        lambda purpose: ("validation", "train", "test")[(purpose in TRAIN) + 2 * (purpose in TEST)],
        lambda purpose: max(TABLE.get(purpose, ""), "validation" * (purpose not in TABLE)),
        lambda purpose: "".join(TABLE.get(purpose) or "validation"),
    ],
    "q37.early_stopping": [
        stopping_by_numpy,
        stopping_by_recursion,
        stopping_with_a_counter,
        stopping_by_tensor,
        stopping_by_windows,
    ],
    "q38.choose_run": [
        chosen_by_loops,
        chosen_by_sorting,
        chosen_by_right_answers,
        chosen_by_fewest_errors,
        chosen_by_weighted_mean,
        *_dressed("q38.choose_run", np.int64),
    ],
    "q39.expected_best": [
        best_by_the_formula,
        best_by_loops,
        best_image_by_image,
        best_by_the_normal_distribution,
        best_in_torch,
        *_dressed("q39.expected_best", np.float32),
    ],
    "q39.report": [report_by_the_answers, report_in_counts, *_dressed("q39.report")],
}

# Faults put into short solutions by hand: (part of the code, what takes its place).
FAULTS_TP4: dict[str, list[tuple[str, str]]] = {
    "q35.draw_configuration": [
        ("rng.uniform(dropout", "np.random.uniform(dropout"),
        ("int(rng.integers(smallest, largest + 1))", "rng.uniform(smallest, largest)"),
        ("math.exp(rng", "10 ** (rng"),
    ],
    "q35.runs_needed": [
        ("math.ceil", "math.floor"),
        ("math.ceil", "round"),
        ("math.log(1 - sure)", "math.log(sure)"),
        ("math.log(1 - share)", "math.log(share)"),
    ],
    "q36.validation_split": [
        ("[:count]", ""),
        ("[:count]", "[:1]"),
        ("default_rng(seed)", "default_rng()"),
        ("default_rng(seed)", "default_rng(0)"),
        ("np.random.default_rng(seed).permutation(len(labels))", "np.arange(len(labels))"),
        ("np.setdiff1d(shuffled, validation)", "shuffled"),
        ("labels[shuffled] == label", "shuffled >= 0"),
        ("validation = np.concatenate(held_out)", "validation = labels[np.concatenate(held_out)]"),
    ],
    "q36.images_for": [
        ('"weights", ', ""),
        ('"pixel statistics", ', ""),
        (', "running statistics"', ""),
        ('"report", ', ""),
        (', "published"', ""),
        (', "published"', ', "published", "epoch"'),
        (', "published"', ', "published", "seed"'),
        ('else "validation"', 'else "test"'),
        ('else "validation"', 'else "train"'),
        ('return "train"', 'return "validation"'),
    ],
    "q37.early_stopping": [
        ("losses[kept - 1] - min_delta", "losses[epoch - 2] - min_delta"),
        ("losses[kept - 1] - min_delta", "losses[kept - 1]"),
        ("epoch - kept == patience", "epoch - kept > patience"),
    ],
    "q38.choose_run": [
        ('["validation"][candidate', '["test"][candidate'),
        ("[candidate[1] - 1]", "[-1]"),
        ("sum(right) / sum(images)", "right[-1] / images[-1]"),
        ("sum(right) / sum(images)", "np.mean(np.divide(right, images))"),
        ("return max(", "return min("),
    ],
    "q39.expected_best": [
        ("max(axis=1)", "mean(axis=1)"),
        ("max(axis=1)", "max(axis=0)"),
        ("max(axis=1)", "max()"),
        ("size=(5000, runs)", "size=(runs, 5000)"),
        (".mean() / images", ".mean()"),
    ],
}

# Changes of the solution after which it is still right, and why.
EQUIVALENT_TP4: dict[str, dict[str, str]] = {
    "q38.choose_run": {
        "zip(*runs[candidate[0]]['validation'][candidate[1] - 1], strict=True) became "
        "zip(*runs[candidate[0]]['validation'][candidate[1] - 1])": "both are of one length",
        "sum(right) / sum(images) became sum(right) * sum(images)": (
            "all runs are measured on as many images"
        ),
    },
    "q39.expected_best": {
        "5000 became 5001 in right = rng.binomial(images, accuracy, size=(5000, runs))": (
            "one more search is simulated"
        ),
    },
}
