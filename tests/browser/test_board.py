"""The board in a real browser: no error, no request, nothing for axe, and sorting by keyboard.

Screenshots are kept in runs/screenshots, to be looked at.
"""

from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from classroom import board, example

SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"
FIRST = ".grid tbody tr:first-child"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room") / "class"
    example.write(folder, 12, agents=False)
    for name in ("<img src=x onerror=alert(1)>", "\u202e" + "\u05e9" * 100):
        (folder / name).mkdir()
    board.main([str(folder), "--names", "--unjudged"])
    return folder.with_name("class-results") / "board.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_board_is_quiet_and_fits_its_page(browser, file, scheme):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, offline=True, color_scheme=scheme
    )
    page, problems, requests = context.new_page(), [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"board_{scheme}.png", full_page=True)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # unfolds all
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run().then(found => found.violations)")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert problems == [] and requests == [file.as_uri()]


def test_a_table_is_sorted_from_the_keyboard(browser, file):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    rights = "rows => rows.map(row => Number(row.cells[1].textContent))"

    def column():
        return page.eval_on_selector_all(".grid tbody tr", rights)

    head = page.get_by_role("button", name="Right", exact=True)
    head.focus()
    page.keyboard.press("Enter")
    assert column() == sorted(column()) and column()[0] < column()[-1]
    page.keyboard.press("Enter")
    assert column() == sorted(column(), reverse=True)
    heads = page.locator(".grid thead th[aria-sort]")
    assert heads.count() == 1 and heads.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="bellman_backup").press("Enter")
    states = page.eval_on_selector_all(
        ".grid tbody tr", "rows => rows.map(row => Number(row.cells[3].dataset.value))"
    )
    assert states == sorted(states) and states[0] == 0
    assert page.locator(FIRST).get_by_text("right", exact=True).count() > 0  # for a screen reader
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    context.close()
