"""The experiments by name: what each trains, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from convbook.data.random import Stream
from convbook.training import STEPS as RECIPES
from convbook.training import Config


@dataclass(frozen=True)
class Experiment:
    """One recorded experiment.

    Attributes:
        name: of its result file.
        title: what is trained, for a reader.
        config: its settings, with the epochs it is planned for; the runner sets the seed.
        share: of the training images that it trains on, the same share of each class.
    """

    name: str
    title: str
    config: Config
    share: float = 1.0


def _step(name: str, title: str, config: Config) -> Experiment:
    """Return a step of the ladder, for as many epochs as the book's record has of it."""
    return Experiment(name, title, replace(config, epochs=40))


# The recipes are those that students train, so that their runs can be compared with these.
STEPS = (
    _step(
        "q15",
        "The practical's network: SGD, lr 0.1, batches of 128, pixels in [0, 1], no augmentation",
        RECIPES["base"],
    ),
    _step("q19", "Question 15 with the sheet's normalisation", RECIPES["normalisation"]),
    _step("q22", "Question 19 with random crops of 28x28 and flips", RECIPES["augmentation"]),
    _step(
        "q26_constant",
        "Question 22 with momentum 0.9 at a constant lr of 0.1",
        replace(RECIPES["schedule"], model="momentum", gamma=None),
    ),
    _step("q26", "Question 22 with momentum 0.9 and lr 0.1 x 0.95 an epoch", RECIPES["schedule"]),
    _step("q29", "Question 22 with dropout, p 0.5, after fc4", RECIPES["dropout"]),
    _step("q34", "Question 22 with batch norm and dropout", RECIPES["batchnorm"]),
)


def _swept(name: str, title: str, config: Config, epochs: int = 15) -> Experiment:
    """Return a run of a sweep: it chooses a setting, so it is measured on validation images."""
    title = f"{title}: on 10,000 images, measured on 2,500 validation images"
    return Experiment(name, title, replace(config, epochs=epochs, validation=0.2), share=0.25)


LR_AND_BATCH_SIZE = tuple(
    _swept(
        f"q16_lr{lr:g}_b{batch_size}",
        f"Question 15 at lr {lr:g} in batches of {batch_size}",
        replace(RECIPES["base"], lr=lr, batch_size=batch_size),
    )
    for lr in (0.01, 0.1, 1.0)
    for batch_size in (32, 128, 512)
)
DROPOUT = tuple(
    _swept(
        f"q32_p{p:g}",
        f"Question 29 with dropout at p {p:g}",
        replace(RECIPES["dropout"], dropout=p),
        epochs=30,  # dropout pays once images are learned by heart
    )
    for p in (0.0, 0.25, 0.5, 0.75, 0.9)
)

SEARCH_SEED = 0


def _drawn(number: int) -> Experiment:
    """Return a random configuration of the space that practical 4 searches."""
    lr, batch_size, dropout = map(float, Stream(SEARCH_SEED, number).uniform(0, 1, (3,)))
    config = replace(
        RECIPES["batchnorm"],
        lr=float(f"{0.003 * 100**lr:.2g}"),  # 0.003 to 0.3, its logarithm drawn evenly
        batch_size=16 * 2 ** int(4 * batch_size),  # 16 to 128
        dropout=round(0.8 * dropout, 2),
    )
    return _swept(
        f"search_{number}",
        f"Question 34 at lr {config.lr:g}, batches of {config.batch_size}, dropout "
        f"{config.dropout:g}, drawn at random",
        config,
    )


SEARCH = tuple(_drawn(number) for number in range(8))

# Rate and dropout were chosen by a run of 10 epochs each on validation images: 80.8 % with 0.1 and
# 0.5, 81.4 with 0.2 and 0.5, 81.9 with 0.1 and 0.25.
MINUTES = Experiment(
    "minutes",
    "The practical's network with batch norm and dropout, crops and flips: one cycle of the "
    "learning rate",
    Config(
        model="batchnorm",
        dropout=0.25,
        epochs=24,
        batch_size=256,
        lr=0.2,
        momentum=0.9,
        nesterov=True,
        schedule="one_cycle",
        weight_decay=5e-4,
        normalise="pixels",
        augment="crop_flip",
    ),
)

NINETY_FOUR = Experiment(
    "ninety_four",
    "A small modern network with a whitened first layer: shifts and flips, label smoothing, one "
    "cycle of the learning rate",
    Config(
        model="sprint",
        epochs=12,
        batch_size=256,
        lr=0.2,
        momentum=0.9,
        nesterov=True,
        schedule="one_cycle",
        weight_decay=5e-4,
        label_smoothing=0.2,
        whiten=True,
        normalise="pixels",
        augment="shift_flip",
    ),
)

# The same run twice, in the number format and layout that a probe chooses and in plain float32.
SHORT = replace(MINUTES.config, epochs=8)
PRECISIONS = tuple(
    Experiment(f"precision_{name}", f"{MINUTES.title}; {words}", replace(SHORT, amp=amp), share=0.2)
    for name, amp, words in (
        ("fast", "auto", "bfloat16, channels last"),
        ("plain", "off", "float32, channels first"),
    )
)

#: What `run` knows by one name.
GROUPS: dict[str, tuple[Experiment, ...]] = {
    "steps": STEPS,
    "q16": LR_AND_BATCH_SIZE,
    "q32": DROPOUT,
    "search": SEARCH,
    "precision": PRECISIONS,
}
EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        *STEPS,
        *LR_AND_BATCH_SIZE,
        *DROPOUT,
        *SEARCH,
        MINUTES,
        NINETY_FOUR,
        *PRECISIONS,
    )
}
