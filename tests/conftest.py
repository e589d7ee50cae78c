"""What all tests share: one thread a process, and one browser."""

import os
import shutil
from collections.abc import Iterator

# Before torch is imported, here and in every process that a test starts: pytest runs a process a
# core, and results do not depend on how many cores there are.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, which asks nothing of the world outside."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        yield chromium
        chromium.close()
