"""Pages that show records: in the book once these are there, and true in what they say in words.

Their numbers come from the records. A sentence such as "the training accuracy falls" does not; here
is the fact behind each.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from convbook.training import Result
from experiments.ladder import GROUPS, STEPS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "book" / "results"
PAGES = {
    "ladder": [step.name for step in STEPS],
    "choosing": [each.name for group in ("q16", "q32", "search") for each in GROUPS[group]],
    "minutes": ["minutes", "precision_fast", "precision_plain"],
    "ninety_four": ["ninety_four"],
}


class Records:
    """Means over the seeds, in per cent for accuracies, over the epochs that a page compares."""

    def __init__(self, page):
        names = PAGES[page]
        if not all((RESULTS / f"{name}.json").exists() for name in names):
            pytest.skip(f"the records of {page} are not there yet")
        self.runs = {name: Result.load(RESULTS / f"{name}.json").runs for name in names}
        lengths = [len(r.epochs) for n, runs in self.runs.items() for r in runs if "const" not in n]
        # A sweep has a length of its own, and is compared with nothing else.
        self.epochs = min(lengths) if page == "ladder" else None

    def mean(self, name, column, *, whole=False):
        runs = self.runs[name]
        length = min(len(run.epochs) for run in runs)
        length = length if whole or not self.epochs else min(length, self.epochs)
        unit = 100 if column.endswith("accuracy") else 1
        return unit * np.mean([run.column(column)[:length] for run in runs], axis=0)

    def test(self, name, epoch=-1):
        return self.mean(name, "test_accuracy")[epoch]

    def train(self, name, epoch=-1):
        return self.mean(name, "train_accuracy")[epoch]

    def gap(self, name):
        return self.train(name) - self.test(name)

    def late(self, name, column="test_accuracy"):
        """How far the last ten epochs are above the ten before."""
        values = self.mean(name, column)
        return values[-10:].mean() - values[-20:-10].mean()

    def rough(self, name):
        """How far the test accuracy of a run moves from epoch to epoch."""
        runs = [run.column("test_accuracy") for run in self.runs[name]]
        return 100 * np.abs(np.diff(runs, axis=1)).mean()

    def turn(self, name):
        return self.mean(name, "test_loss").argmin() + 1


def base_is_the_notes_figures(r):
    loss = r.mean("q15", "test_loss", whole=True)
    train, test = (r.mean("q15", f"{part}_accuracy", whole=True)[-1] for part in ("train", "test"))
    return 5 <= loss.argmin() + 1 <= 15 and train > 99 and 68 < test < 75


def collapses(r):
    return r.test("q26_constant") < r.test("q22") - 10 and r.train("q26_constant") < r.train("q22")


def a_needle_from_which_it_comes_back(r):
    run = max(r.runs["q15"], key=lambda run: max(run.batch_loss))
    epoch = np.argmax(run.batch_loss) * len(run.epochs) // len(run.batch_loss)
    accuracies = run.column("train_accuracy")
    before, there, later = (accuracies[epoch + k] for k in (-1, 0, 4))
    return max(run.batch_loss) > 10 and there < before - 0.05 and later > before - 0.01


def seeds_differ_less_at_the_end(r):
    accuracies = np.array([run.column("test_accuracy") for run in r.runs["q15"]])
    return np.ptp(accuracies[:, 14]) > np.ptp(accuracies[:, -1]) + 0.01


def most_of_the_head_start_is_gone(r):
    first, last = (r.test("q19", epoch) - r.test("q15", epoch) for epoch in (0, -1))
    return 0 < last < first / 2


def dropout_goes_on_where_the_others_stop(r):
    return r.late("q22") < 0.3 < r.late("q29") and r.test("q29") > r.test("q22") + 1


def recovers_but_is_not_there_yet(r):
    rising = r.test("q26") > r.test("q26", r.epochs // 2) + 2
    return rising and r.test("q26_constant") + 5 < r.test("q26") < r.test("q22")


def same_in_both(r):
    fast, plain = (
        [run.epochs[-1].test_accuracy for run in r.runs[f"precision_{name}"]]
        for name in ("fast", "plain")
    )
    return abs(np.mean(fast) - np.mean(plain)) < max(np.ptp(fast), np.ptp(plain))


def stays_at_guessing(r):
    return all(
        run.epochs[-1].test_accuracy < 0.15
        for size in (32, 128, 512)
        for run in r.runs[f"q16_lr1_b{size}"]
    )


def small_batches_win(r):
    sizes = {}
    for number in range(8):
        size = r.runs[f"search_{number}"][0].config.batch_size
        sizes.setdefault(size, []).append(r.test(f"search_{number}"))
    lines = [sizes[size] for size in sorted(sizes)]
    return len(lines) == 4 and all(min(a) > max(b) - 2 for a, b in pairwise(lines))


CLAIMS = {
    ("ladder", "All of it is here again."): base_is_the_notes_figures,
    ("ladder", "Look at the first epoch"): lambda r: r.test("q19", 0) > r.test("q15", 0) + 5,
    ("ladder", "four epochs later it is back"): a_needle_from_which_it_comes_back,
    ("ladder", "While a\ntraining still moves fast"): seeds_differ_less_at_the_end,
    ("ladder", "most of\nthe head start is gone"): most_of_the_head_start_is_gone,
    ("ladder", "Faster learning\nincludes learning by heart"): lambda r: r.gap("q19") > 5,
    ("ladder", "the test loss turns after epoch"): lambda r: r.turn("q19") < r.turn("q15"),
    ("ladder", "learned by heart in the end, too"): lambda r: (
        r.late("q22", "train_accuracy") > 1 and r.late("q22") < 0.3
    ),
    ("ladder", "smoother and no better. Both show here"): lambda r: (
        r.rough("q26") < r.rough("q22") and r.test("q26") < r.test("q22")
    ),
    ("ladder", "the two are level"): lambda r: abs(r.test("q29", 14) - r.test("q22", 14)) < 1,
    ("ladder", "Those with it go on"): dropout_goes_on_where_the_others_stop,
    ("ladder", "The training accuracy *falls*"): lambda r: r.train("q22") < r.train("q19"),
    ("ladder", "test\naccuracy is what rises"): lambda r: r.test("q22") > r.test("q19"),
    ("ladder", "The gap shrinks"): lambda r: r.gap("q22") < r.gap("q19"),
    ("ladder", "This is no overfitting"): collapses,
    ("ladder", "Training becomes harder"): lambda r: r.train("q29") < r.train("q22"),
    ("ladder", "Over the first epoch"): lambda r: r.train("q34", 0) > r.train("q29", 0),
    ("ladder", "so that less is learned by heart"): lambda r: r.gap("q29") < r.gap("q22"),
    ("ladder", "the runs get out of it"): recovers_but_is_not_there_yet,
    ("choosing", "with batches of 512 the rate\nof 0.01"): lambda r: (
        r.test("q16_lr0.01_b32") > r.test("q16_lr0.01_b512") + 5
    ),
    ("choosing", "The network stays at guessing"): stays_at_guessing,
    ("choosing", "the smaller the batches, the better"): small_batches_win,
    ("choosing", "The training accuracy falls as more is dropped"): lambda r: (
        r.train("q32_p0") > r.train("q32_p0.5") > r.train("q32_p0.9")
    ),
    ("minutes", "# 85 % in minutes"): lambda r: r.test("minutes") >= 84.5,
    ("minutes", "and seeds of\none kind by more"): same_in_both,
    ("minutes", "of the\nepochs adds"): lambda r: r.test("minutes") > r.test("minutes", 13) + 1,
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_in_the_book_as_soon_as_its_records_are_there(page):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    there = all((RESULTS / f"{name}.json").exists() for name in PAGES[page])
    assert (f"book/practical/{page}" in files) == there


@pytest.mark.parametrize(("page", "words"), CLAIMS)
def test_what_a_page_says_holds_in_the_records(page, words):
    assert words in (ROOT / "book" / "practical" / f"{page}.md").read_text(encoding="utf-8")
    assert CLAIMS[page, words](Records(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_of_records_says_seeds_epochs_and_data(page):
    text = (ROOT / "book" / "practical" / f"{page}.md").read_text(encoding="utf-8")
    captions = [part.split("```")[0] for part in text.split("```{glue:figure}")[1:]]
    about = ("{glue:text}`made", "The rate of the recorded runs", "drawn shapes")
    assert captions
    assert [caption for caption in captions if not any(words in caption for words in about)] == []
