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
from tests.browser.conftest import FLAGS
from tests.browser.lab import PREPARED, ROOT, Notebook, served

TIMES = 40
# When a canvas is painted, and which words on it; when a sentence or a button changes.
WATCH = """() => {
  window.seen = [];
  const pen = CanvasRenderingContext2D.prototype, fillText = pen.fillText;
  pen.fillText = function (text, ...where) {
    if (this.canvas.closest(".course-lab-curves")) window.seen.push([performance.now(), text]);
    return fillText.call(this, text, ...where);
  };
}"""
# Move a slider to a place, and wait for the first painting after it that has these words.
DRAG = """async ([which, place, words]) => {
  const slider = document.querySelectorAll(".course-lab-control input[type=range]")[which];
  slider.value = place;
  const began = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const value = slider.parentElement.querySelector("input[type=number]").value;
  for (;;) {
    await new Promise(requestAnimationFrame);
    const found = window.seen.find(([time, text]) => time > began &&
      (!words || text === words + value));
    if (found) return found[0] - began;
    if (performance.now() - began > 20000) return NaN;
  }
}"""
CHOOSE = """async ([which, index]) => {
  const menu = document.querySelectorAll(".course-lab-control select")[which];
  menu.selectedIndex = index;
  const began = performance.now();
  menu.dispatchEvent(new Event("change", { bubbles: true }));
  for (;;) {
    await new Promise(requestAnimationFrame);
    const found = window.seen.find(([time]) => time > began);
    if (found) return found[0] - began;
    if (performance.now() - began > 20000) return NaN;
  }
}"""
PAUSE = """async ([word, then]) => {
  const buttons = [...document.querySelectorAll(".course-lab button")];
  const button = buttons.find(({ textContent }) => textContent === word);
  const began = performance.now();
  button.click();
  while (button.textContent !== then) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def open_with(browser, lab, name, piece):
    """A notebook in which only the cell with this piece ran, and what it needs."""
    path = lab[2] / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    [(number, source)] = preparations(notebook.cells, [piece]).items()
    needed = nbformat.v4.new_code_cell(PREPARED + source)
    notebook.cells = [needed, notebook.cells[number]]
    nbformat.write(notebook, path)
    opened = Notebook(browser, lab, name)
    opened.run([0, 1])
    opened.page.wait_for_selector(".course-lab button:not([disabled]), .course-lab-control")
    opened.page.wait_for_timeout(1000)
    opened.page.evaluate(WATCH)
    return opened


def spread(seconds):
    """Median and ninth of ten, in milliseconds."""
    return f"{statistics.median(seconds):.0f} | {sorted(seconds)[int(0.9 * len(seconds))]:.0f}"


def answers(page, controls, look):
    """One number a drag: the slider goes up and down its track."""
    places = [0.2 + 0.6 * ((7 * k) % 20) / 20 for k in range(TIMES)]
    return [page.evaluate(DRAG, [controls, place, look]) for place in places]


def main() -> None:
    lines = ["| what | median, ms | 9 of 10 within, ms | must |", "|---|---|---|---|"]
    folder = Path(tempfile.mkdtemp())
    notebooks = shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    command = [sys.executable, "-m", "jupyterlab"]
    with served(folder, command, notebooks) as (address, token), sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        where = {"executable_path": chromium} if chromium else {"channel": "chrome"}
        browser, lab = playwright.chromium.launch(args=FLAGS, **where), (address, token, folder)
        for name, piece, what in [
            ("01_q_learning", "explore(look_ahead", "γ of the lake, values computed"),
            ("03_better_dqn", "explore(band", "number of seeds, intervals computed"),
        ]:
            opened = open_with(browser, lab, name, piece)
            took = answers(opened.page, 0, "")
            lines.append(f"| {what} | {spread(took)} | 100 |")
            opened.close()
        opened = open_with(browser, lab, "08_parameter_efficient_fine_tuning", "explore(see_sweep")
        took = [opened.page.evaluate(CHOOSE, [1, k % 3]) for k in range(TIMES)]
        lines.append(f"| learning rate of a stored sweep | {spread(took)} | 30 |")
        opened.close()
        opened = open_with(browser, lab, "02_dqn", "lab = Laboratory(")
        page, paused, marked = opened.page, [], []
        page.evaluate(PAUSE, ["Start", "Pause"])
        page.wait_for_timeout(3000)
        for k in range(TIMES // 4):
            marked.append(page.evaluate(DRAG, [0, 0.3 + 0.04 * k, "learning rate = "]))
            page.wait_for_timeout(300)
            paused.append(page.evaluate(PAUSE, ["Pause", "Start"]))
            page.wait_for_timeout(300)
            page.evaluate(PAUSE, ["Start", "Pause"])
            page.wait_for_timeout(500)
        lines.append(f"| a slider of a running training, until its mark | {spread(marked)} | 200 |")
        lines.append(f"| Pause, until the training rests | {spread(paused)} | 300 |")
        opened.close()
    lines += ["", f"Of {TIMES} moves each (10 in the training). {machine()}."]
    into_page("benchmark of hands", lines)


if __name__ == "__main__":
    main()
