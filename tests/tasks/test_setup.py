"""Set-up: what is there is left alone, what is missing is named with the way to get it."""

from pathlib import Path

import pytest

from tasks import debian, environment, terminal
from tasks.serve import copy_new_exercises, wanted_port


def test_a_students_copy_is_never_overwritten(tmp_path: Path) -> None:
    source, work = tmp_path / "exercises", tmp_path / "work"
    (source / "tp1").mkdir(parents=True)
    (source / "tp1" / "tp1.ipynb").write_text("new")
    (source / "tp1" / "figure.png").write_text("figure")
    (work / "tp1").mkdir(parents=True)
    (work / "tp1" / "tp1.ipynb").write_text("my answers")
    copy_new_exercises(source, work)
    assert (work / "tp1" / "tp1.ipynb").read_text() == "my answers"
    assert (work / "tp1" / "figure.png").read_text() == "figure"


@pytest.mark.parametrize("text", ["", "abc", "-1", "0", "80.5", "65535", "1e3"])
def test_a_wrong_port_is_refused_before_anything_is_built(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        wanted_port(text)
    said = capsys.readouterr().err
    assert repr(text) in said
    assert "CONVBOOK_PORT=9000 make serve" in said


def test_missing_programs_are_named_with_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian.shutil, "which", lambda _name: None)
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit):
        debian.ensure("bwrap", "chromium")
    said = capsys.readouterr().err
    assert "sudo apt-get install --yes --no-install-recommends bubblewrap chromium" in said


def test_root_installs_only_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    found = {"chromium": "/usr/bin/chromium", "apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(debian.shutil, "which", found.get)
    monkeypatch.setattr(debian.os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "run", lambda command, env: ran.append(command))  # noqa: ARG005
    debian.ensure("bwrap", "chromium")
    assert [command[1] for command in ran] == ["update", "install"]
    assert "bubblewrap" in ran[1]
    assert "chromium" not in ran[1]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An empty place for the environment; returns the commands that would fill it."""
    venv = tmp_path / ".venv"
    ran: list[list[str]] = []

    def record(command: list[object], **_: object) -> None:
        ran.append([str(word) for word in command])
        environment.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        environment.PYTHON.touch()

    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(environment, "STAMP", venv / ".made-from")
    monkeypatch.setattr(environment, "run", record)
    monkeypatch.setattr(environment.shutil, "which", lambda _name: "uv")
    return ran


def test_the_environment_is_made_once(fresh: list[list[str]]) -> None:
    environment.ensure()
    assert [command[1] for command in fresh] == ["venv", "pip", "pip"]
    environment.ensure()
    assert len(fresh) == 3


def test_changed_pins_bring_the_environment_up_to_date(
    fresh: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure()
    pins = tmp_path / "requirements.txt"
    pins.write_text("six==1.17.0\n")
    monkeypatch.setattr(environment, "PINS", pins)
    environment.ensure()
    assert [command[1] for command in fresh[3:]] == ["pip", "pip"]


def test_an_interrupted_installation_is_done_again(
    fresh: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[object], **_: object) -> None:
        if "--requirements" in command:
            raise SystemExit(1)

    with monkeypatch.context() as broken:
        broken.setattr(environment, "run", fail)
        with pytest.raises(SystemExit):
            environment.ensure()
    environment.ensure()
    assert len(fresh) == 3


def test_an_unsuitable_python_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "OLDEST", (9, 0))
    with pytest.raises(SystemExit):
        environment.ensure()
    assert "make PYTHON=" in capsys.readouterr().err


def test_a_failing_program_ends_the_task_with_its_status(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.run(["false"])
    assert ended.value.code == 1
    assert "`false` failed" in capfd.readouterr().err
