"""Every chart of the notebooks and the README, rendered by JupyterLab in a real browser.

Pictures of all of them, in both themes, are kept in runs/screenshots, to be looked at.
"""

import re
import sys

import nbformat
import pytest

from tests.browser.lab import SCREENSHOTS, Notebook, served
from tests.diagrams import diagrams, labels

DIAGRAMS = diagrams()
READY = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady"
WRITTEN = """async image => {
    await image.decode();
    const svg = decodeURIComponent(image.src.split(",").slice(1).join(","));
    const page = new DOMParser().parseFromString(svg, "image/svg+xml");
    return [...page.querySelectorAll(".nodeLabel, .edgeLabel > p")].map(part => part.textContent);
}"""


@pytest.fixture(scope="module")
def charts(browser, tmp_path_factory):
    """A notebook with a cell for each chart, open in JupyterLab."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_markdown_cell(f"```mermaid\n{d.chart}\n```") for d in DIAGRAMS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (folder / "notebooks").mkdir()
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "notebooks" / "charts.ipynb")
    command = [sys.executable, "-m", "jupyterlab"]
    with served(folder, command, folder / "notebooks") as (address, token):
        opened = Notebook(browser, (address, token, folder), "charts")
        yield opened
        opened.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_chart_is_a_picture_with_all_its_labels(charts, theme):
    charts.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
        f"JupyterLab {theme}",
    )
    charts.page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']").wait_for(state="attached")
    charts.page.reload()  # charts keep the colours of the theme in which they were rendered
    charts.page.wait_for_function(READY)
    for number, diagram in enumerate(DIAGRAMS):
        charts.select(number)
        cell = charts.page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')
        rendered = cell.locator(".jp-RenderedMermaid")
        rendered.wait_for()
        assert rendered.locator("details").count() == 0, rendered.inner_text()
        image = rendered.locator("img")
        written = [re.sub(r"\s", "", text) for text in image.evaluate(WRITTEN)]
        assert sorted(filter(None, written)) == labels(diagram.chart), diagram.place
        box = image.bounding_box()
        assert box["width"] > 200 and box["height"] > 50, diagram.place
        # In a window of 1280 pixels a cell has some 820; the letters of a wider chart shrink.
        assert float(image.get_attribute("width")) <= 1050, f"{diagram.place}: too wide"
        cell.screenshot(path=SCREENSHOTS / f"diagram_{number:02}_{diagram.place}_{theme}.png")
    assert charts.problems == []
