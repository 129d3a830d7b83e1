"""The widgets without a browser: callbacks are called by hand, what they raise is not swallowed."""

import io
import threading
import types

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from course_utils import controls, widgets
from course_utils.learn.tabular import QLearningConfig

PATIENCE = 60  # seconds after which something hangs; no test takes that long


class CountUp:
    """A training of 20 records that waits after the tenth while its gate is closed."""

    def __init__(self):
        self.gate, self.at_the_gate = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, config):
        for number in range(20):
            if number == 10:
                self.at_the_gate.set()
                self.gate.wait(PATIENCE)
            yield number * config.discount


def draw(figure, records):
    figure.subplots().plot(records)
    return f"{len(records)} records, the last is {records[-1]:.1f} <b>"


@pytest.fixture
def count_up():
    return CountUp()


@pytest.fixture
def live(count_up):
    names = ["discount", "learning_rate", "steps"]
    return widgets.LiveTraining(count_up, QLearningConfig(discount=1.0), draw, names)


def start_and_wait_at_the_gate(live):
    live.train.gate.clear()
    live.train.at_the_gate.clear()
    live.buttons["Start"].click()
    assert live.train.at_the_gate.wait(PATIENCE)


def finish(background):
    background.thread.join(PATIENCE)
    assert not background.thread.is_alive()


def test_the_picture_is_there_before_a_button_is_pressed_and_without_a_thread(live):
    assert live.thread is None and len(live.records) == 5
    assert Image.open(io.BytesIO(live.image.value)).format == "PNG"
    assert live.sentence.value == "5 records, the last is 4.0 &lt;b&gt;"


def test_start_trains_to_the_end_and_draws_the_end(live):
    before = live.image.value
    live.buttons["Start"].click()
    finish(live)
    assert live.records == list(range(20))
    assert "20 records" in live.sentence.value and "finished" in live.status.value
    assert live.image.value != before


def test_step_makes_one_record(live):
    live.buttons["Step"].click()
    finish(live)
    assert len(live.records) == 6 and "paused after 6 records" in live.status.value


def test_a_slider_changes_the_training_while_it_runs(live):
    start_and_wait_at_the_gate(live)
    live.sliders["discount"].value = 0.0
    live.train.gate.set()
    finish(live)
    assert live.records[4] == 4 and live.records[-1] == 0
    assert live.config.discount == 0


def test_pause_stops_and_start_goes_on(live):
    start_and_wait_at_the_gate(live)
    live.buttons["Pause"].click()
    live.train.gate.set()
    finish(live)
    paused_at = len(live.records)
    assert paused_at < 20 and "paused" in live.status.value
    live.buttons["Start"].click()
    finish(live)
    assert live.records == list(range(20))


def test_reset_begins_again_with_the_present_settings(live):
    start_and_wait_at_the_gate(live)
    live.sliders["discount"].value = 0.5
    live.train.gate.set()
    live.buttons["Reset"].click()
    finish(live)
    assert live.records == [0, 0.5, 1.0, 1.5, 2.0]


def test_impatient_clicks_leave_one_thread(live):
    before = threading.active_count()
    for name in ("Start", "Start", "Step", "Reset"):
        live.buttons[name].click()
    start_and_wait_at_the_gate(live)
    assert threading.active_count() == before + 1
    live.train.gate.set()
    finish(live)
    assert live.records == list(range(20))


def test_a_new_widget_pauses_the_one_before(live, count_up):
    start_and_wait_at_the_gate(live)
    widgets.LiveTraining(count_up, QLearningConfig(), draw, [])
    count_up.gate.set()
    finish(live)
    assert len(live.records) < 20 and "paused" in live.status.value


def test_an_error_in_the_thread_is_shown(live):
    live.draw = lambda figure, records: 1 / 0
    live.buttons["Start"].click()
    finish(live)
    assert "ZeroDivisionError" in live.status.value and "Reset" in live.status.value


def test_after_an_error_in_training_start_says_so_again_and_reset_helps(live, count_up):
    def breaks(config):
        yield 1
        raise ValueError("the table holds NaN.")

    live.train, live.preview = breaks, 1
    live.buttons["Reset"].click()
    finish(live)
    for _ in range(2):
        live.buttons["Start"].click()
        finish(live)
        assert "Stopped by ValueError: the table holds NaN." in live.status.value
    live.train = count_up
    live.buttons["Reset"].click()
    finish(live)
    assert "paused after 1 records" in live.status.value


def test_sliders_come_from_the_settings_and_stay_within_bounds(live):
    slider = live.sliders["learning_rate"]
    assert (
        slider.description == "α learning rate"
        and slider.tooltip == "how far a value moves to its target"
    )
    slider.value = 10**slider.max  # may lie just above 1
    assert live.config.learning_rate == 1
    slider.value = 10**slider.min
    assert live.config.learning_rate == 0.001
    live.sliders["steps"].value = 1000.4
    assert live.config.steps == 1000
    with pytest.raises(
        ValueError, match="QLearningConfig has no setting 'gamma'. It has: discount"
    ):
        controls.setting_slider(live.config, "gamma")


def test_a_picture_answers_to_its_sliders():
    calls = []

    def draw(figure, seeds, shuffle):
        calls.append((seeds, shuffle))
        figure.subplots().plot([seeds, shuffle])
        return f"{seeds} seeds < {shuffle}"

    explorer = widgets.explore(draw, seeds=(3, 100, 30), shuffle=(0, 50, 7))
    seeds, shuffle, image, sentence = explorer.children
    assert (seeds.min, seeds.max, seeds.value, shuffle.value) == (3, 100, 30, 7)
    assert (
        sentence.value == "30 seeds &lt; 7" and Image.open(io.BytesIO(image.value)).format == "PNG"
    )
    before = image.value
    seeds.value = 5
    assert (
        calls == [(30, 7), (5, 7)] and sentence.value == "5 seeds &lt; 7" and image.value != before
    )


def test_background_knows_whether_it_runs_and_whether_to_stop():
    told, begun = [], threading.Event()
    background = widgets.Background(told.append)
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
    background = widgets.Background(told.append)
    background.start(lambda: {}["γ"])
    finish(background)
    assert told == ["Stopped by KeyError: 'γ'"] and not background.running
    background.start(lambda: done.append(background.should_stop))
    finish(background)
    assert done == [False] and len(told) == 1


def test_a_second_start_ends_the_first_job_before_its_own_begins():
    background, order = widgets.Background(print), []

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


def test_a_new_background_stops_the_one_before_of_its_own_class_only(live):
    first = widgets.Background(print)
    second = widgets.Background(print)
    assert first.should_stop and not second.should_stop and not live.should_stop


REMEMBERED = """
import gc
import weakref

import numpy as np
from ipywidgets import Widget

from course_utils import exercises, widgets
from course_utils.learn.tabular import QLearningConfig

class Learner:
    def __init__(self):
        self.memory = np.zeros(100_000)
        alive.add(self)

alive = weakref.WeakSet()

def train(config):
    learner = Learner()
    while True:
        yield len(learner.memory)

def draw(figure, records):
    return "a sentence"
"""
AGAIN = """
live = widgets.LiveTraining(train, QLearningConfig(), draw, ["discount"])
live.show()
guess = exercises.predict("Which?", ["this", "that"])
shown = Learner()
widgets.explore(lambda figure, k, shown=shown: "a sentence", k=(1, 5, 2))
"""
COUNT = """
gc.collect()
print(len(alive), len(getattr(widgets.ipywidgets.widgets.widget, "_instances", [])))
"""


@pytest.mark.slow
def test_a_cell_that_runs_again_lets_go_of_what_it_held():
    """Of ten runs in a kernel the last one's learners are kept, and as many widgets as of one."""
    cells = [nbformat.v4.new_code_cell(source) for source in (REMEMBERED, AGAIN, COUNT)]
    client = NotebookClient(nbformat.v4.new_notebook(cells=cells))
    with client.setup_kernel():
        client.execute_cell(cells[0], 0)
        counts = []
        for _ in range(10):
            client.execute_cell(cells[1], 1)
            outputs = client.execute_cell(cells[2], 2).outputs
            counts.append("".join(output.text for output in outputs))
    assert counts[0].startswith("2 ") and set(counts) == {counts[0]}


def test_a_still_holds_pictures_sentences_settings_and_choices(live, count_up):
    words = controls.still(live.panel)
    assert (
        "data:image/png;base64,iVBOR" in words and "5 records, the last is 4.0 &lt;b&gt;" in words
    )
    assert "α learning rate: 0.5" in words and "steps: " in words
    choice = widgets.ipywidgets.RadioButtons(options=["<", 2], value=2)
    assert controls.still(choice) == "<div>○ &lt;</div><div>● 2</div>"


def test_the_still_is_made_again_when_a_training_pauses(live, cell, monkeypatch):
    told = []
    handle = types.SimpleNamespace(update=lambda page: told.append(page.data))
    monkeypatch.setattr(controls, "display", lambda *things, **options: handle)
    cell("a", 1)
    live.panel._ipython_display_()
    live.buttons["Step"].click()
    finish(live)
    assert "paused after 6 records" in told[-1] and "Run this cell again" in told[-1]
    live.draw = lambda figure, records: 1 / 0
    live.buttons["Start"].click()
    finish(live)
    assert "ZeroDivisionError" in told[-1]
