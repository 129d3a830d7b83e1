"""The notebooks in JupyterLab, in a real browser: buttons, sliders, and pictures that follow.

Each notebook opens as it is stored. Only its widgets' cells run, after a cell with the statements
that they need (needed.py finds them), as pytest runs all cells elsewhere. With COURSE_BROWSER=all
in the environment each notebook runs from its first cell to its last.

Needs Chromium or Chrome; without one these tests are skipped on a learner's machine, and fail where
CI is set.
Screenshots are kept in runs/screenshots, to be looked at.
"""

import os
import re
import shutil
import sys

import nbformat
import pytest
from playwright.sync_api import expect
from safetensors.torch import load_file

from tests.browser.lab import PREPARED, ROOT, Notebook, served
from tests.browser.needed import preparations

RUN_ALL = os.environ.get("COURSE_BROWSER") == "all"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on copies of the notebooks: its address, token, folder."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    with served(folder, [sys.executable, "-m", "jupyterlab"], notebooks) as (address, token):
        yield address, token, folder


def prepare(path, pieces):
    """Put a cell with what it needs before each cell that has one of these pieces of source.

    Returns the numbers of the cells to run.
    """
    notebook = nbformat.read(path, as_version=4)
    if RUN_ALL:
        return [i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source]
    before, numbers = preparations(notebook.cells, pieces), []
    for shift, (number, source) in enumerate(before.items()):
        notebook.cells.insert(number + shift, nbformat.v4.new_code_cell(PREPARED + source))
        numbers += [number + shift] * bool(source) + [number + shift + 1]
    nbformat.write(notebook, path)
    return numbers


@pytest.fixture
def opened(browser, lab):
    """Open a notebook and run the cells with these pieces of source, after all that they need."""
    notebooks = []

    def open_and_run(name, *pieces):
        cells = prepare(lab[2] / "notebooks" / f"{name}.ipynb", pieces)
        notebook = Notebook(browser, lab, name)
        notebooks.append(notebook)
        notebook.run(cells)
        return notebook

    yield open_and_run
    for notebook in notebooks:
        notebook.close()


def test_start_here(opened):
    pieces = ["widget_check()", "PlayByHand", "guess = exercises.predict", "guess.reveal"]
    notebook = opened("00_start_here", *pieces)
    checked = notebook.show_cell("widget_check()")
    checked.get_by_role("button", name="Press me").click()
    expect(checked.get_by_text("Widgets work: the button reached the kernel.")).to_be_visible()
    game = notebook.show_cell("PlayByHand")
    picture = game.locator("img.widget-image")
    before = picture.get_attribute("src")
    game.get_by_role("button", name="right").click()
    expect(game.locator(".widget-box").get_by_text("step 1: s = 0, a = 2 (right)")).to_be_visible()
    expect(picture).not_to_have_attribute("src", before)
    guess = notebook.show_cell("guess = exercises.predict")
    guess.locator(".widget-radio-box label", has_text="in 5 to 20 %").click()
    notebook.screenshot("guess")
    revealed = notebook.show_cell("guess.reveal")
    notebook.run_selected()
    expect(revealed.get_by_text('You guessed "in 5 to 20 %"')).to_be_visible()
    notebook.screenshot("revealed")
    notebook.show_cell("PlayByHand")
    notebook.screenshot("by_hand")
    assert notebook.problems == []


def check_live_training(notebook, cell, picture_after=1000):
    """Start, move the first slider during training, see the picture follow, pause."""
    live = notebook.show_cell(cell)
    picture = live.locator("img.widget-image")
    before = picture.get_attribute("src")
    live.get_by_role("button", name="Start").click()
    expect(picture).not_to_have_attribute("src", before)
    move_first_slider(live)
    while_training = picture.get_attribute("src")
    expect(live.locator(".widget-box").get_by_text("training …")).to_be_visible()
    expect(picture).not_to_have_attribute("src", while_training)
    notebook.page.wait_for_timeout(picture_after)  # a few pictures with the new setting
    notebook.screenshot("live")
    live.get_by_role("button", name="Pause").click()
    expect(live.locator(".widget-box").get_by_text("paused after")).to_be_visible()


def move_first_slider(cell):
    readout = cell.locator(".widget-slider .widget-readout").first
    value = readout.inner_text()
    handle = cell.locator(".widget-slider .noUi-handle").first
    handle.focus()
    for _ in range(5):
        handle.press("ArrowRight")
    expect(readout).not_to_have_text(value)


# Notebooks with live training and nothing else to press are found by themselves.
ELSEWHERE = {"03_better_dqn", "04_imitation"}
LIVE = [
    path.stem
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    if path.stem not in ELSEWHERE and "widgets.LiveTraining(" in path.read_text(encoding="utf-8")
]
# Cells of which a picture is kept, besides live training.
LOOKS = {
    "01_q_learning": {"map": "q_map(q_star"},
    "02_dqn": {"ladder": "show(compare_runs(returns", "probes": "verdict = {"},
    "05_demonstrations": {"moon": "moon = {", "repaired": "repaired, repaired_end = "},
    "06_reward_design": {"bonus": 'symbols, "best for the bonus"', "guides": "def learn_the_lake"},
    "07_fine_tuning": {
        "map": "heat_map(",
        "flight": "widgets.explore(draw_flight",
        "harm": "harm = gains",
    },
    "08_parameter_efficient_fine_tuning": {
        "sizes": "def carried",
        "sweep": "widgets.explore(draw_sweep",
    },
    "09_continual_learning": {"forgotten": "def show_matrix", "frontier": "panels |= "},
    "10_distillation": {
        "one_state": "def plot_losses",
        "losses": 'returns["advantages"] =',
        "frontier": "def by_size",
    },
    "11_several_teachers": {
        "worlds": "teacher_returns = np.stack",
        "kickstart": "def plot_kickstart",
        "chains": "chains = {",
    },
}


@pytest.mark.parametrize("name", LIVE)
def test_live_training(opened, name):
    looks = LOOKS.get(name, {})
    moving = [piece for piece in looks.values() if piece.startswith("widgets.")]
    notebook = opened(name, "widgets.LiveTraining", *moving)
    check_live_training(notebook, "widgets.LiveTraining")
    for look, piece in looks.items():
        cell = notebook.show_cell(piece)
        expect(cell.locator("img, pre").locator("visible=true").first).to_be_visible()
        notebook.screenshot(look)
    assert notebook.problems == []


def test_robust_readable_fast(opened):
    """Move the microscope; the page to take home was written."""
    piece = "def plot_microscope"
    notebook = opened("12_robust_readable_fast", piece, "take_home.html")
    cell = notebook.show_cell(piece)
    picture = cell.locator("img.widget-image")
    before = picture.get_attribute("src")
    move_first_slider(cell)
    expect(picture).not_to_have_attribute("src", before)
    notebook.screenshot("microscope")
    notebook.show_cell("for stage, _, card in life")
    notebook.screenshot("story")
    assert (notebook.runs / "take_home.html").stat().st_size < 30_000
    assert notebook.problems == []


def test_better_dqn_sliders(opened):
    notebook = opened("03_better_dqn", "widgets.explore", "widgets.LiveTraining")
    seeds = notebook.show_cell("widgets.explore")
    picture = seeds.locator("img.widget-image")
    before = picture.get_attribute("src")
    move_first_slider(seeds)
    expect(picture).not_to_have_attribute("src", before)
    notebook.screenshot("seeds")
    check_live_training(notebook, "widgets.LiveTraining")
    notebook.show_cell("figure.axes[0].set_ylim")
    notebook.screenshot("landing")
    assert notebook.problems == []


def wait_for_step(page, step):
    """Until the game is so far, however fast this machine plays it."""
    shown = "parseInt(document.querySelector('img.course-screen').alt.split(' ')[1])"
    page.wait_for_function(f"{shown} >= {step}")


def test_imitation_is_played_by_keyboard(opened):
    """Fly an episode with the arrow keys; the next cell finds it and clones it."""
    notebook = opened("04_imitation", "play.Player", "play.recorded", "widgets.LiveTraining")
    game = notebook.show_cell("play.Player")
    picture = game.locator("img.course-screen")
    before = picture.get_attribute("src")
    game.get_by_role("button", name="Start").click()
    picture.click()
    expect(picture).not_to_have_attribute("src", before)
    wait_for_step(notebook.page, 12)
    notebook.page.keyboard.down("ArrowUp")
    wait_for_step(notebook.page, 36)
    notebook.page.keyboard.up("ArrowUp")
    notebook.screenshot("flying")
    expect(game.locator(".widget-box").get_by_text("saved as episode_")).to_be_visible(
        timeout=60_000
    )
    [path] = (notebook.runs / "played" / "LunarLander-v3").glob("episode_*.safetensors")
    action = load_file(path)["action"].tolist()
    # The key was down for a while, and up for a while.
    assert action.count(2) >= 10 and action.count(0) >= 10
    notebook.show_cell("play.recorded")
    notebook.run_selected()
    clones = notebook.show_cell("play.recorded")
    expect(clones.get_by_text("episodes that you have flown: 1")).to_be_visible()
    expect(clones.get_by_text(re.compile(r"clones return -?\d"))).to_be_visible(timeout=30_000)
    notebook.screenshot("cloned")
    check_live_training(notebook, "widgets.LiveTraining")
    notebook.show_cell("record_episodes(")
    notebook.screenshot("paths")
    assert notebook.problems == []
