import json

import pytest

from convbook.errors import TrainingError
from convbook.training import History, Result


@pytest.fixture
def path(finished, tmp_path):
    finished.history.save(tmp_path / "history.json")
    return tmp_path / "history.json"


def test_a_history_survives_a_round_trip(finished, path):
    assert History.load(path) == finished.history


def test_the_file_has_the_documented_fields(path, data):
    values = json.loads(path.read_text())
    assert list(values) == [
        *("schema_version", "config", "data", "device", "precision", "threads", "versions"),
        *("commit", "date", "seconds", "batches", "epochs"),
    ]
    assert values["schema_version"] == 1
    assert values["data"]["fingerprint"] == data.train.fingerprint
    assert values["data"]["n_train"], values["data"]["n_test"] == (72, 30)
    assert values["threads"] == 1
    assert len(values["batches"]["loss"]) == 3 * 5  # 72 images in batches of 16


def _set(*keys, to):
    def change(values):
        for key in keys[:-1]:
            values = values[key]
        values[keys[-1]] = to

    return change


def _drop(*keys):
    def change(values):
        for key in keys[:-1]:
            values = values[key]
        del values[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("schema_version", to=2), "schema_version = 2"),
        (_set("schema_version", to=True), "schema_version = True"),
        (_drop("epochs"), "missing epochs"),
        (_drop("data", "fingerprint"), "data with missing fingerprint"),
        (_set("extra", to=1), "unknown extra"),
        (_set("config", to=3), "config = 3"),
        (_set("config", "lr", to=-1), "lr=-1"),
        (_set("config", "speed", to=1), "unknown settings speed"),
        (_set("data", to=[]), r"data = \[\]"),
        (_set("data", "n_train", to=0), "data.n_train = 0"),
        (_set("batches", "loss", to=None), "batches.loss = None"),
        (_set("batches", "loss", 3, to="2.3"), r"batches.loss\[3\] = '2.3'"),
        (_set("batches", "loss", 3, to=float("nan")), r"batches.loss\[3\] = nan"),
        (_set("batches", "loss", 3, to=float("inf")), r"batches.loss\[3\] = inf"),
        (_set("batches", "accuracy", 0, to=72.6), r"batches.accuracy\[0\] = 72.6"),
        (_drop("batches", "loss", 0), "14 values in batches.loss, 3 epochs"),
        (_set("batches", "every", to=2), "15 values in batches.loss, 3 epochs"),
        (_set("epochs", 1, "test_accuracy", to=1.5), r"epochs\[1\].test_accuracy = 1.5"),
        (_drop("epochs", 2, "lr"), r"epochs\[2\] with missing lr"),
        (_set("epochs", 0, to=[1, 2]), r"epochs\[0\] = \[1, 2\]"),
        (_set("epochs", 1, "epoch", to=1), r"epochs numbered \[1, 1, 3\]"),
    ],
)
def test_a_damaged_record_is_refused_by_the_name_of_the_field(path, edit, change, words):
    edit(path, change)
    with pytest.raises(TrainingError, match=words):
        History.load(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (b'{"schema_version": 1', "Expecting"),
        (b"[]", "the record is an object"),
        (b"\xff\xfe\x00", "decode"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path, content, words):
    path = tmp_path / "history.json"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=words) as refusal:
        History.load(path)
    assert str(path) in refusal.value.asked


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match="No such file"):
        History.load(tmp_path / "none.json")


def test_columns_by_name(finished):
    assert finished.history.column("epoch") == [1, 2, 3]
    assert finished.history.column("lr") == pytest.approx([0.05, 0.025, 0.0125])
    with pytest.raises(TrainingError, match="the columns are epoch, train_loss"):
        finished.history.column("loss")


def test_the_first_epochs_of_a_history(finished):
    first = finished.history.until(2)
    assert len(first.epochs) == 2
    assert first.batch_loss == finished.history.batch_loss[:10]
    assert len(finished.history.epochs) == 3


def test_a_result_survives_a_round_trip_on_one_line_a_run(finished, tmp_path):
    runs = (finished.history, finished.history.until(1))
    result = Result("q15", "a title", "a note", False, (0, 1), 3, runs)
    result.save(tmp_path / "q15.json")
    assert Result.load(tmp_path / "q15.json") == result
    lines = (tmp_path / "q15.json").read_text().splitlines()
    assert sum(line.startswith('{"schema_version"') for line in lines) == 2


def test_a_damaged_run_in_a_result_is_named(finished, tmp_path, edit):
    path = tmp_path / "q15.json"
    Result("q15", "a title", "a note", True, (0,), 3, (finished.history,)).save(path)
    edit(path, _set("runs", 0, "epochs", 0, "train_loss", to=-1))
    with pytest.raises(TrainingError, match=r"runs\[0\].epochs\[0\].train_loss = -1"):
        Result.load(path)
    edit(path, _set("runs", 0, "epochs", 0, "train_loss", to=1))
    edit(path, _drop("runs", 0, "batches", "loss", 0))
    with pytest.raises(TrainingError, match=r"q15.json, run 0"):
        Result.load(path)
