"""The notebooks in JupyterLab, in a real browser: buttons, sliders, and pictures that follow.

Each notebook opens as it is stored. Only its widgets' cells run, after a cell with the statements
that they need (app/needed.py finds them), as pytest runs all cells elsewhere. With COURSE_BROWSER
set to "all" each notebook runs from its first cell to its last.

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

from app.needed import preparations
from tests.browser.lab import PREPARED, ROOT, Notebook, draw, instant, served
from tests.run_notebooks import shortened

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
    if path.stem == "14_capstone":  # a picture there needs a whole life before
        notebook = shortened(notebook)
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
    notebook.show_cell("guess = exercises.predict")
    guess.locator(".widget-radio-box label", has_text="in more than 20 %").click()
    notebook.show_cell("guess.reveal")
    expect(revealed.get_by_text('You guessed "in more than 20 %"')).to_be_visible()
    notebook.show_cell("PlayByHand")
    notebook.screenshot("by_hand")
    assert notebook.problems == []


def move_all(cell, page):
    """Every slider and number by keyboard, every menu and box by mouse; then the defaults."""
    for slider in cell.locator("input[type=range]").all():
        number = slider.locator("xpath=following-sibling::input[1]")
        before = number.input_value()
        slider.focus()
        slider.press("ArrowRight")
        if number.input_value() == before:  # it stood at its end
            slider.press("ArrowLeft")
        expect(number).not_to_have_value(before)
        number.fill(before)
        number.press("Enter")
        expect(number).to_have_value(before)
    for box in cell.locator("input[type=checkbox]").all():
        was = box.is_checked()
        box.click()
        expect(box).to_be_checked(checked=not was)
        box.click()
    for menu in cell.locator(".course-lab-control select").all():
        was, before = menu.input_value(), looks(cell)
        menu.select_option(index=1)
        if not cell.get_by_role("button", name="Reset").count():  # else it may wait for that
            wait_until(page, lambda before=before: looks(cell) != before)
        menu.select_option(was)
    if cell.locator(".course-lab-sketch").count():
        before = looks(cell)
        draw(page, cell)
        wait_until(page, lambda: looks(cell) != before)


def painting(cell, of="curves"):
    """What a canvas shows now, as text."""
    return cell.locator(f".course-lab-{of} canvas").evaluate("canvas => canvas.toDataURL()")


def looks(cell):
    """What a picture that answers shows now, but for the agent, which moves by itself."""
    canvases = cell.locator(".course-lab-curves canvas").evaluate_all(
        "all => all.map(c => c.toDataURL())"
    )
    return cell.locator(".course-lab-told").inner_text(), *canvases


def wait_until(page, condition):
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("what is shown never changed")


def changes(page, cell, before, of="curves"):
    """Wait until a canvas shows something else."""
    wait_until(page, lambda: painting(cell, of) != before)


def check_laboratory(notebook, cell):
    """Operate everything: the curve grows, the agent plays, each control answers."""
    live, page = notebook.show_cell(cell), notebook.page
    expect(live.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    before = painting(live), painting(live, "world")
    live.get_by_role("button", name="Start", exact=True).click()
    changes(page, live, before[0])
    changes(page, live, before[1], "world")
    move_all(live, page)
    page.wait_for_timeout(1000)
    notebook.screenshot("live")
    live.get_by_role("button", name="Pause", exact=True).click()
    told = live.locator(".course-lab-told")
    expect(told).to_have_text(re.compile("paused after"))
    luck = live.get_by_role("button", name="Was it luck?")
    if luck.is_visible():
        before = painting(live)
        luck.click()
        expect(told).to_have_text(re.compile("^Run 1 of "))
        changes(page, live, before)
    live.get_by_role("button", name="Pin", exact=True).click()
    expect(live.get_by_text("pinned").first).to_be_visible()
    live.get_by_role("button", name="Step", exact=True).click()
    demand = live.get_by_label("what is plotted")
    if demand.is_visible():
        before = painting(live)
        demand.select_option(index=1)
        changes(page, live, before)
        notebook.screenshot("on_demand")
        demand.select_option(index=0)
    with page.expect_download() as saved:
        live.get_by_role("button", name="CSV", exact=True).click()
    assert saved.value.suggested_filename == "curve.csv"
    things = live.locator(".course-lab-tries button")
    if things.count():
        plain = live.locator(".course-lab-code").input_value()
        things.first.click()
        expect(live.locator(".course-lab-code")).not_to_have_value(plain)
        expect(live.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        live.get_by_role("button", name="Defaults", exact=True).click()
        expect(live.locator(".course-lab-code")).to_have_value(plain)
        notebook.screenshot("again")
    live.get_by_role("button", name="Reset", exact=True).click()
    expect(live.get_by_role("button", name="Start", exact=True)).to_be_visible()


# Notebooks with live training and nothing else to press are found by themselves.
ELSEWHERE = {"03_better_dqn", "04_imitation"}
LIVE = [
    path.stem
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    if path.stem not in ELSEWHERE and "lab = Laboratory(" in path.read_text(encoding="utf-8")
]
LABS = {"11_several_teachers": ["chain = Laboratory("]}  # more of them
# Cells of which a picture is kept, besides live training.
LOOKS = {
    "01_q_learning": {"map": "q_map(q_star"},
    "02_dqn": {"ladder": "show(compare_runs(returns", "probes": "verdict = {"},
    "05_demonstrations": {"moon": "moon = {", "repaired": "repaired, repaired_end = "},
    "06_reward_design": {"bonus": 'symbols, "best for the bonus"', "guides": "def learn_the_lake"},
    "07_fine_tuning": {"map": "heat_map(", "harm": "harm = gains"},
    "08_parameter_efficient_fine_tuning": {"sizes": "def carried"},
    "09_continual_learning": {"forgotten": "def show_matrix", "frontier": "panels |= "},
    "10_distillation": {
        "one_state": "def see_losses",
        "losses": 'returns["advantages"] =',
        "frontier": "def by_size",
    },
    "11_several_teachers": {
        "worlds": "teacher_returns = np.stack",
        "kickstart": "def see_kickstart",
        "chains": "chains = {",
    },
}


INSTANT = {path.stem: instant(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}


# The first guess of a notebook that is a curve.
SKETCHED = {
    path.stem: ["sketched = sketch("] * ("sketched = sketch(" in path.read_text("utf-8"))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
}


def check_sketch(notebook, piece):
    cell = notebook.show_cell(piece)
    draw(notebook.page, cell)
    notebook.screenshot("sketched")
    cell.get_by_role("button", name="Clear").click()
    notebook.page.wait_for_timeout(300)


def check_instant(notebook, name):
    """Each control changes the picture or its sentence."""
    piece = INSTANT[notebook.name][name]
    cell, page = notebook.show_cell(piece), notebook.page
    expect(cell.locator(".course-lab")).to_be_visible()
    page.wait_for_timeout(500)
    move_all(cell, page)
    for control in cell.locator(".course-lab-control input[type=range]").all():
        before, place = looks(cell), control.input_value()
        control.press("ArrowRight")
        if control.input_value() == place:  # it stood at its end
            control.press("ArrowLeft")
        wait_until(page, lambda before=before: looks(cell) != before)
    notebook.screenshot(name)


@pytest.mark.parametrize("name", LIVE)
def test_live_training(opened, name):
    laboratories = ["lab = Laboratory(", *LABS.get(name, [])]
    notebook = opened(name, *laboratories, *INSTANT[name].values(), *SKETCHED[name])
    for piece in SKETCHED[name]:
        check_sketch(notebook, piece)
    for picture in INSTANT[name]:
        check_instant(notebook, picture)
    for laboratory in laboratories:
        check_laboratory(notebook, laboratory)
    for look, piece in LOOKS.get(name, {}).items():
        cell = notebook.show_cell(piece)
        expect(cell.locator("img, pre, .course-lab").locator("visible=true").first).to_be_visible()
        notebook.screenshot(look)
    assert notebook.problems == []


def check_clicks(notebook, name):
    """A click or a drag on the plot of the flight chooses its step; the state follows."""
    cell, mouse = notebook.show_cell(INSTANT[notebook.name][name]), notebook.page.mouse
    step, x = (cell.locator("input[type=number]").nth(k) for k in range(2))
    flight = cell.locator(".course-lab-below canvas")
    flight.scroll_into_view_if_needed()
    box, steps = flight.bounding_box(), []
    for share in (0.3, 0.7):
        before = x.input_value()
        mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        mouse.down()
        expect(x).not_to_have_value(before)
        steps.append(int(step.input_value()))
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=5)
    mouse.up()
    expect(cell.locator(".course-lab-told")).not_to_contain_text("by hand")
    between = (steps[0] + steps[1]) / 2  # the axis is straight
    assert steps[0] < steps[1]
    wait_until(notebook.page, lambda: abs(int(step.input_value()) - between) <= 2)
    notebook.screenshot(f"{name}_clicked")


def test_robust_readable_fast(opened):
    """Move the microscope, by clicks too; the page to take home was written."""
    pictures = INSTANT["12_robust_readable_fast"]
    notebook = opened("12_robust_readable_fast", *pictures.values(), "take_home.html")
    for picture in pictures:
        check_instant(notebook, picture)
    check_clicks(notebook, "both")
    notebook.show_cell('line_so_far("shipped (12)"')
    notebook.screenshot("story")
    assert (notebook.runs / "take_home.html").stat().st_size < 30_000
    assert notebook.problems == []


def test_better_dqn_sliders(opened):
    pictures = INSTANT["03_better_dqn"]
    notebook = opened(
        "03_better_dqn", *pictures.values(), "lab = Laboratory(", *SKETCHED["03_better_dqn"]
    )
    for piece in SKETCHED["03_better_dqn"]:
        check_sketch(notebook, piece)
    for picture in pictures:
        check_instant(notebook, picture)
    check_laboratory(notebook, "lab = Laboratory(")
    notebook.show_cell("figure.axes[0].set_ylim")
    notebook.screenshot("landing")
    assert notebook.problems == []


def wait_for_step(page, step):
    """Until the game is so far, however fast this machine plays it."""
    shown = "parseInt(document.querySelector('.course-told').textContent.split(' ')[1])"
    page.wait_for_function(f"{shown} >= {step}")


def check_discard(game, path):
    """Of a second episode; one that was stopped is not even kept. The first stays."""
    told = game.locator(".course-told")
    game.get_by_role("button", name="Start").click()
    expect(told).to_contain_text(re.compile(r"^step \d"))
    game.get_by_role("button", name="Stop").click()
    expect(told).to_contain_text("not kept")
    speed = game.get_by_label("speed")
    speed.fill("50")
    expect(game.get_by_text("50 steps a second")).to_be_visible()
    game.get_by_role("button", name="Start").click()
    expect(told).to_contain_text("saved as episode_")
    game.get_by_role("button", name="Discard").click()
    expect(told).to_contain_text("is deleted")
    assert [*path.parent.glob("episode_*")] == [path]


def test_imitation_is_played_by_keyboard(opened):
    """Fly an episode with keys and buttons; the next cell finds it and clones it."""
    notebook = opened("04_imitation", "play.Player", "play.recorded", "lab = Laboratory(")
    game, keyboard = notebook.show_cell("play.Player"), notebook.page.keyboard
    picture = game.locator("img.course-screen")
    before = picture.get_attribute("src")
    game.get_by_role("button", name="Start").click()  # from here on the keys are the game's
    expect(game.locator(".count")).to_have_text("1")
    expect(picture).not_to_have_attribute("src", before)
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    cell = notebook.page.evaluate(active)
    wait_for_step(notebook.page, 12)
    keyboard.down("ArrowUp")
    wait_for_step(notebook.page, 36)
    keyboard.up("ArrowUp")
    finger = game.get_by_role("button", name="right").bounding_box()
    notebook.page.mouse.move(finger["x"] + 9, finger["y"] + 9)
    notebook.page.mouse.down()
    wait_for_step(notebook.page, 48)
    notebook.page.mouse.up()
    assert notebook.page.evaluate(active) == cell  # they never moved the notebook
    notebook.screenshot("flying")
    told = game.locator(".course-told")
    expect(told).to_contain_text("saved as episode_")
    [path] = (notebook.runs / "played" / "LunarLander-v3").glob("episode_*.safetensors")
    action = load_file(path)["action"].tolist()
    # Each was down for a while, and up for a while.
    assert action.count(2) >= 10 and action.count(3) >= 5 and action.count(0) >= 10
    last = told.text_content()
    game.get_by_role("button", name="Replay").click()
    expect(told).to_contain_text(re.compile(r"^step \d"))
    expect(told).to_have_text(last)
    check_discard(game, path)
    notebook.show_cell("play.recorded")
    notebook.run_selected()
    clones = notebook.show_cell("play.recorded")
    expect(clones.get_by_text("episodes that you have flown: 1")).to_be_visible()
    expect(clones.get_by_text(re.compile(r"clones return -?\d"))).to_be_visible(timeout=30_000)
    notebook.screenshot("cloned")
    check_laboratory(notebook, "lab = Laboratory(")
    notebook.show_cell("record_episodes(")
    notebook.screenshot("paths")
    assert notebook.problems == []
