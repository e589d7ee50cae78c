import re
import subprocess

import pytest
import torch

from convbook.training.provenance import commit, provenance


@pytest.fixture
def package(tmp_path):
    """A package in a repository that does not track it yet."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    git(tmp_path, "init", "-q")
    return tmp_path / "pkg"


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_a_package_that_is_not_tracked_has_no_commit(package, tmp_path):
    assert commit(package) is None
    (tmp_path / "README").write_text("")
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "-qm", "Start")
    assert commit(package) is None


def test_a_tracked_package_has_its_commit_marked_when_edited(package):
    git(package, "add", ".")
    git(package, "commit", "-qm", "Start")
    clean = commit(package)
    assert re.fullmatch("[0-9a-f]{40}", clean)
    (package / "__init__.py").write_text("edited = True")
    assert commit(package) == clean + "+"


def test_without_git_there_is_no_commit(package, monkeypatch):
    git(package, "add", ".")
    git(package, "commit", "-qm", "Start")
    monkeypatch.setenv("PATH", "")
    assert commit(package) is None


def test_the_rest_of_the_provenance():
    found = provenance(torch.device("cpu"))
    assert found["device"].startswith("cpu, ")
    assert found["threads"] == torch.get_num_threads()
    assert found["versions"]["torch"] == torch.__version__
    assert found["date"].endswith("+00:00")
