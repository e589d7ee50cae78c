"""A submission that is an attack all over: graded for real, then opened in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from autograder.course import Course, load
from autograder.grade import grade
from autograder.gradebook.gradebook import Gradebook
from autograder.sandbox.inside.limits import Limits
from tests.autograder import made
from tests.autograder.conftest import NAME, ROOT, lay_out
from tests.submissions import builder

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.slow,
    pytest.mark.browser,
    # nbgrader's own, about SQLAlchemy
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]

STUDENT = "eve"
NAMELESS = "eve<img src=x onerror=window.hacked=1>"  # a folder that nothing is read from
BEACON = "http://127.0.0.1:9/beacon"
ATTACK = (
    f"</pre></script><script>window.hacked=1</script><img src='{BEACON}' onerror='window.hacked=1'>"
    f"<svg onload='window.hacked=1'></svg><iframe src='{BEACON}'></iframe>"
    f"<link rel=stylesheet href='{BEACON}'><style>@import '{BEACON}';</style>"
)
CODE = f"""
ATTACK = {ATTACK!r}
import io, warnings
from IPython.display import HTML, SVG, Javascript, Markdown, display
from PIL import Image
from PIL.PngImagePlugin import PngInfo
print(ATTACK)
warnings.warn(ATTACK)
display(HTML(ATTACK), Javascript("window.hacked=1"), Markdown(ATTACK))
display({{"image/svg+xml": ATTACK, "text/html": ATTACK, "text/plain": ATTACK}}, raw=True)
display({{"application/vnd.jupyter.widget-view+json": {{}}, "text/plain": ATTACK}}, raw=True)
texts = PngInfo()
texts.add_text("Title", ATTACK)
texts.add_text("XML:com.adobe.xmp", ATTACK)
file = io.BytesIO()
Image.new("RGB", (30, 20), "red").save(file, "PNG", pnginfo=texts)
display({{"image/png": file.getvalue(), "text/html": ATTACK}}, raw=True)
display({{"image/png": ATTACK.encode()}}, raw=True)
def output_size(x, y, k, p, s):
    return ATTACK
def conv_weights(k, z):
    raise type(ATTACK, (Exception,), {{}})(ATTACK)
raise type(ATTACK, (Exception,), {{}})(ATTACK)
"""
PROSE = f"""{ATTACK}

# [link](javascript:window.hacked=1) ![x]({BEACON})

[by name][there] ![by name][there]

[there]: {BEACON}

<{BEACON}> &lt;script&gt;

$\\href{{javascript:window.hacked=1}}{{x}} \\style{{background: url({BEACON})}}{{y}}$
$&#92;href{{javascript:window.hacked=1}}{{x}} &bsol;href{{javascript:window.hacked=1}}{{x}}$
"""


@pytest.fixture(scope="module")
def course(exercise: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two submissions of one mind, graded."""
    course = lay_out(tmp_path_factory.mktemp("hostile") / "course", exercise, ())
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    folder = course.root / "submitted" / STUDENT / NAME
    folder.mkdir(parents=True)
    answers = [("q01-output_size", CODE), ("own", f"# {ATTACK}"), ("q01-prose", PROSE)]
    notebook = builder.fill(exercise, answers)
    for kind in ("markdown", "raw"):
        notebook["cells"].append({"cell_type": kind, "metadata": {}, "source": PROSE})
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "timestamp.txt").write_text(ATTACK, encoding="utf-8")
    shutil.copytree(folder, course.root / "submitted" / NAMELESS / NAME)
    graded, nameless = grade(course, NAME, limits=Limits(cell_seconds=20))
    assert nameless.state == "needs review"
    assert graded.state == "graded", graded.reason
    written = json.loads(course.result(NAME, STUDENT).read_text(encoding="utf-8"))
    [report] = [each for each in written["cells"] if each["status"] == "error"]
    assert ATTACK in report["output"]
    assert len(report["pictures"]) == 1
    assert report["lost"] == "1 picture could not be read"
    return course


@pytest.mark.parametrize("name", ["feedback", "nameless", "summary"])
def test_our_pages_run_and_ask_nothing(course: Course, browser: Browser, name: str) -> None:
    path = {
        "feedback": course.feedback(NAME, STUDENT),
        "nameless": course.feedback(NAME, NAMELESS),
        "summary": course.reports(NAME) / "summary.html",
    }[name]
    found = made.problems(browser, path, 375, "light")
    assert not any(found.values()), found
    with browser.new_page() as page:
        page.goto(path.as_uri())
        assert "onerror=" in page.inner_text("main"), "the attack is shown as text"


def test_escaping_alone_is_enough(course: Course, browser: Browser, tmp_path: Path) -> None:
    """The page's policy would stop scripts as well: here it is taken away."""
    text = course.feedback(NAME, STUDENT).read_text(encoding="utf-8")
    before, after = text.split('<meta http-equiv="Content-Security-Policy"')
    path = tmp_path / "page.html"
    path.write_text(before + after.split(">", 1)[1], encoding="utf-8")
    found = made.problems(browser, path, 1280, "dark")
    assert not any(found.values()), found


def test_formgrader_runs_and_asks_nothing(course: Course, browser: Browser, tmp_path: Path) -> None:
    with Gradebook(course, load(course, NAME)) as book:
        key = book._book.find_submission_notebook(NAME, NAME, STUDENT).id
    asked: list[str] = []
    with formgrader(course, tmp_path) as address, browser.new_page() as page:
        page.set_default_timeout(60_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(f"a dialog: {dialog.message}"))
        for place in (f"gradebook/{NAME}", f"gradebook/{NAME}/{NAME}", f"submissions/{key}/"):
            opened(page, address, place)
            assert page.evaluate("window.hacked") is None, place
            made_of_it = "a[href^='javascript:w'], [src*='beacon'], [onload], [onerror]"
            assert page.locator(made_of_it).count() == 0
        assert "onerror=" in page.inner_text("body"), "the attack is shown as text"
        assert page.locator(".output_png img, .jp-RenderedImage img").count() == 1
    assert not [url for url in asked if BEACON in url or url.startswith("a dialog")]


def opened(page: Page, address: str, place: str) -> None:
    base, token = address.split("/formgrader/")[0], address.rpartition("=")[2]
    page.goto(f"{base}/formgrader/{place}?token={token}")
    page.wait_for_load_state("networkidle")


@contextmanager
def formgrader(course: Course, folder: Path) -> Iterator[str]:
    """Serve formgrader as the command does; the address that it prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "autograder", "formgrader", "--no-browser", "--port", port]
    command += ["--course", str(course.root)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ)
        )
        try:
            assert process.stdout is not None
            address = next(
                word for word in process.stdout.readline().split() if word.startswith("http")
            )
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.3)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
