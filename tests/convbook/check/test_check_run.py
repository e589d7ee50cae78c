"""`check_run`: what can be said of a run before it is handed in."""

import json
from pathlib import Path

import pytest

from convbook.check import check_run
from convbook.data.standin import draw_standin
from convbook.errors import CheckError, CheckFailed
from convbook.training import BUDGETS, fit, step
from convbook.training.budgets import Budget


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, "stand-in", Budget(epochs=1, batch_size=32))
        patch.chdir(folder)
        fit(step("base", "stand-in"), draw_standin(64, 20, 0), run="base", progress=False)
        yield folder


@pytest.fixture
def record(trained):
    """The path of the record, which is as it was after the test."""
    path = Path(trained) / "runs" / "base" / "record.json"
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def test_a_run_that_is_whole(trained, capsys):  # noqa: ARG001
    check_run("base")
    assert "✓ the run base can be handed in: budget stand-in" in capsys.readouterr().out


def test_a_run_that_is_not_there(trained):  # noqa: ARG001
    with pytest.raises(CheckFailed, match=r"record\.json"):
        check_run("dropout")


def test_a_run_that_is_too_short(record, monkeypatch):
    monkeypatch.setitem(BUDGETS, "stand-in", Budget(epochs=2, batch_size=32))
    record.write_text(record.read_text().replace('"budget": "stand-in"', '"budget": "own"'))
    with pytest.raises(CheckFailed, match="1 epochs: fewer than the smallest budget"):
        check_run("base")


def test_a_run_of_another_recipe(record):
    values = json.loads(record.read_text())
    values["history"]["config"]["lr"] = 0.5
    record.write_text(json.dumps(values))
    with pytest.raises(CheckFailed, match=r"lr = 0\.5, where this step has 0\.1"):
        check_run("base")


def test_what_is_read_off_a_run(record, capsys):
    batches = json.loads(record.read_text())["history"]["batches"]
    first = batches["loss"][0], batches["accuracy"][0]
    check_run("base", my_start=lambda: first)
    assert "✓ my_start: as the record of the run base has it" in capsys.readouterr().out
    for wrong in (lambda: (2.5, 0.1), lambda: 1 / 0, lambda: None):
        with pytest.raises(CheckFailed, match=rf"There it is \[{first[0]:.6g}, "):
            check_run("base", my_start=wrong)
    with pytest.raises(CheckError, match="my_start, my_curves"):
        check_run("base", my_strat=lambda: first)
