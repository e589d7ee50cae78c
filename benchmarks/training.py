"""How fast the practical's network trains: `fit` beside the plain way, in one run.

Run `python -m benchmarks.training [--threads N]`, on a quiet machine: about four minutes. Both
train the network with batch norm and dropout on random crops of 28x28 with random flips. The plain
way is what most tutorials write: a dataset of PIL images, torchvision's transforms, a DataLoader,
float32. The two are timed in turn, a round each, so that a busy machine slows both alike; what is
printed are medians and the median of the rounds' ratios.

Then: what an update's time goes to, what torch.compile would do, and the memory of a run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import v2

from convbook.data import CIFAR10_CLASSES, PIXEL_MEAN, PIXEL_STD, Dataset, Images
from convbook.models import build, pool_first
from convbook.training import Config, fit
from convbook.training.memory import kept_memory
from convbook.training.precision import choose
from convbook.training.setting_up import choose_device

ROUNDS, IMAGES = 7, 7680  # rounds of both in turn; training images in a round
SETTINGS = Config(model="batchnorm", lr=0.01, momentum=0.9, normalise="pixels", augment="crop_flip")
# What the operations of torch belong to, by the beginning of their names.
KINDS = {
    "convolutions": ("aten::mkldnn_convolution", "aten::convolution_backward"),
    "batch norm": ("aten::native_batch_norm",),
    "max pooling": ("aten::max_pool2d",),
    "fully-connected": ("aten::mm", "aten::addmm"),
    "dropout": ("aten::uniform_", "aten::ge"),
    "ReLU": ("aten::clamp_min", "aten::threshold_backward"),
    "the update": ("aten::_fused_sgd_", "Optimizer."),
    "crops, flips, normalisation": ("aten::index", "aten::flip", "aten::where", "aten::sub"),
    "copies to another format or layout": ("aten::copy_",),
}
PEAK = """
from dataclasses import replace
from pathlib import Path
from benchmarks.training import SETTINGS, random_images
from convbook.data import Dataset
from convbook.training import fit
data = Dataset(random_images(50_000), random_images(10_000))
fit(replace(SETTINGS, epochs=1), data, progress=False)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])  # in KiB
"""


def random_images(n: int) -> Images:
    """Return `n` images of noise, of CIFAR-10's size."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(n) % 10, CIFAR10_CLASSES, fingerprint="noise")


class Pictures(TorchDataset[tuple[Any, int]]):
    """The same images as PIL pictures, with their transforms."""

    def __init__(self, images: Images) -> None:
        arrays = images.images.permute(0, 2, 3, 1).numpy()  # (N, H, W, 3)
        self.pictures = [Image.fromarray(array) for array in arrays]
        self.labels = images.labels.tolist()
        self.transform = v2.Compose(
            [
                v2.RandomCrop(28),
                v2.RandomHorizontalFlip(),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(PIXEL_MEAN, PIXEL_STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        return self.transform(self.pictures[i]), self.labels[i]


class Plain:
    """The plain way."""

    def __init__(self, images: Images, batch_size: int, workers: int) -> None:
        self.name = f"plain, {workers or 'no'} workers"
        self.loader = DataLoader(
            Pictures(images),
            batch_size,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        self.model = build(SETTINGS.model, seed=0)
        self.optimiser = torch.optim.SGD(self.model.parameters(), SETTINGS.lr, SETTINGS.momentum)
        self.rates: list[float] = []

    def round(self) -> None:
        """Train on every image once and note the images per second."""
        began = perf_counter()
        for x, y in self.loader:
            loss = F.cross_entropy(self.model(x), y)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            loss.item()
        self.rates.append(IMAGES / (perf_counter() - began))


def compare(batch_size: int) -> None:
    """Time both in turn and print the rates."""
    images = random_images(IMAGES)
    plains = [Plain(images, batch_size, workers) for workers in (0, 2)]
    config = replace(SETTINGS, epochs=1, batch_size=batch_size)
    data = Dataset(images, random_images(1))
    ours = []
    for _ in range(ROUNDS + 1):
        history = fit(config, data, progress=False).history
        ours.append(IMAGES / history.seconds)
        for plain in plains:
            plain.round()
    ours = ours[1:]  # the first warms up
    print(f"\nbatches of {batch_size}, {torch.get_num_threads()} threads, {history.device}")
    print(f"{statistics.median(ours):8.0f} images/s  fit, {history.precision}")
    for plain in plains:
        rates = plain.rates[1:]
        ratio = statistics.median(a / b for a, b in zip(ours, rates, strict=True))
        print(
            f"{statistics.median(rates):8.0f} images/s  {plain.name}: fit makes {ratio:.2f} times"
        )


def break_down(batch_size: int) -> None:
    """Print what the time of an epoch of `fit` goes to, and the limit that convolutions set."""
    config = replace(SETTINGS, epochs=1, batch_size=batch_size)
    data = Dataset(random_images(IMAGES), random_images(1))
    fit(config, data, progress=False)
    with profile(activities=[ProfilerActivity.CPU]) as measured:
        fit(config, data, progress=False)
    seconds: Counter[str] = Counter()
    for event in measured.key_averages():
        seconds[_kind(event.key)] += event.self_cpu_time_total / 1e6
    total = sum(seconds.values())
    print(f"\nwhat an update of {batch_size} images takes (profiled, which slows it a little)")
    for kind, spent in seconds.most_common():
        print(f"{1e3 * spent * batch_size / IMAGES:8.2f} ms {100 * spent / total:5.1f} %  {kind}")
    print(f"{IMAGES / seconds['convolutions']:8.0f} images/s if there were only convolutions")


def _kind(operation: str) -> str:
    found = (kind for kind, starts in KINDS.items() if operation.startswith(starts))
    return next(found, "everything else")


def compiled(batch_size: int) -> None:
    """Print what torch.compile costs at the start and what an update takes with and without it."""
    device = choose_device("auto")
    precision = choose("auto", device)
    x = precision.lay_out(torch.rand(batch_size, 3, 28, 28))
    y = torch.randint(10, (batch_size,))

    def updates(model: torch.nn.Module) -> Iterator[float]:
        optimiser = torch.optim.SGD(model.parameters(), SETTINGS.lr, fused=True)
        while True:
            began = perf_counter()
            with precision.autocast(device):
                logits = model(x)
            loss = F.cross_entropy(logits.float(), y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            yield perf_counter() - began

    network = pool_first(precision.lay_out(build(SETTINGS.model, seed=0)))
    with kept_memory():
        ways = [updates(network), updates(torch.compile(network))]
        first = [next(way) for way in ways]
        times = list(zip(*[[next(way) for way in ways] for _ in range(40)], strict=True))
    eager, with_compile = (1e3 * statistics.median(t) for t in times)
    print(
        f"\nan update of {batch_size} images without data: {eager:.1f} ms, with torch.compile "
        f"{with_compile:.1f} ms after {first[1]:.0f} s of compiling"
    )


def peak() -> None:
    """Print the peak memory of a process that trains an epoch on CIFAR-10's number of images."""
    command = [sys.executable, "-c", PEAK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    gigabytes = float(done.stdout) * 1024 / 1e9
    print(f"\npeak memory of a run on 50,000 + 10,000 images: {gigabytes:.2f} GB")


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--no-compile", action="store_true", help="where there is no C++ compiler")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for batch_size in (128, 256):
        compare(batch_size)
    break_down(256)
    if not options.no_compile:
        compiled(256)
    peak()


if __name__ == "__main__":
    main()
