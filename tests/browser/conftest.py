"""A real browser for these tests; without one they are skipped, or fail where CI is set."""

import os
import shutil

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect, sync_playwright

expect.set_options(
    timeout=60_000
)  # a busy machine may take long; what is never shown fails all the same
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright):
    """Chromium as the system has it, else Chrome."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    where = {"executable_path": chromium} if chromium else {"channel": "chrome"}
    return playwright.chromium.launch(args=FLAGS, **where)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        try:
            launched = launch(playwright)
        except PlaywrightError as error:
            assert "CI" not in os.environ, f"install Chromium or Chrome: {error}"
            pytest.skip("neither Chromium nor Chrome is installed")
        yield launched
        launched.close()
