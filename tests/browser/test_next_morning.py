"""A notebook of yesterday: saved with its widgets, opened with another kernel.

Where controls were there are stills, and a sentence that says how to wake them. Needs Chromium or
Chrome, like its neighbours.
"""

import sys

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.lab import Notebook, served

WAKE = "Run this cell again to wake the controls."
CELLS = {  # what a cell says when it was used, and the cell
    "paused after 5 records": """
from course_utils import exercises
from course_utils.laboratory import Laboratory, Look, explore
from course_utils.learn import by_hand
from course_utils.learn.tabular import QLearningConfig
from course_utils.teach import play
import gymnasium as gym

def train(config):
    for number in range(5):
        yield number, [number, number + 1]

lab = Laboratory(train, QLearningConfig(), ["learning_rate"])
lab.show()
""",
    "the slider is at 35": """
def look(seeds):
    return Look(f"the slider is at {seeds}", bars={"seeds": [seeds]})

explore(look, seeds=(3, 100, 30))
""",
    "step 1: s = 0, a = 1 (down)": """
lake = gym.make("FrozenLake-v1", is_slippery=False, render_mode="rgb_array")
game = by_hand.PlayByHand(lake, ["left", "down", "right", "up"])
game.show()
""",
    "● more < less": 'guess = exercises.predict("Which?", ["less", "more < less"])',
    "saved as episode_": """
player = play.Player("CartPole-v1")
player.show()
""",
}


def use(notebook):
    """Run each cell and move what is in it; the still stays behind the scenes."""
    cells = [notebook.show_cell(source.strip()) for source in CELLS.values()]
    for number in range(len(CELLS)):
        notebook.select(number)
        notebook.run_selected()
    live, slider, game, guess, player = cells
    for said, cell in zip(CELLS, cells, strict=True):
        cell.scroll_into_view_if_needed()
        expect(cell.locator(".widget-box").first).to_be_visible()
        if cell is live:
            cell.get_by_role("button", name="Start", exact=True).click()
            expect(cell.locator(".course-lab").get_by_text("finished")).to_be_visible()
            cell.get_by_role("button", name="Reset", exact=True).click()
        elif cell is slider:
            handle = cell.locator("input[type=range]")
            expect(handle).to_be_enabled()
            handle.focus()
            for _ in range(5):
                handle.press("ArrowRight")
        elif cell is game:
            cell.get_by_role("button", name="down").click()
        elif cell is guess:
            cell.locator(".widget-radio-box label", has_text="more").click()
        else:
            cell.get_by_role("button", name="Start").click()
        if cell is not guess:
            expect(cell.locator(".widget-box").get_by_text(said).first).to_be_visible()
        expect(cell.locator(".course-still")).to_have_count(1)
        expect(cell.locator(".course-still")).to_contain_text(said)
        expect(cell.locator(".course-still")).not_to_be_visible()


def check_stills(cells, styled=True):
    for said, cell in zip(CELLS, cells, strict=True):
        still = cell.locator(".course-still")
        still.scroll_into_view_if_needed()
        expect(still.get_by_text(WAKE)).to_be_visible()
        expect(still.get_by_text(said)).to_be_visible()
        if said[0] != "●":  # in the still, or where no style runs as the widget's own output
            seen = cell.locator("img").locator("visible=true")
            if styled:
                expect(still.locator("img").first).to_be_visible()
            expect(seen).to_have_count(1)
            assert seen.evaluate("image => image.naturalWidth") > 50


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    code = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=code, metadata=kernel)
    nbformat.write(notebook, folder / "yesterday.ipynb")
    with served(folder, [sys.executable, "-m", "jupyterlab"], folder) as (address, token):
        yield address, token, folder


@pytest.fixture(scope="module")
def saved(browser, lab):
    """The notebook, used, saved, and its kernel ended."""
    notebook = Notebook(browser, lab, "yesterday")
    use(notebook)
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.screenshot("used")
    notebook.close()
    return lab[2] / "yesterday.ipynb"


@pytest.mark.parametrize("trusted", [True, False])
def test_stills_are_where_controls_were(browser, lab, saved, trusted):
    name = saved.stem
    if not trusted:  # what was changed elsewhere, JupyterLab does not trust: it runs no style
        changed = nbformat.read(saved, as_version=4)
        changed.cells.append(nbformat.v4.new_markdown_cell("from somewhere else"))
        name = "elsewhere"
        nbformat.write(changed, saved.with_stem(name))
    notebook = Notebook(browser, lab, name)
    cells = [notebook.show_cell(source.strip()) for source in CELLS.values()]
    check_stills(cells, styled=trusted)
    notebook.screenshot("morning")
    expect(
        notebook.page.get_by_text("Error displaying widget").locator("visible=true")
    ).to_have_count(0)
    use(notebook)
    notebook.close()


def test_a_page_made_of_the_notebook_shows_stills(browser, saved):
    path = saved.with_suffix(".html")
    path.write_text(HTMLExporter().from_filename(saved)[0], encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    check_stills(page.locator(".jp-CodeCell").all())
    page.close()
