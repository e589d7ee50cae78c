"""Each promise of THREATS.md names tests, and they exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TEXT = (HERE.parents[1] / "autograder" / "THREATS.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(\w+)`", TEXT)))


@pytest.mark.parametrize(("module", "name"), NAMED)
def test_a_named_test_exists(module: str, name: str) -> None:
    source = (HERE / module).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{module} has no {name}"


def test_every_promise_names_a_test() -> None:
    promised = TEXT.partition("## What is promised")[2].partition("## What is not promised")[0]
    promises = re.split(r"\n- ", promised)[1:]
    assert len(promises) >= 15
    for promise in promises:
        assert "`test_" in promise, promise
