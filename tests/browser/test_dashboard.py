"""`make app` as a teacher gives it: a chapter from the menu, its controls, no code."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.lab import ROOT, SCREENSHOTS, answers, free_port, wait_for


@pytest.fixture
def address(tmp_path):
    make = shutil.which("make")
    if not make:
        pytest.skip("there is no make here")
    told = subprocess.run([make, "-n", "app"], cwd=ROOT, capture_output=True, text=True, check=True)
    [line] = [line for line in told.stdout.splitlines() if "bin/voila" in line]
    port = free_port()
    command = [sys.executable, "-m", "voila", *shlex.split(line)[1:], "--no-browser"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen([*command, f"--port={port}"], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/voila/static/voila.js"))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def test_a_chapter_is_chosen_and_its_controls_answer(browser, address):
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.set_default_timeout(120_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    menu = page.get_by_role("combobox").first
    expect(menu.locator("option")).to_have_count(15)  # 12 chapters, and the word before them
    titles = menu.locator("option").all_text_contents()
    assert not page.get_by_text("dashboard()").count()
    for chapter, views in (("01", 2), ("03", 2)):
        menu.select_option(next(title for title in titles if chapter in title))
        expect(page.locator(".course-lab")).to_have_count(views)
        expect(page.get_by_text("what these controls need")).to_have_count(0)
        expect(page.locator(".course-still:visible")).to_have_count(0)
        sections = re.compile(rf"^{int(chapter)}\.\d")  # not the exercises on the way to a cell
        expect(page.get_by_role("heading", name=sections)).to_have_count(views)
        lab = page.locator(".course-lab", has=page.get_by_role("button", name="Reset")).first
        lab.get_by_role("button", name="Start", exact=True).click()
        lab.get_by_role("button", name="Pause", exact=True).click()
        expect(lab.locator(".course-lab-told")).to_have_text(re.compile("paused after"))
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"dashboard_{chapter}.png", full_page=True)
    assert not problems
    page.close()
