import nbformat
import pytest
from nbclient import NotebookClient

from convbook.training import LivePlot, fit

NOTEBOOK = """
import torch
from convbook.data import standin
from convbook.training import Config, LivePlot, fit
run = fit(Config(epochs=2, batch_size=32), standin(64, 20), on_epoch=LivePlot())
"""


def test_the_bar_tells_what_runs_and_each_epoch(data, config, small, capsys):
    fit(config, data, model=small(), progress=True)
    written = "".join(capsys.readouterr())
    assert "base on stand-in of drawn shapes (NOT CIFAR-10); cpu, " in written
    for epoch in (1, 2, 3):
        assert f"epoch {epoch}: train " in written
    assert "15/15" in written


def test_the_bar_of_a_resumed_run_starts_where_it_stood(
    train, data, config, small, tmp_path, capsys
):
    train(tmp_path, epochs=2)
    fit(config, data, model=small(), run_dir=tmp_path)
    written = "".join(capsys.readouterr())
    assert "10/15" in written
    assert "epoch 3: " in written
    assert "epoch 2: " not in written


def test_nothing_is_written_without_progress(train, capsys):
    train(epochs=1)
    assert capsys.readouterr() == ("", "")


def test_outside_a_notebook_the_live_plot_draws_nothing(finished, capsys):
    LivePlot()(finished.history)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_in_a_notebook_one_plot_is_drawn_again_after_each_epoch(draw):  # noqa: ARG001
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    kinds = []

    class Client(NotebookClient):
        def process_message(self, msg, *rest):
            if msg["content"].get("transient", {}).get("display_id"):
                kinds.append((msg["msg_type"], "image/png" in msg["content"]["data"]))
            return super().process_message(msg, *rest)

    Client(notebook, timeout=200, kernel_name="python3").execute()
    drawn = [kind for kind, picture in kinds if picture]
    assert drawn == ["display_data", "update_display_data"]
    pictures = [o for o in notebook.cells[0].outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
