"""How fast the practical's network trains: plain float32 beside the precision that `fit` chooses.

Run `python -m benchmarks.training [--threads N]`. Both are timed in turn in one process, on random
images, so that a busy machine slows both alike; what is printed are medians and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
from time import perf_counter

import torch
import torch.nn.functional as F

from convbook.models import build
from convbook.training.precision import Precision, choose
from convbook.training.setting_up import choose_device

BATCH_SIZE = 128
WARM_UP, ROUNDS, STEPS = 3, 15, 4  # steps unmeasured; rounds of both in turn; steps in a round


class Trainer:
    """The practical's network, and one update of it."""

    def __init__(self, precision: Precision, device: torch.device) -> None:
        self.precision, self.device = precision, device
        self.model = precision.lay_out(build("base", seed=0).to(device))
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.x = torch.rand(BATCH_SIZE, 3, 32, 32, device=device)
        self.y = torch.randint(10, (BATCH_SIZE,), device=device)

    def step(self) -> float:
        """Make one update as `fit` does; return the loss, so that the work is done."""
        with self.precision.autocast(self.device):
            logits = self.model(self.precision.lay_out(self.x))  # (128, 10)
        loss = F.cross_entropy(logits.float(), self.y)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.item()

    def rate(self) -> float:
        """Return the images per second over a few updates."""
        began = perf_counter()
        for _ in range(STEPS):
            self.step()
        return STEPS * BATCH_SIZE / (perf_counter() - began)


def main() -> None:
    """Time both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    torch.set_num_threads(parser.parse_args().threads)
    device = choose_device("auto")
    trainers = [Trainer(choose(amp, device), device) for amp in ("off", "auto")]
    for trainer in trainers:
        for _ in range(WARM_UP):
            trainer.step()
    rates = [[trainer.rate() for trainer in trainers] for _ in range(ROUNDS)]
    print(f"{device}, {torch.get_num_threads()} threads, batches of {BATCH_SIZE}")
    for trainer, found in zip(trainers, zip(*rates, strict=True), strict=True):
        print(f"{statistics.median(found):8.0f} images/s  {trainer.precision}")
    print(f"{statistics.median(auto / off for off, auto in rates):8.2f} times as fast")


if __name__ == "__main__":
    main()
