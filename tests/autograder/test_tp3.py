"""Practical 3 through the whole grader: full marks with bonus on top, and nothing for nothing."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from autograder.course import Course, load
from tests.autograder import whole

NAME = "tp3_improvements"
RUNS = (19, 22, 26, 29, 32, 34)  # the questions that want some
pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def solved() -> dict[str, Any]:
    """The exercise with the model answers in it, and every try-out switched on."""
    return whole.solved(NAME, lambda source: source.replace("\n# try_", "\ntry_"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Any]]:
    return whole.graded(tmp_path_factory.mktemp("course"), NAME, solved())


def test_the_solved_notebook_runs_to_its_end(graded: tuple[Course, dict[str, Any]]) -> None:
    """All but its training cells, whose runs were not handed in here."""
    result = graded[1]["solved"]
    assert (result["state"], result["reason"]) == ("graded", "")
    troubles = [cell["name"] for cell in result["cells"] if cell["status"] != "ok"]
    assert troubles == [f"q{number}-run" for number in RUNS]
    printed = "".join(cell["output"] for cell in result["cells"])
    assert "momentum 0.9, gamma 0.95" in printed
    assert "10000 draws" in printed


def test_the_solved_notebook_gets_all_points_and_the_bonus(
    graded: tuple[Course, dict[str, Any]],
) -> None:
    course, results = graded
    result, assignment = results["solved"], load(course, NAME)
    missing = [item["id"] for item in result["items"] if not item["passed"]]
    assert set(missing) == {f"q{number}.run" for number in RUNS} | {"q32.my_p"}
    bonus = [item for item in result["items"] if item["id"][:3] in ("q21", "q25", "q28")]
    assert result["max_points"] == assignment.auto_points == 25 + 2 * len(RUNS)
    assert result["points"] == 25 + sum(item["points"] for item in bonus) == 31


def test_an_empty_hand_in_gets_nothing(graded: tuple[Course, dict[str, Any]]) -> None:
    result = graded[1]["empty"]
    assert (result["state"], result["points"]) == ("graded", 0)
    assert not any(answer["answered"] for answer in result["prose"])


def test_the_table_and_the_page_leave_the_bonus_out_of_the_maximum(
    graded: tuple[Course, dict[str, Any]],
) -> None:
    course = graded[0]
    with (course.reports(NAME) / "marks.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {row["max_points"] for row in rows.values()} == {"60"}
    assert (rows["solved"]["auto_points"], rows["solved"]["auto_max"]) == ("31", "37")
    page = course.feedback(NAME, "solved").read_text(encoding="utf-8")
    assert "31 <small>of 60 points</small>" in page
    assert page.count(" (bonus)</") == 6  # in the overview and above each of three questions
