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

import numpy as np
import numpy.typing as npt
import torch

from convbook.data.images import Dataset, Images
from convbook.data.random import Stream

SIZE = 32  # pixels
CHUNK = 500  # images drawn at once: 2 MB a plane, small enough to stay in a processor's cache
SOURCE = "stand-in of drawn shapes (NOT CIFAR-10)"

Plane = npt.NDArray[np.float32]

# Signed distances, in units of the shape's radius: negative inside, positive outside. They take
# coordinates (u, v) of the shape's own frame, where it is about as large as the unit disc.


def _disc(u: Plane, v: Plane) -> Plane:
    return np.sqrt(u * u + v * v) - 0.9


def _ring(u: Plane, v: Plane) -> Plane:
    return np.abs(np.sqrt(u * u + v * v) - 0.72) - 0.25


def _square(u: Plane, v: Plane) -> Plane:
    return np.maximum(np.abs(u), np.abs(v)) - 0.8


def _frame(u: Plane, v: Plane) -> Plane:
    return np.abs(np.maximum(np.abs(u), np.abs(v)) - 0.65) - 0.2


def _triangle(u: Plane, v: Plane) -> Plane:
    # Three half-planes; 0.5 and 0.866 are the cosine and the sine of 60 degrees.
    return np.maximum(-v, np.maximum(0.866 * u + 0.5 * v, -0.866 * u + 0.5 * v)) - 0.55


def _cross(u: Plane, v: Plane) -> Plane:
    a, b = np.abs(u), np.abs(v)
    return np.maximum(np.minimum(a, b) - 0.27, np.maximum(a, b) - 1)


def _bars(u: Plane, v: Plane) -> Plane:
    # Three parallel bars, 0.72 apart.
    return np.maximum(np.minimum(np.abs(u), np.abs(np.abs(u) - 0.72)) - 0.19, np.abs(v) - 0.9)


def _crescent(u: Plane, v: Plane) -> Plane:
    bite = np.sqrt((u - 0.55) * (u - 0.55) + v * v) - 0.75
    return np.maximum(np.sqrt(u * u + v * v) - 1, -bite)


def _dots(u: Plane, v: Plane) -> Plane:
    # Four discs at the corners of a square.
    a, b = np.abs(u) - 0.58, np.abs(v) - 0.58
    return np.sqrt(a * a + b * b) - 0.36


def _arrow(u: Plane, v: Plane) -> Plane:
    # A chevron: the band between two copies of the wedge v = |u|.
    return np.maximum(np.abs(v + np.abs(u) - 0.35) - 0.35, np.abs(u) - 0.85)


SHAPES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "frame": _frame,
    "triangle": _triangle,
    "cross": _cross,
    "bars": _bars,
    "crescent": _crescent,
    "dots": _dots,
    "arrow": _arrow,
}


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
    u, v, radius = _frames(n, stream, (8, 13), 9)
    coverage = _coverage(labels, u, v, radius)
    picture += (_far_colour(picture, stream) - picture) * coverage[:, None]
    for _ in range(2):
        picture = _clutter(picture, stream)
    picture += stream.uniform(-24, 24, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _background(n: int, stream: Stream) -> Plane:
    """Fade from one colour to another across each image, in a random direction: (n, 3, 32, 32)."""
    one, other = stream.uniform(30, 226, (2, n, 3, 1, 1))
    x, y = _grid()
    direction = stream.uniform(-1, 1, (2, n, 1, 1))
    fade = (direction[0] * x + direction[1] * y) / np.float32(SIZE) + np.float32(0.5)
    return one + (other - one) * np.clip(fade, 0, 1)[:, None]


def _frames(
    n: int, stream: Stream, radii: tuple[float, float], reach: float
) -> tuple[Plane, Plane, Plane]:
    """Return each pixel's coordinates (u, v), (n, 32, 32), in turned, shifted and scaled frames.

    The frames are `radii` pixels large, up to `reach` pixels off the middle, and turned by up to
    a little more than a quarter turn each way.
    """
    x, y = _grid()
    dx, dy = stream.uniform(-reach, reach, (2, n, 1, 1))
    radius = stream.uniform(*radii, (n, 1, 1))
    t = stream.uniform(-0.45, 0.45, (n, 1, 1))  # tan of half the angle
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    u = (cos * (x - dx) + sin * (y - dy)) / radius
    v = (cos * (y - dy) - sin * (x - dx)) / radius
    return u, v, radius


def _grid() -> tuple[Plane, Plane]:
    """Return x (1, 1, 32) and y (1, 32, 1) of the pixels' middles, from the image's middle."""
    steps = np.arange(SIZE, dtype=np.float32) - np.float32((SIZE - 1) / 2)
    return steps[None, None, :], steps[None, :, None]


def _coverage(labels: npt.NDArray[np.int64], u: Plane, v: Plane, radius: Plane) -> Plane:
    """Return how much of each pixel its image's shape covers, from 0 to 1: (n, 32, 32)."""
    distance = np.empty_like(u)
    for label, shape in enumerate(SHAPES.values()):
        where = labels == label
        distance[where] = shape(u[where], v[where])
    return np.clip(np.float32(0.5) - distance * radius, 0, 1)


def _far_colour(picture: Plane, stream: Stream) -> Plane:
    """Return a colour an image, (n, 3, 1, 1), that stands out from the middle of its background."""
    middle = picture[:, :, SIZE // 2, SIZE // 2, None, None]
    step = stream.uniform(60, 120, middle.shape)
    step *= np.where(stream.uniform(0, 1, middle.shape) < 0.3, -1, 1).astype(np.float32)
    return np.where(middle < 128, middle + step, middle - step)


def _clutter(picture: Plane, stream: Stream) -> Plane:
    """Put a small blot, round or square, in a random colour, on each image."""
    n = len(picture)
    u, v, radius = _frames(n, stream, (1.5, 3), 14)
    blots = _coverage(stream.integers(2, (n,)) * 2, u, v, radius)  # discs and squares
    colour = stream.uniform(0, 255, (n, 3, 1, 1))
    return picture + (colour - picture) * blots[:, None]
