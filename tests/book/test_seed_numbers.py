"""Every number of the lecture notes that the book states, computed again."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from convbook import models, shapes


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Cross-correlation where the kernel fits, by torch: (H, W) -> (H', W')."""
    x, w = (torch.tensor(a, dtype=torch.float64)[None, None] for a in (image, kernel))
    return nn.functional.conv2d(x, w)[0, 0].numpy()


def count(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters())


def macs(c_in: int, c_out: int, k: int, size: int = 28) -> int:
    """Multiply-accumulates of a convolution that keeps the size: every output, every weight."""
    layer = shapes.Conv(c_out, k, padding=k // 2)
    return shapes.table((layer,), (c_in, size, size))[0].macs


def cross_entropy(scores: torch.Tensor, label: int) -> float:
    return round(nn.functional.cross_entropy(scores[None], torch.tensor([label])).item(), 4)


def millions(*convolutions: tuple[int, int, int]) -> int:
    return round(sum(macs(*c) for c in convolutions) / 1e6)


PLAIN = ((256, 128, 1), (256, 192, 3), (256, 96, 5))
THIN = ((256, 64, 1), (256, 64, 1), (256, 128, 1), (64, 192, 3), (64, 96, 5), (256, 64, 1))
GOOGLENET_K = (2.7, 112, 159, 380, 364, 437, 463, 580, 840, 1072, 1388, 1000)
BASE = models.PRACTICAL["base"]
FIELDS = ("conv1", "pool1", "conv2", "pool2", "conv3", "pool3")
ROWS = {row.name: row for row in shapes.table(BASE.layers, BASE.input_shape)}

NUMBERS: dict[str, tuple[object, Callable[[], object]]] = {
    # images
    "numbers in an image of 32x32x3": (3_072, lambda: torch.zeros(3, 32, 32).numel()),
    "outputs of eight 5x5 kernels": (
        6_272,
        lambda: nn.Conv2d(3, 8, 5)(torch.zeros(1, 3, 32, 32)).numel(),
    ),
    "parameters of eight 5x5 kernels": (608, lambda: count(nn.Conv2d(3, 8, 5))),
    "inputs and bias of one neuron": (3_073, lambda: count(nn.Linear(3_072, 1))),
    "parameters, fully-connected": (19_273_856, lambda: 6_272 * count(nn.Linear(3_072, 1))),
    "images of the challenge": (1_431_167, lambda: 1_281_167 + 50_000 + 100_000),
    # convolution
    "7/9": (0.78, lambda: round(7 / 9, 2)),
    "5/9": (0.56, lambda: round(5 / 9, 2)),
    "-1/9": (-0.11, lambda: round(-1 / 9, 2)),
    "7/9 cut": (0.77, lambda: math.trunc(100 * 7 / 9) / 100),
    "5/9 cut": (0.55, lambda: math.trunc(100 * 5 / 9) / 100),
    # sizes
    "32 by 5": (28, lambda: shapes.output_size(32, 5)),
    "224 by 5": (220, lambda: shapes.output_size(224, 5)),
    "padding for 9": (4, lambda: shapes.same_padding(9)),
    "padding for 3, 5, 7": ([1, 2, 3], lambda: [shapes.same_padding(k) for k in (3, 5, 7)]),
    "7 by 3, stride 3": (2, lambda: shapes.output_size(7, 3, stride=3)),
    "AlexNet's conv1": (55, lambda: shapes.output_size(227, 11, stride=4)),
    "AlexNet's conv1 on 224": (54.25, lambda: (224 - 11) / 4 + 1),
    "7x7 pooled by 2": (3, lambda: shapes.output_size(7, 2, stride=2)),
    "7x7 pooled by 2, rounded up": (4, lambda: shapes.output_size(7, 2, stride=2, ceil_mode=True)),
    "seven words, three at a time": (5, lambda: nn.Conv1d(4, 1, 3)(torch.zeros(1, 4, 7)).shape[2]),
    # the practical's network
    "sizes": ([32, 16, 16, 8, 8, 4], lambda: [ROWS[n].output_shape[1] for n in FIELDS]),
    "parameters of its layers": (
        [2_432, 51_264, 102_464, 1_025_000, 10_010],
        lambda: [ROWS[n].parameters for n in ("conv1", "conv2", "conv3", "fc4", "fc5")],
    ),
    "all parameters": (1_191_170, lambda: count(models.build("base"))),
    "without biases": (1_190_000, lambda: sum(row.weights for row in ROWS.values())),
    "without the biases of fc4, fc5": (1_190_160, lambda: count(models.build("base")) - 1_000 - 10),
    "share of fc4 (%)": (86, lambda: round(100 * ROWS["fc4"].parameters / 1_191_170)),
    "receptive fields": ([5, 6, 14, 16, 32, 36], lambda: [ROWS[n].receptive_field for n in FIELDS]),
    "loss before training": (2.3026, lambda: cross_entropy(torch.zeros(10), 3)),
    "images in the last test batch": (
        16,
        lambda: [len(b) for b in torch.arange(10_000).split(128)][-1],
    ),
    # depth against width
    "field of three 3x3": (7, lambda: shapes.receptive_field([shapes.Conv(1, 3)] * 3).size),
    "saved by three 3x3 (%)": (45, lambda: round(100 * (1 - 3 * macs(8, 8, 3) / macs(8, 8, 7)))),
    # inception
    "naive module (M)": (854, lambda: millions(*PLAIN)),
    "with bottlenecks (M)": (271, lambda: millions(*THIN)),
    "with bottlenecks and the 3x3 twice (M)": (358, lambda: millions(*THIN, (64, 192, 3))),
    "GoogLeNet's first row": (9_408, lambda: count(nn.Conv2d(3, 64, 7, bias=False))),
    "GoogLeNet's first row (M operations)": (118, lambda: round(macs(3, 64, 7, 112) / 1e6)),
    "GoogLeNet's second row (K = 1024)": (112.0, lambda: (64 * 64 + 64 * 192 * 9) / 1024),
    "GoogLeNet's table (M)": (6.8, lambda: round(sum(GOOGLENET_K) / 1000, 1)),
    # two softmaxes
    "loss of a perfect answer": (1.4612, lambda: cross_entropy(torch.eye(10)[0], 0)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_the_notes(name):
    stated, compute = NUMBERS[name]
    assert compute() == stated


def test_sobel_by_numbers():
    picture = np.array(
        [
            [207, 210, 195, 63, 57, 56, 59],
            [204, 212, 197, 82, 76, 74, 75],
            [202, 198, 202, 72, 65, 67, 63],
            [209, 201, 187, 78, 69, 71, 64],
        ]
    )
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    printed = [[-26, -533, -517, -28], [-29, -505, -513, -25]]
    assert correlate(picture, kernel)[:, :4].tolist() == printed


X = np.where(np.eye(9, dtype=bool) | np.eye(9, dtype=bool)[::-1], 1, -1)
X[[0, -1]] = -1  # the strokes of the X end one pixel before the border
STROKE = 2 * np.eye(3, dtype=int) - 1
CROSSING = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])

# As the slides print them, with decimals cut.
STROKE_MAP = [
    [0.77, -0.11, 0.11, 0.33, 0.55, -0.11, 0.33],
    [-0.11, 1.00, -0.11, 0.33, -0.11, 0.11, -0.11],
    [0.11, -0.11, 1.00, -0.33, 0.11, -0.11, 0.55],
    [0.33, 0.33, -0.33, 0.55, -0.33, 0.33, 0.33],
    [0.55, -0.11, 0.11, -0.33, 1.00, -0.11, 0.11],
    [-0.11, 0.11, -0.11, 0.33, -0.11, 1.00, -0.11],
    [0.33, -0.11, 0.55, 0.33, 0.11, -0.11, 0.77],
]
CROSSING_MAP = [
    [0.33, -0.55, 0.11, -0.11, 0.11, -0.55, 0.33],
    [-0.55, 0.55, -0.55, 0.33, -0.55, 0.55, -0.55],
    [0.11, -0.55, 0.55, -0.77, 0.55, -0.55, 0.11],
    [-0.11, 0.33, -0.77, 1.00, -0.77, 0.33, -0.11],
    [0.11, -0.55, 0.55, -0.77, 0.55, -0.55, 0.11],
    [-0.55, 0.55, -0.55, 0.33, -0.55, 0.55, -0.55],
    [0.33, -0.55, 0.11, -0.11, 0.11, -0.55, 0.33],
]
POOLED = [
    [1.00, 0.33, 0.55, 0.33],
    [0.33, 1.00, 0.33, 0.55],
    [0.55, 0.33, 1.00, 0.11],
    [0.33, 0.55, 0.11, 0.77],
]


def cut(values):
    return (np.trunc(100 * np.asarray(values) + 1e-9 * np.sign(values)) / 100).tolist()


@pytest.mark.parametrize(
    ("fragment", "printed"),
    [
        (STROKE, STROKE_MAP),
        (CROSSING, CROSSING_MAP),
        (STROKE[::-1], STROKE_MAP[::-1]),
    ],
    ids=["stroke", "crossing", "other stroke"],
)
def test_the_maps_of_the_x(fragment, printed):
    assert cut(correlate(X, fragment.copy()) / 9) == printed


def test_the_pooled_map_of_the_x_needs_sizes_rounded_up():
    found = torch.tensor(correlate(X, STROKE) / 9)[None]
    pooled = nn.MaxPool2d(2, ceil_mode=True)(found.relu())[0]
    assert cut(pooled.numpy()) == POOLED
    assert torch.equal(pooled, nn.MaxPool2d(2, ceil_mode=True)(found)[0].relu())


def test_an_x_moved_by_a_pixel_scores_like_the_x_and_the_o_lacks_the_crossing():
    o = np.full((9, 9), -1)
    o[[1, 1, 1, 7, 7, 7], [3, 4, 5, 3, 4, 5]] = 1
    o[[3, 4, 5, 3, 4, 5], [1, 1, 1, 7, 7, 7]] = 1
    o[[2, 2, 6, 6], [2, 6, 2, 6]] = 1
    best = {
        name: [round(correlate(drawing, f).max() / 9, 2) for f in (STROKE, CROSSING)]
        for name, drawing in {"X": X, "moved": np.roll(X, (1, 1), (0, 1)), "O": o}.items()
    }
    assert best == {"X": [1.0, 1.0], "moved": [1.0, 1.0], "O": [1.0, 0.56]}


def test_the_grid_of_the_report_has_128_configurations_and_small_last_batches():
    rates, batch_sizes = [1.0, 0.1, 0.01, 0.001], [64, 128, 256, 512]
    assert len(rates) * len(batch_sizes) * len(np.arange(0.2, 1, 0.1)) == 128
    assert [10_000 % size for size in batch_sizes] == [16, 16, 16, 272]


def test_the_algebra_of_convolution():
    rng = np.random.default_rng(3)
    x, y, u = (rng.integers(-9, 10, n) for n in (9, 4, 3))
    assert np.array_equal(np.convolve(x, y), np.convolve(y, x))
    assert np.array_equal(np.convolve(x, np.convolve(y, u)), np.convolve(np.convolve(x, y), u))
    assert np.array_equal(np.convolve(x, y[:3] + u), np.convolve(x, y[:3]) + np.convolve(x, u))
    assert not np.array_equal(np.correlate(x, y, "full"), np.correlate(y, x, "full"))


@pytest.mark.parametrize(("n", "m"), [(7, 3), (9, 3), (9, 5)])
def test_the_printed_range_of_a_convolution_is_one_too_long(n, m):
    printed = len(range(m // 2, n - m // 2 + 1))
    assert printed == np.convolve(np.ones(n), np.ones(m), "valid").size + 1
