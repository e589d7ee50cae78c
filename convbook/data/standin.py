"""A stand-in for CIFAR-10 when there is none: ten kinds of shapes, drawn by code.

It has CIFAR-10's sizes and types and none of its pictures. Each image is one shape at a random
place, size and angle, in random colours, over a background that fades between two colours, with
clutter in front of it and noise on every pixel. A linear model finds little to hold on to; a
small convolutional network learns it in a few passes.

Only operations that IEEE 754 defines exactly are used (no sine, no sum in an order that depends
on the machine): the same seed gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from convbook.data.images import Dataset, Images
from convbook.data.random import Stream

SIZE = 32  # pixels
CHUNK = 500  # images drawn at once: 2 MB a plane, small enough to stay in a processor's cache
SOURCE = "stand-in of drawn shapes (NOT CIFAR-10)"

Plane = npt.NDArray[np.floating[Any]]  # float32 throughout
Distance = Callable[[Plane, Plane], Any]


def _ball(u: Plane, v: Plane, radius: float) -> Any:
    """Return the signed distance to a disc about the origin."""
    return np.sqrt(u * u + v * v) - radius


def _box(u: Plane, v: Plane, half: float) -> Any:
    """Return the signed distance to a square about the origin, measured along the axes."""
    return np.maximum(np.abs(u), np.abs(v)) - half


# Each class is a signed distance, negative inside and positive outside, of points (u, v) in the
# shape's own frame, where it is about as large as the unit disc. The union of two shapes is the
# minimum of their distances, what they share is the maximum.
SHAPES: dict[str, Distance] = {
    "disc": lambda u, v: _ball(u, v, 0.9),
    "ring": lambda u, v: np.abs(_ball(u, v, 0.72)) - 0.25,
    "square": lambda u, v: _box(u, v, 0.8),
    "frame": lambda u, v: np.abs(_box(u, v, 0.65)) - 0.2,
    # three half-planes, 120 degrees apart
    "triangle": lambda u, v: np.maximum(-v, 0.866 * np.abs(u) + 0.5 * v) - 0.55,
    "cross": lambda u, v: np.maximum(
        np.minimum(np.abs(u), np.abs(v)) - 0.27, np.maximum(np.abs(u), np.abs(v)) - 1
    ),
    # three upright bars
    "bars": lambda u, v: np.maximum(
        np.minimum(np.abs(u), np.abs(np.abs(u) - 0.72)) - 0.19, np.abs(v) - 0.9
    ),
    # a disc without a smaller disc on its right
    "crescent": lambda u, v: np.maximum(_ball(u, v, 1), -_ball(u - 0.55, v, 0.75)),
    # four discs, at the corners of a square
    "dots": lambda u, v: _ball(np.abs(u) - 0.58, np.abs(v) - 0.58, 0.36),
    # the band between two wedges
    "arrow": lambda u, v: np.maximum(np.abs(v + np.abs(u) - 0.35) - 0.35, np.abs(u) - 0.85),
}

# Each class's favourite colour, as (10, 3, 1, 1) differences from grey: a weak hint, as the sky
# behind an aeroplane is, without which the first passes would teach nothing.
LEANING = Stream(0).uniform(-48, 48, (len(SHAPES), 3, 1, 1))


def draw_standin(n_train: int, n_test: int, seed: int) -> Dataset:
    """Draw the stand-in: every slice of it mixes the ten classes, each class as often as another.

    Returns:
        Images of shape (n, 3, 32, 32), uint8, for the given numbers of images.
    """
    return Dataset(_part("train", n_train, seed, 0), _part("test", n_test, seed, 1))


def _part(role: str, n: int, seed: int, number: int) -> Images:
    stream = Stream(seed, number)
    labels = stream.permutation(n) % len(SHAPES)
    chunks = [_draw(labels[i : i + CHUNK], stream) for i in range(0, n, CHUNK)]
    pixels = np.concatenate(chunks) if chunks else np.empty((0, 3, SIZE, SIZE), np.uint8)
    return Images(
        torch.from_numpy(pixels), torch.from_numpy(labels), tuple(SHAPES), SOURCE, role=role
    )


def _draw(labels: npt.NDArray[np.int64], stream: Stream) -> npt.NDArray[np.uint8]:
    """Draw one image a label: (n, 3, 32, 32)."""
    n = len(labels)
    picture = _background(n, stream)
    u, v, radius = _frames(n, stream, radii=(7, 13), reach=7)
    picture = _paint(picture, _colour(labels, stream), _coverage(labels, u, v, radius))
    for _ in range(4):
        picture = _clutter(picture, stream)
    picture += stream.uniform(-40, 40, picture.shape)
    pixels: npt.NDArray[np.uint8] = np.clip(picture, 0, 255).astype(np.uint8)
    return pixels


def _background(n: int, stream: Stream) -> Plane:
    """Fade from one colour to another across each image, in a random direction: (n, 3, 32, 32)."""
    one, other = stream.uniform(10, 170, (2, n, 3, 1, 1))
    x, y = _grid()
    direction = stream.uniform(-1, 1, (2, n, 1, 1))
    fade: Plane = np.clip((direction[0] * x + direction[1] * y) / SIZE + 0.5, 0, 1)  # (n, 32, 32)
    blend: Plane = one + (other - one) * fade[:, None]
    return blend


def _frames(
    n: int, stream: Stream, radii: tuple[float, float], reach: float
) -> tuple[Plane, Plane, Plane]:
    """Return each pixel's coordinates (u, v), (n, 32, 32), in turned, shifted and scaled frames.

    The frames are `radii` pixels large, up to `reach` pixels off the middle, and turned by up
    to 33 degrees each way.
    """
    x, y = _grid()
    dx, dy = stream.uniform(-reach, reach, (2, n, 1, 1))
    radius = stream.uniform(*radii, (n, 1, 1))
    t = stream.uniform(-0.3, 0.3, (n, 1, 1))  # tan of half the angle
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    u = (cos * (x - dx) + sin * (y - dy)) / radius
    v = (cos * (y - dy) - sin * (x - dx)) / radius
    return u, v, radius


def _grid() -> tuple[Plane, Plane]:
    """Return x (1, 1, 32) and y (1, 32, 1) of the pixels' middles, from the image's middle."""
    steps = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    return steps[None, None, :], steps[None, :, None]


def _coverage(labels: npt.NDArray[np.int64], u: Plane, v: Plane, radius: Plane) -> Plane:
    """Return how much of each pixel its image's shape covers, from 0 to 1: (n, 32, 32)."""
    distance = np.empty_like(u)
    for label, shape in enumerate(SHAPES.values()):
        where = labels == label
        distance[where] = shape(u[where], v[where])
    return np.clip(0.5 - distance * radius, 0, 1)


def _colour(labels: npt.NDArray[np.int64], stream: Stream) -> Plane:
    """Return a bright colour an image, (n, 3, 1, 1), that leans towards its class's favourite."""
    return stream.uniform(110, 250, (len(labels), 3, 1, 1)) + LEANING[labels]


def _clutter(picture: Plane, stream: Stream) -> Plane:
    """Put a small blot, round or square, in any colour, at a random place of each image."""
    n = len(picture)
    u, v, radius = _frames(n, stream, radii=(1.5, 4), reach=14)
    kinds = 2 * stream.integers(2, (n,))  # 0 is the disc, 2 the square
    return _paint(picture, stream.uniform(0, 255, (n, 3, 1, 1)), _coverage(kinds, u, v, radius))


def _paint(picture: Plane, colour: Plane, coverage: Plane) -> Plane:
    """Lay `colour` over the picture, (n, 3, 32, 32), where and as far as `coverage` says."""
    return picture + (colour - picture) * coverage[:, None]
