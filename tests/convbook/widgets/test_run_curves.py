from dataclasses import replace

import pytest

from convbook.errors import ShapeError
from convbook.training import fit
from convbook.widgets import RunCurves
from convbook.widgets.run_curves import EXAMPLE, steps_of


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    from convbook.data import standin
    from convbook.training import Config

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVBOOK_CACHE", str(tmp_path_factory.mktemp("cache")))
        data = standin(36, 20, seed=0)
    config = Config(batch_size=36, lr=0.01)
    runs = [replace(config, seed=seed, epochs=1 + seed) for seed in range(2)]
    return [fit(run, data, progress=False).history for run in runs]


def test_steps_are_the_numbers_of_the_runs_in_per_cent(histories):
    (step,) = steps_of({"base": histories})
    assert step["name"] == "base"
    assert step["seeds"] == [0, 1]
    for seed, history in enumerate(histories):
        assert step["test_loss"][seed] == pytest.approx([history.epochs[0].test_loss], abs=1e-4)
        percent = 100 * history.epochs[0].test_accuracy
        assert step["test_accuracy"][seed] == pytest.approx([percent], abs=1e-4)


def test_without_a_choice_the_first_and_the_last_step_are_compared(histories):
    steps = steps_of({"base": histories[:1], "more": histories[1:], "both": histories})
    widget = RunCurves(steps=steps)
    assert (widget.first, widget.second) == ("base", "both")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"first": "three"}, "'three'[\\s\\S]*the steps are one, another"),
        ({"steps": [{"name": "one"}]}, "keys name[\\s\\S]*a step has name, seeds, train_loss"),
        ({"steps": [{**EXAMPLE[0], "seeds": [0, 1]}]}, "2 seeds[\\s\\S]*each column is"),
        ({"steps": [{**EXAMPLE[0], "test_loss": [[1.0]]}]}, "each column is"),
        ({"steps": [{**EXAMPLE[0], "test_loss": [["low"]]}]}, "finite numbers"),
    ],
)
def test_what_is_no_step_is_refused(state, words):
    with pytest.raises(ShapeError, match=words):
        RunCurves(**state)
