"""A first convolution that is computed instead of learned: it whitens patches of the images.

The pixels of a patch are nearly equal, so that as they are they say the same thing many times. The
eigenvectors of their second moments are the directions in which patches vary independently: first
the brightness, then edges and colours. A filter along each, divided by the spread in its direction,
gives outputs that are uncorrelated and equally large. Beside each filter stands its negative, so
that the ReLU behind them loses nothing.

After Coates and Ng, "Learning feature representations with k-means" (2012), as a fixed layer of a
network by Page, "How to train your ResNet 8" (2019).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convbook.data.batches import Normalisation, affine
from convbook.errors import TrainingError

IMAGES = 1000  # a million patches of 2x2, for a few dozen numbers
# Added to the second moments: what is weaker than this is left weak. On JPEG photographs these are
# the finest colours, which hold what the compression left of them.
FLOOR = 5e-3


def whiten(model: nn.Module, images: Tensor, normalise: Normalisation | None) -> None:
    """Give the first convolution of `model` its filters, and take it out of the training.

    Args:
        model: its first convolution, c channels and a kernel of h x w, has 2·c·h·w filters, no
            bias.
        images: (N, c, H, W) uint8, the training images; the first 1000 are used.
        normalise: (mean, std) a channel, as given to training.

    Raises:
        TrainingError: the first convolution is another, or there is none.
    """
    conv = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if conv is None or conv.bias is not None or len(conv.weight) != 2 * conv.weight[0].numel():
        raise TrainingError(
            "Whitening the first convolution.",
            got=str(conv or "a network without a convolution"),
            rule="it has two filters for each number of a patch, and no bias",
            next_step='leave whiten=False, or build a network such as "sprint"',
        )
    scale, shift = affine(normalise, images.device)
    pixels = images[:IMAGES].float() * scale - shift
    filters = whitening_filters(pixels, conv.weight.shape[2:])
    with torch.no_grad():
        conv.weight.copy_(torch.cat([filters, -filters]))
    conv.weight.requires_grad_(False)


def whitening_filters(pixels: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return a filter for each direction of the patches, the strongest first.

    Args:
        pixels: (N, C, H, W).
        size: (h, w) of a patch.

    Returns:
        (C·h·w, C, h, w): on these images their outputs are uncorrelated, and the mean square of
        each is λ / (λ + FLOOR), where λ is that along its direction of length 1.
    """
    patches = F.unfold(pixels, size).transpose(1, 2).flatten(0, 1).double()  # (patches, C·h·w)
    strengths, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters: Tensor = directions.T / (strengths + FLOOR).sqrt()[:, None]
    return filters.flip(0).view(-1, pixels.shape[1], *size).to(pixels)
