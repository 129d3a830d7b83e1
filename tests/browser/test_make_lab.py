"""`make lab` as a learner gives it: what is in front, what is in reach, and where links lead."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.lab import ROOT, served

NEWS = "@jupyterlab/apputils-extension:announcements"


@pytest.fixture(scope="module")
def first_page(tmp_path_factory):
    """The address that a browser is sent to, by a JupyterLab with empty settings that asks."""
    make = shutil.which("make")
    if not make:
        pytest.skip("there is no make here")
    told = subprocess.run([make, "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True)
    *before, last = [line for line in told.stdout.splitlines() if "bin/jupyter" in line]
    here = [sys.executable, "-m", "jupyter"]
    subprocess.run([*here, "labextension", "enable", NEWS], check=True)
    for line in before:
        subprocess.run([*here, *shlex.split(line)[1:]], cwd=ROOT, check=True)
    folder = tmp_path_factory.mktemp("lab")
    command = [*here, *shlex.split(last)[1:]]
    with served(folder, command, ROOT, quiet=False):
        [redirect] = (folder / "runtime").glob("jpserver-file-to-run-*.html")
        yield re.search(r'url=(http[^"]*)', redirect.read_text(encoding="utf-8")).group(1)


def test_the_course_is_in_reach(browser, first_page):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(first_page)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    path = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    assert path == "notebooks/00_start_here.ipynb"
    page.get_by_role("link", name="glossary").first.click()
    expect(page.get_by_role("tab", name="glossary.md")).to_be_visible()
    everything = page.evaluate(
        "async () => (await window.jupyterapp.serviceManager.contents.get('')).content"
    )
    names = {entry["name"] for entry in everything}
    assert names >= {"README.md", "data", "docs", "notebooks"}
    page.wait_for_timeout(3000)  # the question about news would have come by now
    expect(page.get_by_text("official Jupyter news")).to_have_count(0)
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.close()
