"""A run with a name: trained once, loaded from then on; what is handed in, and what goes wrong."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from convbook.data.standin import SOURCE
from convbook.errors import TrainingError
from convbook.models import build
from convbook.training import BUDGETS, STEPS, Config, Record, budget_of, evaluate, fit, step, sweep
from convbook.training import files as files_module
from convbook.training.record import DIGITS

FILES = ["record.json", "weights.safetensors"]


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """The folder of a notebook, in which it runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def named(beside, config, data, small):  # noqa: ARG001  (it runs there)
    """Train or load the run "mine" of a small network, with some settings changed."""

    def named(*, data=data, model=None, on_epoch=None, run="mine", **settings):
        settings = {"model": "a small one", **settings}
        network = small() if model is None else model
        return fit(
            replace(config, **settings),
            data,
            run=run,
            model=network,
            on_epoch=on_epoch,
            progress=False,
        )

    return named


def test_a_run_is_trained_once_and_loaded_from_then_on(beside, named, data, capsys):
    trained = named()
    assert sorted(path.name for path in (beside / "runs" / "mine").iterdir()) == FILES
    epochs = []
    loaded = named(on_epoch=epochs.append)
    assert epochs == []
    assert "Loaded the run in runs/mine: 3 epochs" in capsys.readouterr().out
    assert loaded.history == trained.history
    record, _ = Record.load(beside / "runs" / "mine")
    for run in (trained, loaded):  # what is handed in is what one has
        assert round(evaluate(run.model, data.test).accuracy, DIGITS) == record.accuracy


def test_weights_take_two_bytes_and_the_record_says_what_that_costs(beside, named):
    named()
    stored = load_file(beside / "runs" / "mine" / "weights.safetensors")
    counts = [name for name in stored if name.endswith("num_batches_tracked")]
    assert {str(stored[name].dtype) for name in counts} == {"torch.int64"}
    assert {str(t.dtype) for n, t in stored.items() if n not in counts} == {"torch.float16"}
    record, _ = Record.load(beside / "runs" / "mine")
    assert record.accuracy == pytest.approx(record.history.epochs[-1].test_accuracy, abs=0.05)


def test_a_value_that_two_bytes_cannot_hold_keeps_four(beside, named, small):
    model = small()
    with torch.no_grad():
        model[0].bias.fill_(1e6)
    run = named(model=model, epochs=1, lr=1e-9)
    assert run.model[0].bias[0].item() == pytest.approx(1e6)
    assert Record.load(beside / "runs" / "mine")[1]["0.bias"][0].item() == pytest.approx(1e6)


def test_the_seed_is_drawn_unless_it_is_given(named):
    drawn = [named(run=name).history.config.seed for name in ("one", "two")]
    assert 0 not in drawn
    assert drawn[0] != drawn[1]
    assert named(run="three", seed=7).history.config.seed == 7


def stop_after(epochs):
    def stop(history):
        if len(history.epochs) == epochs:
            raise KeyboardInterrupt

    return stop


def test_a_run_that_was_stopped_goes_on(named, train):
    with pytest.raises(KeyboardInterrupt):
        named(on_epoch=stop_after(2))
    seen = []
    run = named(on_epoch=lambda history: seen.append(len(history.epochs)))
    assert seen == [3]
    whole = train(seed=run.history.config.seed)
    told = [round(epoch.test_loss, DIGITS) for epoch in whole.history.epochs]
    assert run.history.column("test_loss") == told


def test_a_full_disk_at_the_end_loses_nothing(named, monkeypatch):
    write = files_module.write_atomically

    def full(path, content):
        if path.name == "weights.safetensors":
            raise TrainingError("Writing.", got="No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr("convbook.training.record.write_atomically", full)
        with pytest.raises(TrainingError, match="No space"):
            named()
    epochs = []
    assert len(named(on_epoch=epochs.append).history.epochs) == 3
    assert epochs == []  # nothing was trained again


def test_a_folder_that_cannot_be_written_is_told_before_training(beside, named):
    (beside / "runs").write_text("a file where a folder is due")
    with pytest.raises(TrainingError, match="can be written"):
        named(on_epoch=pytest.fail)


def test_a_loss_that_is_no_number_leaves_what_was_before(beside, named):
    with pytest.raises(TrainingError, match=r"epoch \d, batch \d|test images"):
        named(lr=1e30, seed=1)
    assert not (beside / "runs" / "mine" / "record.json").exists()


@pytest.mark.parametrize("run", ["", "../up", "a/b", "Größe", "x" * 41, ".hidden"])
def test_a_bad_name_is_refused(named, run):
    with pytest.raises(TrainingError, match="a name has small letters"):
        named(run=run)


def test_a_name_and_a_folder_are_one_too_many(beside, config, data, small):
    with pytest.raises(TrainingError, match="no run_dir"):
        fit(config, data, run="mine", run_dir=beside, model=small(), progress=False)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"lr": 0.01}, "lr 0.05 there, 0.01 here"), ({"epochs": 4}, "epochs 3 there, 4 here")],
)
def test_another_configuration_under_the_same_name(named, change, told):
    named()
    with pytest.raises(TrainingError, match=told):
        named(**change)


def test_other_images_under_the_same_name(named, draw):
    named()
    with pytest.raises(TrainingError, match="fingerprint"):
        named(data=draw(72, 30, seed=1))


def test_a_notebook_that_is_graded_trains_nothing(named, draw, monkeypatch):
    run = named()
    monkeypatch.setenv("CONVBOOK_GRADING", "1")
    assert named(data=draw(72, 30, seed=1)).history == run.history  # its images are not there
    with pytest.raises(TrainingError, match="trains nothing"):
        named(run="another", on_epoch=pytest.fail)
    with pytest.raises(TrainingError, match=r"without a name[\s\S]*trains nothing"):
        named(run=None, on_epoch=pytest.fail)


def edited(change):
    def edit_record(folder):
        values = json.loads((folder / "record.json").read_text())
        change(values)
        (folder / "record.json").write_text(json.dumps(values))

    return edit_record


def pickled(folder):
    torch.save({"0.bias": torch.zeros(4)}, folder / "weights.safetensors")


def other_weights(folder):
    save_file({"0.bias": torch.zeros(4)}, folder / "weights.safetensors")


DAMAGES = {
    "another schema": (edited(lambda r: r.update(schema_version=2)), "schema_version is 1"),
    "an older history": (edited(lambda r: r["history"].update(schema_version=0)), "schema_version"),
    "a key is missing": (edited(lambda r: r.pop("weights")), "missing weights"),
    "another budget": (edited(lambda r: r.update(budget="full")), "of the budget 'own'"),
    "no JSON": (lambda folder: (folder / "record.json").write_text("{"), "JSON"),
    "a pickle": (pickled, "safetensors"),
    "weights of another run": (other_weights, "of the same run"),
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), "No such file"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_not_loaded_and_not_overwritten(beside, named, name):
    named()
    damage, told = DAMAGES[name]
    folder = beside / "runs" / "mine"
    damage(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(TrainingError, match=told):
        named(on_epoch=pytest.fail)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def own(*, last_relu=True):
    """The practical's network as a student writes it, with names of their own."""
    layers, before = [], 3
    for filters in (32, 64, 64):
        layers += [torch.nn.Conv2d(before, filters, 5, padding=2), torch.nn.ReLU()]
        layers += [torch.nn.MaxPool2d(2)]
        before = filters
    if not last_relu:
        layers[7] = torch.nn.Identity()
    head = [torch.nn.Flatten(), torch.nn.Linear(1024, 1000), torch.nn.ReLU()]
    head += [torch.nn.Linear(1000, 10)]
    return torch.nn.Sequential(*layers, *head)


def practical(config, data, model):
    return fit(
        replace(config, model="base", epochs=1), data, run="base", model=model, progress=False
    )


def test_own_weights_fit_the_practicals_network(beside, config, data):
    practical(config, data, own())
    _, weights = Record.load(beside / "runs" / "base")
    assert weights.keys() == build("base").state_dict().keys()
    again = practical(config, data, own())  # and back into a network of one's own
    assert torch.equal(again.model[0].weight, weights["conv1.weight"])
    assert torch.equal(again.model[6].weight, weights["conv3.weight"])


def test_lenet_of_ones_own_sees_grey_images_of_28_by_28(beside, data):
    lenet = torch.nn.Sequential(
        *(torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.Tanh(), torch.nn.AvgPool2d(2)),
        *(torch.nn.Conv2d(6, 16, 5), torch.nn.Tanh(), torch.nn.AvgPool2d(2)),
        *(torch.nn.Conv2d(16, 120, 5), torch.nn.Tanh(), torch.nn.Flatten()),
        *(torch.nn.Linear(120, 84), torch.nn.Tanh(), torch.nn.Linear(84, 10)),
    )
    config = replace(step("lenet5", "stand-in"), epochs=1, batch_size=8, seed=1)
    fit(config, data, run="lenet5", model=lenet, progress=False)
    _, weights = Record.load(beside / "runs" / "lenet5")
    assert weights.keys() == build("lenet5").state_dict().keys()


def test_a_run_that_holds_images_out_is_measured_on_them_and_loaded(beside, config, data):
    config = replace(config, epochs=1, validation=0.5)
    fit(config, data, run="held", progress=False)
    record, _ = Record.load(beside / "runs" / "held")
    assert record.accuracy == pytest.approx(record.history.epochs[-1].test_accuracy, abs=0.06)
    assert record.history.data["n_test"] == 40  # half of each class, rounded
    assert fit(config, data, run="held", progress=False).history == record.history


LINEAR = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))


@pytest.mark.parametrize(
    ("model", "told"),
    [(LINEAR, "weights of other shapes"), (own(last_relu=False), "other scores")],
)
def test_another_network_is_refused_before_it_is_trained(beside, config, data, model, told):
    with pytest.raises(TrainingError, match=told):
        practical(config, data, model)
    assert not (beside / "runs" / "base" / "history.json").exists()


def test_the_steps_and_budgets_are_data():
    assert step("base", "laptop") == Config(model="base", epochs=4)
    assert step("schedule", "full").gamma == 0.95
    assert sweep("lr", "stand-in")["lr-3"] == replace(step("lenet5", "stand-in"), lr=0.5)
    assert [config.dropout for config in sweep("p", "full").values()] == [0, 0.3, 0.6, 0.9]
    with pytest.raises(TrainingError, match="it is one of lr, p"):
        sweep("q", "full")
    assert {name: step(name, "full").model for name in STEPS} == {name: name for name in STEPS}
    cases = [(40, "CIFAR-10", "full"), (39, "CIFAR-10", "laptop"), (3, "CIFAR-10", "own")]
    assert [budget_of(epochs, source) for epochs, source, _ in cases] == [c[2] for c in cases]
    drawn = "stand-in of drawn shapes (NOT CIFAR-10)"
    assert budget_of(BUDGETS["stand-in"].epochs, drawn) == "stand-in"
    for wrong in [("bas", "full"), ("base", "fast")]:
        with pytest.raises(TrainingError, match="it is one of"):
            step(*wrong)


@pytest.mark.parametrize(
    ("source", "budget", "words"),
    [
        ("CIFAR-10 (of a test)", "stand-in", 'set BUDGET = "laptop"'),
        (SOURCE, "laptop", 'set BUDGET = "stand-in"'),
        (SOURCE, "full", "the place of CIFAR-10"),
    ],
)
def test_a_run_on_images_of_another_budget_is_not_trained(beside, data, source, budget, words):
    images = replace(data, train=replace(data.train, source=source))
    with pytest.raises(TrainingError, match=rf"images of another kind[\s\S]*{words}"):
        fit(step("base", budget), images, run="base", progress=False)
    assert not (beside / "runs").exists()
