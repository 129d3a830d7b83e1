"""The laboratory under rough hands: wrong values, two views, another theme, a reload, a restart."""

import re
import sys

import nbformat
import pytest
from playwright.sync_api import expect

from course_utils.laboratory import Look, explore
from course_utils.laboratory.view import front_end
from tests.browser.lab import Notebook, draw, restart, served, wait_for

COUNTING = """
import time

import numpy as np

from course_utils.laboratory import Laboratory, Look, explore
from course_utils.settings import configuration, setting

@configuration
class Counting:
    steps: int = setting(3000, 1, 10_000, "records of a count")
    speed: float = setting(1.0, 0.01, 10, "of the count", unit="m/s", log=True)
    width: int = setting(8, 1, 64, "read once", once=True)

def count(config):
    for number in range(config.steps):
        time.sleep(0.02)
        yield number, {"each": number * config.speed * np.arange(1, 4)}

lab = Laboratory(count, Counting(), ["speed", "width"], tries={"Fast": {"speed": 5.0}})
lab.show()
"""
ANSWERS = """
def strict(count):
    if count == 7:
        raise ValueError("count = 7: must not be 7.")
    return Look(f"{count} of them", bars={"all": [0, 0]}, ticks=["a", "b"])

explore(strict, count=(1, 50, 10))
"""
COMMAND = "([name, options]) => window.jupyterapp.commands.execute(name, options)"


GUESSED = """
from course_utils.laboratory import Drawn, Look, explore, sketch

guess = sketch("Which way?", ["low", "middle", "high"], (0, 100), "size", "return")
"""
REVEALED = 'guess.reveal({"measured": [[10, 20, 90], [20, 30, 80]]}, "It rises.")'
POTENTIAL = """
level = Drawn([0, 1, 2, 3], -1, 1, [0, 0, 0, 0], "position", "potential")
explore(lambda phi: Look(f"the sum is {sum(phi):.2f}"), phi=level)
"""
STEPS = """
from course_utils.plotting import Curve

def stand(step, height):
    there = {"step": 3, "height": 0.5}
    below = Look("", {"": Curve(range(5), range(5))}, pick="step", moves=there)
    return Look(f"{step}, {height}", below=below)

explore(stand, step=(0, 4, 3), height=(0.0, 1.0, 0.5))
"""


@pytest.fixture
def notebook(request, browser, tmp_path):
    """A notebook of these cells, in a JupyterLab of its own."""
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(code) for code in request.param]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    work = tmp_path / "work"
    work.mkdir()
    nbformat.write(book, work / "rough.ipynb")
    with served(tmp_path, [sys.executable, "-m", "jupyterlab"], work) as (address, token):
        opened = Notebook(browser, (address, token, tmp_path), "rough")
        opened.run(range(len(request.param)))
        yield opened
        opened.close()


def press(view, word):
    view.get_by_role("button", name=word, exact=True).click()


def check_wrong_values(view, other):
    number, told = view.locator("input[type=number]").first, view.locator(".course-lab-told")
    for wrong in ("1e99", "-3"):
        number.fill(wrong)
        number.press("Enter")
        expect(told).to_have_text(re.compile(r"speed = .*: must be a number between 0.01 and 10"))
        expect(number).to_have_value("1")
    number.fill("")
    number.press("Enter")
    expect(number).to_have_value("1")
    number.fill("9.8")
    number.press("Enter")
    expect(told).to_have_text("training …")
    assert float(view.locator("input[type=range]").first.input_value()) > 0.99
    expect(other.locator("input[type=number]").first).to_have_value("9.8")


def check_luck(view):
    """One run after the other, each told with its value, then all again."""
    told, legend = view.locator(".course-lab-told"), view.locator(".course-lab-legend")
    for run in (1, 2, 3):
        press(view, "Was it luck?")
        expect(told).to_have_text(re.compile(rf"^Run {run} of 3: each [\d.]+, all [\d.]+$"))
        expect(legend).to_have_text(re.compile(rf"each, run {run}: [\d.]+, all: [\d.]+"))
    press(view, "Was it luck?")
    expect(told).not_to_have_text(re.compile("^Run"))
    expect(legend).to_have_text(re.compile(r"each: [\d.]+ \[[\d.]+, [\d.]+\]"))


def check_answers(cell):
    number, told = cell.locator("input[type=number]"), cell.locator(".course-lab-told")
    number.fill("7")
    number.press("Enter")
    expect(told).to_have_text("count = 7: must not be 7.")
    expect(number).to_have_value("10")
    number.fill("8")
    number.press("Enter")
    expect(told).to_have_text("8 of them")


def check_click(view):
    """On the step that is chosen already: what a hand has moved goes back."""
    told, number = view.locator(".course-lab-told"), view.locator("input[type=number]").last
    number.fill("0.9")
    number.press("Enter")
    expect(told).to_have_text("3, 0.9")
    plot = view.locator(".course-lab-below canvas")
    box = plot.bounding_box()
    plot.click(position={"x": 0.75 * box["width"], "y": 0.5 * box["height"]})
    expect(told).to_have_text("3, 0.5")
    expect(number).to_have_value("0.5")


def check_two_pointers(canvas):
    """A second finger draws nothing, and does not end the stroke of the first."""
    now = canvas.evaluate("""canvas => {
        const { left, top, width, height } = canvas.getBoundingClientRect();
        canvas.setPointerCapture = () => {};
        for (const [type, pointerId, x, y] of [
            ["down", 1, 0.2, 0.7], ["down", 2, 0.3, 0.1], ["move", 2, 0.9, 0.1],
            ["up", 2, 0.9, 0.1], ["move", 1, 0.95, 0.7], ["up", 1, 0.95, 0.7],
        ]) canvas.dispatchEvent(new PointerEvent(`pointer${type}`, {
            pointerId, button: 0, clientX: left + x * width, clientY: top + y * height,
        }));
        delete canvas.setPointerCapture;
        return canvas.ariaValueNow;
    }""")
    assert 0 < float(now) < 30


def check_places(page, view):
    """Controls are beside the picture where there is room, else below it; nothing sticks out."""
    places = [view.locator(part) for part in (".course-lab-hand", ".course-lab-eyes")]
    for width, beside in ((1280, True), (560, False)):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(500)
        hand, eyes = (place.bounding_box() for place in places)
        assert (hand["x"] + hand["width"] <= eyes["x"]) == beside
        assert (eyes["y"] + eyes["height"] <= hand["y"]) == (not beside)
        assert max(place["x"] + place["width"] for place in (hand, eyes)) <= width
    page.set_viewport_size({"width": 1280, "height": 1000})


@pytest.mark.parametrize("notebook", [[COUNTING, "lab.show()", ANSWERS]], indirect=True)
def test_rough_hands(notebook):
    page, views = notebook.page, notebook.page.locator(".course-lab:visible")
    notebook.select(0)
    expect(views).to_have_count(3)
    press(views.first, "Start")
    expect(views.nth(1).get_by_role("button", name="Pause")).to_be_visible()
    check_wrong_values(views.first, views.nth(1))
    check_luck(views.first)
    press(views.first, "Fast")
    expect(views.first.locator(".course-lab-code")).to_have_value("Counting(speed=5)")
    page.evaluate(COMMAND, ["docmanager:save", {}])
    page.goto(page.url.replace("&reset", ""))
    expect(views.first.locator(".course-lab-told")).to_have_text("training …")
    expect(views.first.get_by_role("button", name="Pause")).to_be_enabled()
    expect(views.first.locator("input[type=number]").first).to_have_value("5")
    expect(page.get_by_text("run before")).to_have_count(0)
    page.evaluate(COMMAND, ["notebook:interrupt-kernel", {}])
    expect(views.first.locator(".course-lab-told")).to_have_text(re.compile("^paused after"))
    check_answers(views.nth(2))
    check_places(page, views.nth(2))
    expect(views.nth(2).get_by_role("button", name="Was it luck?")).to_have_count(0)
    answered = views.nth(2).locator(".course-lab-curves canvas")
    before = answered.evaluate("canvas => canvas.toDataURL()")
    page.evaluate(COMMAND, ["apputils:change-theme", {"theme": "JupyterLab Dark"}])
    wait_for(lambda: answered.evaluate("canvas => canvas.toDataURL()") != before, tries=100)
    assert notebook.problems == []  # at the restart JupyterLab may miss its own debugger
    restart(page)
    expect(views.first.locator(".course-lab-told")).to_have_text(re.compile("^ ?These controls"))
    expect(views.first.get_by_role("button", name="Start")).to_be_disabled()


@pytest.mark.parametrize("notebook", [[GUESSED, REVEALED, POTENTIAL, STEPS]], indirect=True)
def test_a_curve_is_drawn(notebook):
    """By mouse and by keys; the reveal follows, a choice answers; Clear; another theme; asleep."""
    page, views = notebook.page, notebook.page.locator(".course-lab:visible")
    notebook.select(0)
    expect(views).to_have_count(4)
    check_click(views.nth(3))
    told = views.nth(1).locator(".course-lab-told")
    expect(told).to_have_text("It rises. No guess was drawn.")
    canvas = draw(page, views.first)
    expect(told).to_contain_text(re.compile("most at size (low|middle): .* too (high|low)"))
    before = told.inner_text()
    canvas.press("PageUp")
    expect(told).not_to_have_text(before)
    expect(views.nth(1).locator(".course-lab-legend")).to_contain_text("your guess")
    notebook.screenshot("sketched")
    page.evaluate(COMMAND, ["apputils:change-theme", {"theme": "JupyterLab Dark"}])
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    canvas.blur()
    wait_for(lambda: canvas.evaluate("canvas => canvas.toDataURL()") != before, tries=100)
    notebook.screenshot("sketched_dark")
    check_two_pointers(canvas)
    notebook.select(0)
    notebook.run_selected()  # the question is asked again: the guess stays, the reveal follows
    wait_for(lambda: notebook.cells()[0]["execution_count"] == 5)
    expect(views).to_have_count(4)
    expect(canvas).to_have_attribute("aria-disabled", "false")
    before = told.inner_text()
    draw(page, views.first)
    expect(told).not_to_have_text(before)
    press(views.first, "Clear")
    expect(told).to_have_text("It rises. No guess was drawn.")
    expect(canvas).to_have_attribute("aria-valuetext", re.compile("nothing is drawn yet"))
    chosen = views.nth(2).locator(".course-lab-told")
    expect(chosen).to_have_text("the sum is 0.00")
    draw(page, views.nth(2))
    expect(chosen).not_to_have_text("the sum is 0.00")
    press(views.nth(2), "Clear")
    expect(chosen).to_have_text("the sum is 0.00")
    assert notebook.problems == []
    restart(page)
    expect(canvas).to_have_attribute("aria-disabled", "true")
    expect(told).to_have_text("It rises. No guess was drawn.")


IN_A_SECOND = """async ([script, about, stored]) => {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const { render } = (await import(address)).default, seen = new Set();
    let asked = [];
    window.requestAnimationFrame = (call) => asked.push(call);
    const model = { get: (name) => ({ about, stored })[name], on() {}, off() {}, send() {} };
    render({ model, el: document.body });
    for (let now = 0; now < 990; now += 16) {
        const calls = asked;
        asked = [];
        calls.forEach((call) => call(now));
        seen.add(document.querySelector("figcaption").textContent);
    }
    return [...seen];
}"""


@pytest.mark.parametrize(
    ("world", "size", "count"), [("shop", 3, 4), ("mine", 5, 4), ("cartpole", 4, 9)]
)
def test_days_are_shown_more_slowly_than_the_steps_of_a_pole(browser, world, size, count):
    frames = [([0.1] * size, 1, f"step {k}", {}) for k in range(9)]
    view = explore(lambda n: Look("", frames=frames), world, n=(0, 9, 0)).children[0]
    page = browser.new_page()
    seen = page.evaluate(IN_A_SECOND, [front_end(world), view.about, view.stored])
    page.close()
    assert seen == [words for *_, words, _ in frames[:count]]
