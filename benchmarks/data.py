"""How long CIFAR-10 takes: decoded once, from the cache, and beside torchvision's ImageFolder.

Run `python -m benchmarks.data [--source PATH]`. PATH is a zip of class folders, by default what
CONVBOOK_DATA names; without either, one of drawn shapes is written, a tenth of CIFAR-10's size.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from convbook.data import (
    CIFAR10_CLASSES,
    PIXEL_MEAN,
    PIXEL_STD,
    Images,
    batches,
    cifar10,
    compose,
    random_crop,
    random_flip,
)
from convbook.data.standin import draw_standin

REPEATS = 5
SAMPLE = 2000  # training images on which torchvision is timed
BATCH_SIZE = 128

# What a fresh process prints: seconds of the call, without those of importing torch.
CALL = """
import sys, time
from convbook.data import cifar10
start = time.perf_counter()
data = cifar10(sys.argv[1])
print(time.perf_counter() - start)
"""


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes, in silence."""
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        call()
        return time.perf_counter() - start


def median(call: Callable[[], float]) -> float:
    """Return the median of several calls, each of which returns its seconds."""
    return statistics.median(call() for _ in range(REPEATS))


def in_a_fresh_process(source: Path) -> float:
    """Return the seconds of loading `source` in a process that has just begun."""
    command = [sys.executable, "-c", CALL, str(source)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout.splitlines()[-1])


def write_shapes(path: Path) -> Path:
    """Write a zip of class folders of drawn shapes, as JPEGs."""
    data = draw_standin(5000, 1000, seed=0)
    with zipfile.ZipFile(path, "w") as archive:
        for part in (data.train, data.test):
            for i, (image, label) in enumerate(zip(part.images, part.labels, strict=True)):
                file = io.BytesIO()
                Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "jpeg")
                name = f"{part.role}/{CIFAR10_CLASSES[int(label)]}/{i:05}.jpg"
                archive.writestr(name, file.getvalue())
    return path


def unpack_sample(source: Path, folder: Path) -> None:
    """Unpack SAMPLE training images of a zip, evenly spread over its classes."""
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if "train" in PurePosixPath(name).parts]
        images = sorted(name for name in names if not name.endswith("/"))
        for name in images[:: max(1, len(images) // SAMPLE)][:SAMPLE]:
            *_, class_name, file = PurePosixPath(name).parts
            (folder / class_name).mkdir(exist_ok=True)
            (folder / class_name / file).write_bytes(archive.read(name))


def epoch_of_torchvision(folder: Path) -> Callable[[], int]:
    """Return the plain way: ImageFolder, transforms an image at a time, a DataLoader."""
    transform = v2.Compose(
        [
            v2.RandomCrop(28),
            v2.RandomHorizontalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(PIXEL_MEAN, PIXEL_STD),
        ]
    )
    loader = torch.utils.data.DataLoader(ImageFolder(folder, transform), BATCH_SIZE, shuffle=True)
    return lambda: sum(len(y) for _, y in loader)


def epoch_of_convbook(data: Images) -> Callable[[], int]:
    """Return the same pass over as many images held in one tensor."""
    sample = data.subset(torch.arange(min(SAMPLE, len(data))))
    augment = compose([random_crop(28), random_flip()])
    normalise = (PIXEL_MEAN, PIXEL_STD)
    return lambda: sum(
        len(y) for _, y in batches(sample, BATCH_SIZE, augment=augment, normalise=normalise)
    )


def measure(source: Path, folder: Path) -> Iterator[tuple[str, float, float]]:
    """Yield rows: what was timed, its seconds, and those of what it is compared with."""
    decode = seconds(lambda: cifar10(source))
    yield "first load: decode and cache", decode, decode
    yield "from the cache, same process", median(lambda: seconds(lambda: cifar10(source))), decode
    yield "from the cache, fresh process", median(lambda: in_a_fresh_process(source)), decode
    unpack_sample(source, folder)
    plain = median(lambda: seconds(epoch_of_torchvision(folder)))
    yield f"an epoch of {SAMPLE} images, torchvision", plain, plain
    with contextlib.redirect_stdout(io.StringIO()):
        data = cifar10(source).train
    yield (
        f"an epoch of {SAMPLE} images, convbook",
        median(lambda: seconds(epoch_of_convbook(data))),
        plain,
    )


def main() -> None:
    """Measure in a cache of its own and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__)
    parser.add_argument("--source", type=Path, default=os.environ.get("CONVBOOK_DATA"))
    torch.set_num_threads(1)  # both ways on one core: neither waits for another process's threads
    named = parser.parse_args().source
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "sample").mkdir()
        os.environ["CONVBOOK_CACHE"] = str(folder / "cache")
        source = Path(named) if named else write_shapes(folder / "shapes.zip")
        print(f"| {'what':42} | {'median s':>8} | {'times faster':>12} |")
        print(f"|{'-' * 44}|{'-' * 10}|{'-' * 14}|")
        for name, taken, compared in measure(source, folder / "sample"):
            print(f"| {name:42} | {taken:8.3f} | {compared / taken:12.1f} |", flush=True)


if __name__ == "__main__":
    main()
