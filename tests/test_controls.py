"""Controls without a browser: jobs in the background, stills, panels of cells that run again."""

import base64
import io
import threading

import nbformat
import pytest
from jupyter_core.utils import run_sync
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

from course_utils import controls, plotting

PATIENCE = 60  # seconds after which something hangs; no test takes that long
SCREEN = io.BytesIO()
Image.new("RGB", (300, 200)).save(SCREEN, "png")
PNG = SCREEN.getvalue()


def finish(background):
    background.thread.join(PATIENCE)
    assert not background.thread.is_alive()


def test_panels_of_other_cells_stay_and_one_that_is_shown_again(cell):
    first, second, third = (controls.Panel([controls.ipywidgets.IntSlider()]) for _ in range(3))
    cell("a", 1)
    first._ipython_display_()
    cell("b", 1)
    second._ipython_display_()
    cell("a", 2)
    first._ipython_display_()
    assert first.comm and second.comm
    cell("a", 3)
    slider = first.children[0]
    third._ipython_display_()
    assert not (first.comm or slider.comm or slider.layout.comm or first.children)
    assert second.comm and third.comm
    third.close()


def test_background_knows_whether_it_runs_and_whether_to_stop():
    told, begun = [], threading.Event()
    background = controls.Background(told.append)
    assert not background.running and not background.should_stop and background.thread is None

    def work_until_stopped():
        begun.set()
        while not background.should_stop:
            pass

    background.start(work_until_stopped)
    assert begun.wait(PATIENCE) and background.running and background.thread.daemon
    background.stop()
    assert background.should_stop
    finish(background)
    assert not background.running and told == []


def test_background_tells_an_error_and_can_start_again():
    told, done = [], []
    background = controls.Background(told.append)
    background.start(lambda: {}["γ"])
    finish(background)
    assert told == ["Stopped by KeyError: 'γ'"] and not background.running
    background.start(lambda: done.append(background.should_stop))
    finish(background)
    assert done == [False] and len(told) == 1


def test_a_second_start_ends_the_first_job_before_its_own_begins():
    background, order = controls.Background(print), []

    def work(name):
        order.append(f"{name} begins")
        while name == "first" and not background.should_stop:
            pass
        order.append(f"{name} ends")

    before = threading.active_count()
    background.start(lambda: work("first"))
    background.start(lambda: work("second"))
    finish(background)
    assert order == ["first begins", "first ends", "second begins", "second ends"]
    assert threading.active_count() == before


class Other(controls.Background):
    pass


def test_a_new_background_stops_the_one_before_of_its_own_class_only():
    other = Other(print)
    first = controls.Background(print)
    second = controls.Background(print)
    assert first.should_stop and not second.should_stop and not other.should_stop


def test_a_still_holds_pictures_sentences_and_choices():
    choice = controls.ipywidgets.RadioButtons(options=["<", 2], value=2)
    assert controls.still(choice) == "<div>○ &lt;</div><div>● 2</div>"
    number = controls.ipywidgets.IntSlider(description="seeds", value=7)
    image = controls.ipywidgets.Image(value=PNG)
    words = controls.still(controls.Panel([number, image]))
    assert words.count("data:image/png;base64,iVBORw") == 1
    data = controls.pictures(controls.Panel([number, image]))["image/png"]
    assert base64.b64decode(data) == PNG
    assert controls.pictures(number) == {} and controls.sentence(number) == ""
    told = controls.ipywidgets.HTML("s &lt; 3")
    panel = controls.Panel([number, image, told, number])
    assert (
        controls.sentence(panel) == "s < 3" and controls.Still(panel)._repr_markdown_() == "s < 3"
    )


def test_a_figure_is_shown_at_half_of_its_dots_and_the_screen_of_a_game_as_it_is():
    figure = base64.b64encode(plotting.to_png(Figure(figsize=(7.2, 3))))
    assert controls.width(figure) == 648 and controls.width(base64.b64encode(PNG)) == 300
    game = controls.Panel([controls.ipywidgets.Image(value=PNG)])
    assert 'width="300"' in controls.still(game)


ENDLESS = """
import time
from course_utils.controls import Background

job = Background(print)

def work():
    while not job.should_stop:
        time.sleep(0.01)

job.start(work)
"""


@pytest.mark.slow
def test_an_interrupt_of_a_kernel_at_rest_stops_the_job():
    sources = (ENDLESS, "print(job.running)")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = NotebookClient(nbformat.v4.new_notebook(cells=cells))
    with client.setup_kernel():
        client.execute_cell(cells[0], 0)
        assert client.execute_cell(cells[1], 1).outputs[0].text == "True\n"
        for _ in range(100):  # one that comes while a cell still runs is the cell's
            run_sync(client.km.interrupt_kernel)()
            client.execute_cell(cells[1], 1)
            if cells[1].outputs[0].get("text") == "False\n":
                break
        assert cells[1].outputs[0].text == "False\n"
