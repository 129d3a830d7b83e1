"""From a hand's move to what is seen, in a real browser: make bench."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from app.needed import preparations
from tests.benchmarks.report import into_page, machine
from tests.browser.conftest import launch
from tests.browser.lab import PREPARED, ROOT, Notebook, instant, served

TIMES = 20  # moves of each control
# When a canvas is painted, and which words on it.
WATCH = """() => {
  window.seen = [];
  const pen = CanvasRenderingContext2D.prototype, fillText = pen.fillText;
  pen.fillText = function (text, ...where) {
    if (this.canvas.closest(".course-lab-eyes")) window.seen.push([performance.now(), text]);
    return fillText.call(this, text, ...where);
  };
}"""
# Move a control of a cell, and wait for the first painting after it (that has these words and the
# control's value): milliseconds.
MOVE = """async ([cell, which, place, words]) => {
  const lab = document.querySelector(`.jp-Cell[data-windowed-list-index="${cell}"] .course-lab`);
  const control = lab.querySelectorAll(
    ".course-lab-control input[type=range], .course-lab-control select")[which];
  const menu = control.tagName === "SELECT";
  const low = +(control.min || 0), high = +(control.max || 1);
  if (menu) control.selectedIndex = place * 20 % control.options.length;
  else control.value = low + place * (high - low);
  window.seen = [];
  const began = performance.now();
  control.dispatchEvent(new Event(menu ? "change" : "input", { bubbles: true }));
  const value = control.parentElement.querySelector("input[type=number]")?.value;
  while (performance.now() - began < 20000) {
    await new Promise(requestAnimationFrame);
    const found = window.seen.find(([, text]) => !words || text === words + value);
    if (found) return found[0] - began;
  }
  return NaN;
}"""
PRESS = """async ([word, then]) => {
  const buttons = [...document.querySelectorAll(".course-lab button")];
  const button = buttons.find(({ textContent }) => textContent === word);
  const began = performance.now();
  button.click();
  while (button.textContent !== then) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def open_with(browser, lab, name, pieces):
    """A notebook in which only the cells with these pieces ran, each after what it needs."""
    path = lab[2] / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells = []
    for number, source in preparations(notebook.cells, pieces).items():
        cells += [nbformat.v4.new_code_cell(PREPARED + source), notebook.cells[number]]
    notebook.cells = cells
    nbformat.write(notebook, path)
    opened = Notebook(browser, lab, name)
    opened.run(range(len(cells)))
    opened.page.evaluate(WATCH)
    return opened


def row(what, took, most):
    """Median and ninth of ten, in milliseconds."""
    within = sorted(took)[int(0.9 * len(took))]
    return f"| {what} | {statistics.median(took):.0f} | {within:.0f} | {most} |"


def measure_pictures(browser, lab, path):
    """A line for each picture of a notebook that answers: all its sliders and menus."""
    if not (pictures := instant(path)):
        return
    opened = open_with(browser, lab, path.stem, [*pictures.values()])
    for number, name in enumerate(pictures):
        cell, took = 2 * number + 1, []
        opened.select(cell)
        where = f'.jp-Cell[data-windowed-list-index="{cell}"] .course-lab-control'
        opened.page.wait_for_selector(f"{where}")
        opened.page.wait_for_timeout(1000)
        controls = opened.page.locator(f"{where} input[type=range], {where} select").count()
        for control in range(controls):
            places = [0.1 + 0.8 * ((7 * k) % TIMES) / TIMES for k in range(TIMES)]
            for place in places:
                took.append(opened.page.evaluate(MOVE, [cell, control, place, ""]))
        yield row(f"{path.stem[:2]} {name}", took, 100)
    opened.close()


def measure_training(browser, lab):
    """Lines for a slider of a running training, and for Pause."""
    opened = open_with(browser, lab, "02_dqn", ["lab = Laboratory("])
    page, paused, marked = opened.page, [], []
    page.wait_for_selector(".course-lab button:not([disabled])")
    page.evaluate(PRESS, ["Start", "Pause"])
    page.wait_for_timeout(3000)
    for k in range(TIMES):
        marked.append(page.evaluate(MOVE, [1, 0, 0.3 + 0.02 * k, "learning rate = "]))
        page.wait_for_timeout(300)
        paused.append(page.evaluate(PRESS, ["Pause", "Start"]))
        page.wait_for_timeout(1000)
        page.evaluate(PRESS, ["Start", "Pause"])
        page.wait_for_timeout(500)
    yield row("02 a slider of a running training, until its mark", marked, 200)
    yield row("02 Pause, until the button is Start again", paused, 300)
    opened.close()


def main() -> None:
    lines = ["| what | median, ms | 9 of 10 within, ms | must |", "|---|---|---|---|"]
    folder = Path(tempfile.mkdtemp())
    notebooks = shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    command = [sys.executable, "-m", "jupyterlab"]
    with served(folder, command, notebooks) as (address, token), sync_playwright() as playwright:
        browser, lab = launch(playwright), (address, token, folder)
        lines += measure_training(browser, lab)
        for path in sorted(notebooks.glob("*.ipynb")):
            lines += measure_pictures(browser, lab, path)
    lines += ["", f"{TIMES} moves of each control. {machine()}."]
    into_page("benchmark of hands", lines)


if __name__ == "__main__":
    main()
