"""The whole way, with nothing replaced: `make serve`, answers typed in JupyterLab, the mark."""

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from autograder.build.command import built
from tasks import ROOT
from tasks.server import HOST, free_port

NAME = "tp1_layers"
NOTEBOOK = f"{NAME}/{NAME}.ipynb"
pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.sandbox, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """`make serve` as a user starts it: the address it prints, and the students' folder."""
    work = tmp_path_factory.mktemp("work")
    env = {**os.environ, "CONVBOOK_WORK": str(work), "CONVBOOK_PORT": str(free_port(0))}
    command = [sys.executable, "-m", "tasks", "serve"]
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        book = re.search(r"Book\s+(http\S+)", said)
        lab = re.search(r"JupyterLab\s+(http\S+)", said)
        assert book, said
        assert lab, said
        yield book[1], work
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        for address in (book[1], lab[1]):
            with socket.socket() as probe:
                assert probe.connect_ex((HOST, urlsplit(address).port or 0)) != 0, "still served"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        yield context.new_page()


def answers() -> dict[int, str]:
    """The model answers, by the position of their cell in the exercise."""
    source = json.loads(built(NAME)[Path("source") / NOTEBOOK])
    return {
        position: "".join(cell["source"])
        for position, cell in enumerate(source["cells"])
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def type_answers(page: Page, texts: dict[int, str]) -> None:
    """Go from cell to cell with the arrow keys, and replace what is there."""
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.locator(".jp-Cell").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    for position in range(max(texts) + 1):
        if position in texts:
            page.keyboard.press("Enter")
            page.keyboard.press("Control+A")
            page.keyboard.insert_text(texts[position])
            page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")


def run_and_save(page: Page, notebook: Path) -> list[dict[str, object]]:
    """Choose Run All Cells, save until the last check has run; return the saved cells."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        page.wait_for_timeout(2000)
        page.keyboard.press("Control+S")
        page.wait_for_timeout(500)
        try:
            cells: list[dict[str, object]] = json.loads(notebook.read_text())["cells"]
        except json.JSONDecodeError:  # it is being written just now
            continue
        if all(c["execution_count"] for c in cells if c["cell_type"] == "code"):
            return cells
    raise AssertionError("the notebook did not run to its end")


def test_answers_typed_in_jupyterlab_get_full_marks(
    serving: tuple[str, Path], page: Page, tmp_path: Path
) -> None:
    address, work = serving
    page.goto(address)
    assert "key=" not in page.url
    page.get_by_role("link", name=re.compile("Practical 1")).first.click()
    with page.context.expect_page() as opened:
        page.locator(f'a[href*="/lab/{NOTEBOOK}"]').first.click(modifiers=["Control"])
    lab = opened.value
    type_answers(lab, answers())
    cells = run_and_save(lab, work / NOTEBOOK)
    checks = [c for c in cells if "item" in c["metadata"].get("convbook", {})]  # type: ignore[attr-defined]
    assert len(checks) > 10
    for cell in checks:
        assert "✓" in json.dumps(cell["outputs"], ensure_ascii=False), cell["source"]

    handed_in = tmp_path / "submitted" / "ada" / NAME
    handed_in.mkdir(parents=True)
    shutil.copyfile(work / NOTEBOOK, handed_in / f"{NAME}.ipynb")
    shutil.copytree(ROOT / "exercises", tmp_path / "exercises")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    grade = [sys.executable, "-m", "autograder", "grade", NAME, "--course", str(tmp_path)]
    subprocess.run(grade, cwd=ROOT, check=True)
    marks = (tmp_path / "reports" / NAME / "marks.csv").read_text()
    [row] = csv.DictReader(marks.splitlines())
    assert row["state"] == "graded"
    about = [cell["metadata"] for cell in checks]
    extra = sum(each["nbgrader"]["points"] for each in about if each["convbook"].get("bonus"))  # type: ignore[index]
    assert float(row["auto_points"]) == float(row["auto_max"]) + extra > extra
