"""What a reader sees while a run goes on: a bar, and curves that grow in a notebook."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from tqdm.auto import tqdm

from convbook.texts import text
from convbook.training.history import Epoch, History


class Progress:
    """A progress bar over the batches of a run, as a context; silent when not `shown`."""

    def __init__(self, history: History, *, shown: bool) -> None:
        config, per_epoch = history.config, history.batches_per_epoch
        self.epochs = config.epochs
        self.bar = tqdm(
            total=config.epochs * per_epoch,
            initial=len(history.epochs) * per_epoch,
            disable=not shown,
            unit="batch",
            dynamic_ncols=True,
        )
        if shown:
            self.bar.write(
                text(
                    "plots.run",
                    model=config.model,
                    source=history.data["source"],
                    device=history.device,
                    precision=history.precision,
                )
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()

    def batch(self, epoch: int, loss: float) -> None:
        """Count a batch of `epoch`, counted from 1, with mean loss `loss`."""
        self.bar.set_description(text("plots.epoch_of", epoch=epoch, epochs=self.epochs), False)
        self.bar.set_postfix_str(text("plots.batch_loss", loss=loss), False)
        self.bar.update()

    def epoch(self, epoch: Epoch) -> None:
        """Leave a line about a finished epoch."""
        if not self.bar.disable:
            self.bar.write(text("plots.epoch_done", **vars(epoch)))


class LivePlot:
    """Curves that are drawn again after each epoch: `fit(config, data, on_epoch=LivePlot())`.

    Outside a notebook nothing is drawn: the progress bar's lines tell the same.
    """

    def __init__(self) -> None:
        self.handle: Any = None

    def __call__(self, history: History) -> None:
        """Draw the history so far in place of the last drawing."""
        from IPython import get_ipython

        if not getattr(get_ipython(), "kernel", None):
            return
        from IPython.display import display

        from convbook.plots import curves  # which imports this package for its histories

        figure = curves(history)
        if self.handle is None:
            self.handle = display(figure, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self.handle.update(figure)
