"""A JupyterLab of its own for a test, and its notebooks in a real browser."""

import os
import re
import secrets
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "runs" / "screenshots"
WAY = [(0.2, 0.7), (0.99, 0.1)]  # of a hand that draws, as shares of the canvas
PREPARED = "# What the next cell needs:\n"


@contextmanager
def served(folder, command, at, quiet=True):
    """A JupyterLab with empty settings in this folder: its address and token.

    command: what starts it; at: where. quiet: it does not ask for news, on top of the notebook.
    """
    private = {
        f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    private["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    private["COURSE_RUNS"] = str(folder / "runs")
    if quiet:
        news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        news.parent.mkdir(parents=True)
        news.write_text('{"fetchNews": "false"}')
    port = free_port()
    token = secrets.token_hex(16)
    options = ["--no-browser", "--expose-app-in-browser", "--allow-root", f"--port={port}"]
    options.append(f"--IdentityProvider.token={token}")
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=at, env=os.environ | private, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{address}/api/status?token={token}"))
        yield address, token
    finally:
        server.terminate()
        server.wait(60)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def instant(path):
    """Function → cell, of the pictures of a notebook that answer at once."""
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    found = [(re.search(r"^(?:explore|microscope)\(\s*(\w+)", cell, re.M), cell) for cell in cells]
    return {called[1]: cell for called, cell in found if called}


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


def wait_for(condition, tries=1000):
    for _ in range(tries):
        if condition():
            return
        time.sleep(0.2)
    raise TimeoutError(f"asked {tries} times in vain")


def restart(page):
    """The kernel begins again; widgets lose theirs."""
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )


def draw(page, view):
    """Draw a rising curve with the mouse, and move its first point by keys. Returns its canvas."""
    canvas = view.locator(".course-lab-sketch canvas")
    canvas.scroll_into_view_if_needed()
    low, high, now = (f"aria-value{name}" for name in ("min", "max", "now"))
    low, high = (float(canvas.get_attribute(name)) for name in (low, high))
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in WAY]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=20)
    page.mouse.up()
    assert float(canvas.get_attribute(now)) > 0.2 * low + 0.8 * high  # its last point
    canvas.press("Home")
    before = float(canvas.get_attribute(now))
    assert before < 0.6 * low + 0.4 * high
    canvas.press("ArrowUp")
    up = float(canvas.get_attribute(now)) - before
    assert abs(up - (high - low) / 20) < (high - low) / 500
    return canvas


class Notebook:
    """One notebook, open as it is stored. Cells are found by a piece of their source."""

    def __init__(self, browser, lab, name, options="&reset"):
        address, token, folder = lab
        self.name, self.runs = name, folder / "runs"
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.set_default_timeout(120_000)
        self.problems = []
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(f"{address}/lab/tree/{name}.ipynb?token={token}{options}")
        self.page.wait_for_function(
            "window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady"
        )

    def hear(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def run(self, cells):
        """Run the cells with these numbers, one after another; none may fail."""
        for number in cells:
            self.select(number)
            self.run_selected()
        ran = [self.cells()[number] for number in cells]
        assert [cell["execution_count"] for cell in ran] == list(range(1, len(ran) + 1))
        outputs = [output for cell in ran for output in cell["outputs"]]
        assert [out["evalue"] for out in outputs if out["output_type"] == "error"] == []

    def cells(self):
        """The model's cells; the page itself may leave out those that are not in view."""
        cells = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        )
        return [cell | {"source": "".join(cell["source"])} for cell in cells]

    def select(self, index):
        self.page.evaluate(
            "i => { const c = window.jupyterapp.shell.currentWidget.content; c.deselectAll();"
            " c.activeCellIndex = i; return c.scrollToItem(i, 'start'); }",
            index,
        )

    def run_selected(self):
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")

    def show_cell(self, piece):
        code = {i: c["source"] for i, c in enumerate(self.cells()) if c["cell_type"] == "code"}
        found = [i for i in code if piece in code[i] and not code[i].startswith(PREPARED)]
        assert found, f"no cell of {self.name} contains {piece!r}"
        self.select(found[0])
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{found[0]}"]')

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{self.name}_{name}.png")

    def close(self):
        """Its kernel ends, too: thirteen of them would take several GB."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()
