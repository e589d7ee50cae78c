import json
import pickle
import resource

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from convbook.errors import TrainingError
from convbook.training import Checkpoint, Config, load_into, load_weights
from convbook.training.files import write_atomically


@pytest.fixture
def stepped(small):
    """A model and its optimiser after one update."""

    def make(seed=0):
        model = small(seed)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        model(torch.rand(4, 3, 32, 32)).square().mean().backward()
        optimiser.step()
        return model, optimiser

    return make


@pytest.fixture
def path(stepped, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    Checkpoint.of(*stepped(), epoch=2, config=Config(lr=0.3), fingerprint="abc").save(path)
    return path


def test_weights_statistics_and_momentum_survive_a_round_trip(stepped, tmp_path):
    model, optimiser = stepped(seed=0)
    path = tmp_path / "checkpoint.safetensors"
    Checkpoint.of(model, optimiser, 2, Config(lr=0.3), "abc").save(path)
    loaded = Checkpoint.load(path)
    assert (loaded.epoch, loaded.config, loaded.fingerprint) == (2, Config(lr=0.3), "abc")

    other, other_optimiser = stepped(seed=1)
    loaded.restore(other, other_optimiser)
    assert all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        moments = optimiser.state[ours], other_optimiser.state[theirs]
        assert torch.equal(*(moment["momentum_buffer"] for moment in moments))


def test_the_file_is_plain_safetensors_with_a_readable_state(path):
    with safe_open(path, framework="numpy") as file:
        assert "0.weight" in file.keys()  # noqa: SIM118
        assert "optimiser/0/momentum_buffer" in file.keys()  # noqa: SIM118
        assert json.loads(file.metadata()["state"])["epoch"] == 2


def test_weights_alone_leave_the_optimiser_out(path, small):
    weights = load_weights(path)
    assert set(weights) == set(small().state_dict())
    load_into(small(seed=5), weights)


def test_a_file_of_the_safetensors_library_gives_its_weights(tmp_path, small):
    save_file(small().state_dict(), tmp_path / "mine.safetensors")
    assert set(load_weights(tmp_path / "mine.safetensors")) == set(small().state_dict())
    with pytest.raises(TrainingError, match="missing config"):
        Checkpoint.load(tmp_path / "mine.safetensors")


@pytest.mark.parametrize("legacy", [False, True])
def test_what_torch_saves_is_refused_unopened(tmp_path, small, legacy):
    path = tmp_path / "checkpoint.safetensors"
    torch.save(small().state_dict(), path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(TrainingError, match="opening a pickle runs whatever is in it"):
        load_weights(path)


def test_a_pickle_is_refused_and_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(TrainingError, match="pickle"):
        Checkpoint.load(path)
    assert not (tmp_path / "ran").exists()


def test_a_header_of_any_length_is_told_from_a_pickle(tmp_path):
    for padding in range(0, 256, 8):  # one of these headers has a length that ends in byte 80
        path = tmp_path / f"{padding}.safetensors"
        save_file({"w": torch.ones(1)}, path, {"note": "x" * padding})
        assert list(load_weights(path)) == ["w"]


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_cut_file_is_refused(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(TrainingError, match="a whole safetensors file"):
        Checkpoint.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match="No such file"):
        Checkpoint.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("state", ["", "[1]", '{"epoch": 1}'])
def test_a_file_without_the_state_of_a_run_is_refused(tmp_path, small, state):
    save_file(small().state_dict(), tmp_path / "odd.safetensors", {"state": state})
    with pytest.raises(TrainingError, match=r"the record (is an object|has schema_version)"):
        Checkpoint.load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("5.bias"), r"5.bias: none in the file, \(10,\) in the model"),
        (lambda w: w.update({"6.bias": torch.ones(2)}), r"6.bias: \(2,\) in the file, none in"),
        (lambda w: w.update({"5.bias": torch.ones(2)}), r"\(2,\) in the file, \(10,\) in the"),
    ],
)
def test_weights_of_another_model_are_refused(small, change, words):
    weights = small(seed=1).state_dict()
    change(weights)
    model = small()
    before = model[0].weight.clone()
    with pytest.raises(TrainingError, match=words):
        load_into(model, weights)
    assert torch.equal(model[0].weight, before)


def test_a_full_disk_leaves_the_old_file_whole_and_no_draft(tmp_path):
    path = tmp_path / "history.json"
    write_atomically(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(TrainingError, match="File too large"):
            write_atomically(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["history.json"]
