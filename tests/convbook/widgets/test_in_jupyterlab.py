"""The same module in its other host: a notebook in JupyterLab, with a real kernel."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = [
    "from convbook.widgets import ConvStepper\n"
    "stepper = ConvStepper(input=[[[1, 2, 3]]], kernel=[[[[2]]]], position=0)\n"
    "stepper",
    "print('python sees', stepper.position, stepper.output)",
]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "widget.ipynb")
    port = _free_port()
    homes = {
        key: str(tmp_path / key.lower())
        for key in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",
    ]
    options = [
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    path = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [*command, *options],
        cwd=tmp_path,
        env={**os.environ, **homes, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/api/status", process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(address, process, seconds=60):
    for _ in range(seconds * 4):
        assert process.poll() is None, "JupyterLab stopped"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    raise AssertionError("JupyterLab did not start")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_python_and_the_page_share_the_state(lab, browser):
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{lab}/lab/tree/widget.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.locator(".jp-Cell").first.click()
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    page.keyboard.press("Shift+Enter")
    widget = page.locator(".cb-conv-stepper")
    widget.wait_for()
    assert "Nothing computed yet" in widget.locator("[role=status]").inner_text()
    for _ in range(2):
        widget.get_by_role("button", name="one step on").click()
    page.locator(".jp-Cell .jp-InputArea-editor").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector("text=python sees 2 [[[2.0, 4.0, 6.0]]]")
    page.close()
