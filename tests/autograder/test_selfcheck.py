"""A sandbox in which right answers fail marks nobody."""

from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap, selfcheck
from autograder.sandbox.inside.limits import DEFAULT
from autograder.sandbox.sandbox import Sandbox
from convbook.errors import GradingError

pytestmark = pytest.mark.sandbox


def test_a_right_answer_comes_through() -> None:
    with Sandbox("student") as students:
        selfcheck.prove(students, DEFAULT)


def test_it_comes_through_after_images_were_drawn_too() -> None:
    """Which says that they are no photographs: once, in the server, and not in every child."""
    with Sandbox("student") as students:
        with students.spawn(DEFAULT, images=True):
            pass
        selfcheck.prove(students, DEFAULT)


def test_a_sandbox_that_hides_the_packages_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # What happened once: the environment lay where each child's own /tmp covers it.
    monkeypatch.setattr(bubblewrap, "ENVIRONMENT", "/tmp/python")
    with Sandbox("student") as students, pytest.raises(GradingError) as caught:
        selfcheck.prove(students, DEFAULT)
    assert "nothing was graded" in str(caught.value)
    assert "No module named" in caught.value.got


def test_the_environment_may_lie_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "environment"
    elsewhere.symlink_to(bubblewrap.sys.prefix)
    monkeypatch.setattr(bubblewrap.sys, "prefix", str(elsewhere))
    with Sandbox("student") as students:
        selfcheck.prove(students, DEFAULT)
