"""The book in numbers: weight of its pages, time of its builds, answer of its figures.

`python -m benchmarks.book` builds the book twice in a temporary folder (some minutes on a busy
machine), reads its pages in Chromium, prints one table, and fails when a limit is passed.
"""

from __future__ import annotations

import functools
import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
WEIGHT, COLD, UNCHANGED, ANSWER = 600.0, 60.0, 5.0, 16.0  # kB, s, s, ms
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CLICKS = 60

# Click each button of a live figure in turn; the time from the click until its DOM has changed
# and the page is laid out again, in ms. Buttons that change nothing say nothing.
ANSWERS = """async ([figure, clicks]) => {
  const times = [];
  for (let i = 0; i < clicks; i++) {
    const buttons = [...figure.querySelectorAll('button:enabled, input[type=radio]:enabled')];
    const button = buttons[i % buttons.length];
    let watcher;
    const changed = new Promise((done) => {
      watcher = new MutationObserver(done);
      const all = { subtree: true, childList: true, attributes: true, characterData: true };
      watcher.observe(figure, all);
    });
    const start = performance.now();
    button.click();
    const answered = await Promise.race([
      changed.then(() => true), new Promise((done) => setTimeout(done, 100, false)),
    ]);
    document.body.getBoundingClientRect();
    if (answered) times.push(performance.now() - start);
    watcher.disconnect();
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""


class Quiet(SimpleHTTPRequestHandler):
    """A server that does not print its requests."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on this machine; the address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def build(output: Path) -> float:
    """Build the book into `output`; the seconds it took."""
    bin_folder = Path(sys.executable).parent
    start = time.perf_counter()
    subprocess.run(
        [bin_folder / "jupyter-book", "build", "--path-output", output, "-W", "--keep-going", ROOT],
        env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def weight(browser: Browser, address: str, page_name: str) -> tuple[float, int]:
    """Return the kB that a new reader of a page loads, each file gzipped, and the files' number."""
    page, bodies = browser.new_page(), {}
    page.on("response", lambda response: bodies.setdefault(response.url, response))
    page.goto(address + page_name, wait_until="networkidle")
    page.evaluate(
        "for (const f of document.querySelectorAll('.cb-live, section')) f.scrollIntoView()"
    )
    page.wait_for_load_state("networkidle")
    total = 0
    for url, response in bodies.items():
        if url.startswith(address):
            body = response.body()
            total += min(len(body), len(gzip.compress(body, 9)))
    page.close()
    return total / 1000, sum(url.startswith(address) for url in bodies)


def answers(browser: Browser, address: str, page_name: str) -> dict[str, list[float]]:
    """Return the answer times, in ms, of each kind of live figure of a page."""
    page, times = browser.new_page(reduced_motion="reduce"), {}
    page.goto(address + page_name, wait_until="networkidle")
    for figure in page.query_selector_all(".cb-live"):
        figure.scroll_into_view_if_needed()
        page.wait_for_function("(f) => f.dataset.state === 'ready'", arg=figure)
        name = figure.get_attribute("data-widget") or ""
        if name not in times:
            times[name] = page.evaluate(ANSWERS, [figure, CLICKS])
    page.close()
    return times


def line(what: str, value: str, limit: str = "", good: bool = True) -> bool:
    """Print one line of the table; whether the value keeps the limit."""
    print(f"{what:<44} {value:>22} {limit:>10} {'' if good else ' TOO MUCH'}")
    return good


def main() -> int:
    """Print the table; 0 when every limit is kept."""
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        line("measured", "value", "limit")
        for what, limit in (("cold build", COLD), ("unchanged build", UNCHANGED)):
            seconds = build(output)
            kept.append(line(what, f"{seconds:.1f} s", f"{limit:.0f} s", seconds <= limit))
        html = output / "_build" / "html"
        names = sorted(p.relative_to(html).as_posix() for p in html.glob("book/**/*.html"))
        with served(html) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM
            )
            for name in names:
                kilobytes, files = weight(browser, address, name)
                value = f"{kilobytes:.0f} kB, {files} files"
                kept.append(line(name, value, f"{WEIGHT:.0f} kB", kilobytes <= WEIGHT))
            times: dict[str, list[float]] = {}
            for name in names:
                for widget, measured in answers(browser, address, name).items():
                    times.setdefault(widget, []).extend(measured)
            for widget, measured in sorted(times.items()):
                median = statistics.median(measured)
                spread = f"{median:.1f} ms of {len(measured)} (max {max(measured):.0f})"
                kept.append(
                    line(
                        f"answer of {widget}, median", spread, f"{ANSWER:.0f} ms", median <= ANSWER
                    )
                )
            browser.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
