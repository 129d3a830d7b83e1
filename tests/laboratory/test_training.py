"""The laboratory without a browser: asked as the front end asks; what it is told is read."""

import io
import threading
import types

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from course_utils import controls
from course_utils.laboratory import Laboratory, view
from course_utils.learner import DQNConfig
from course_utils.networks import QNetwork
from course_utils.plotting import Curve
from course_utils.settings import configuration, setting
from course_utils.train import train_dqn
from course_utils.tune import worlds  # noqa: F401, its tasks are known by name

PATIENCE = 60  # seconds after which something hangs; no test takes that long


@configuration
class Counting:
    steps: int = setting(20, 1, 100, "records of a count")
    discount: float = setting(1.0, 0, 1, "what a number is multiplied by", symbol="γ")
    speed: float = setting(1.0, 0.01, 10, "of the count", unit="m/s", log=True)


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
            yield number + 1, {"two": number * config.discount * np.ones(2)}


@pytest.fixture
def count_up():
    return CountUp()


@pytest.fixture
def lab(count_up, monkeypatch):
    made = Laboratory(count_up, Counting(), ["discount", "speed"], "number <b>")
    made.sent = []
    monkeypatch.setattr(made.view, "send", made.sent.append)
    return made


def press(lab, word):
    lab.hear({"press": word})


def start_and_wait_at_the_gate(lab):
    lab.train.gate.clear()
    lab.train.at_the_gate.clear()
    press(lab, "Start")
    assert lab.train.at_the_gate.wait(PATIENCE)


def finish(background):
    background.thread.join(PATIENCE)
    assert not background.thread.is_alive()


def values_of(lab):
    return [value[0] for _, value in lab.records["two"]]


def test_five_records_are_there_before_a_button_is_pressed_and_without_a_thread(lab):
    assert lab.thread is None and values_of(lab) == [0, 1, 2, 3, 4]
    assert Image.open(io.BytesIO(lab.view.picture)).format == "PNG"
    assert lab.view.value.startswith("At the last point, number <b>")
    stored = lab.view.stored
    assert stored["kept"]["two"]["mid"] == [0, 1, 2, 3, 4] and stored["told"] == lab.told
    assert stored["kept"]["two"]["x"] == [1, 2, 3, 4, 5] and stored["share"] == 0.25


def test_start_trains_to_the_end_and_tells_every_point_once(lab):
    press(lab, "Start")
    finish(lab)
    assert values_of(lab) == list(range(20)) and lab.told.startswith("finished")
    told = [
        x for message in lab.sent for x in message.get("points", {}).get("two", {}).get("x", [])
    ]
    assert told == list(range(6, 21))
    assert lab.sent[0]["running"] and not lab.sent[-1]["running"]
    assert lab.sent[-1]["told"] == lab.told and lab.sent[-1]["kept"] == lab.view.stored["kept"]


def test_step_makes_one_record(lab):
    press(lab, "Step")
    finish(lab)
    assert lab.count == 6 and lab.told == "paused after 6 records"


def test_a_control_changes_the_training_while_it_runs(lab):
    start_and_wait_at_the_gate(lab)
    lab.hear({"set": {"discount": 0}})
    lab.train.gate.set()
    finish(lab)
    assert values_of(lab)[4] == 4 and values_of(lab)[-1] == 0


def test_a_value_that_is_taken_is_told_to_all_views_with_the_one_that_asked(lab):
    lab.hear({"set": {"discount": 0.25, "speed": 3}, "by": 7})
    assert lab.sent == [
        {"values": {"discount": 0.25}, "by": 7},
        {"values": {"speed": 3.0}, "by": 7},
    ]
    assert (lab.config.discount, lab.config.speed) == (0.25, 3)


def test_the_defaults_hold_what_only_a_thing_to_try_sets(count_up):
    made = Laboratory(count_up, Counting(), [], tries={"Fast": {"speed": 5.0}})
    assert made.view.about["plain"] == {"speed": 1.0}
    with pytest.raises(AttributeError, match="Counting has no setting 'pace'. It has: steps"):
        Laboratory(count_up, Counting(), [], tries={"Fast": {"pace": 5.0}})


@pytest.mark.parametrize("value", [2, -1, None, "x", False])
def test_a_value_that_cannot_be_is_refused_in_a_sentence_and_the_old_one_stays(lab, value):
    lab.hear({"set": {"discount": value}, "by": 7})
    [answer] = lab.sent
    assert "by" not in answer  # the view that asked has to take it back, too
    assert answer["values"] == {"discount": 1.0} and "discount = " in answer["told"]
    assert lab.config.discount == 1


def test_pause_stops_and_start_goes_on(lab):
    start_and_wait_at_the_gate(lab)
    press(lab, "Pause")
    lab.train.gate.set()
    finish(lab)
    assert lab.count < 20 and lab.told.startswith("paused")
    press(lab, "Start")
    finish(lab)
    assert values_of(lab) == list(range(20))


def test_reset_begins_again_with_the_present_settings(lab):
    start_and_wait_at_the_gate(lab)
    lab.hear({"set": {"discount": 0.5}})
    lab.train.gate.set()
    press(lab, "Reset")
    finish(lab)
    assert values_of(lab) == [0, 0.5, 1.0, 1.5, 2.0]
    assert {"begins": True, "kept": {}, "told": "", "share": 0} in lab.sent


def test_impatient_clicks_leave_one_thread(lab):
    before = threading.active_count()
    for word in ("Start", "Start", "Step", "Reset"):
        press(lab, word)
    start_and_wait_at_the_gate(lab)
    assert threading.active_count() == before + 1
    lab.train.gate.set()
    finish(lab)
    assert values_of(lab) == list(range(20))


def test_a_new_laboratory_pauses_the_one_before(lab, count_up):
    start_and_wait_at_the_gate(lab)
    Laboratory(count_up, Counting(), [])
    count_up.gate.set()
    finish(lab)
    assert lab.count < 20 and lab.told.startswith("paused")


def test_after_an_error_start_says_so_again_and_reset_helps(lab, count_up):
    def breaks(config):
        yield 1, [1, 2]
        raise ValueError("the table holds NaN.")

    lab.train, lab.preview = breaks, 1
    press(lab, "Reset")
    finish(lab)
    for _ in range(2):
        press(lab, "Start")
        finish(lab)
        assert lab.told.startswith("Stopped by ValueError: the table holds NaN.")
        assert lab.sent[-1]["told"] == lab.told and lab.view.stored["told"] == lab.told
    lab.train = count_up
    press(lab, "Reset")
    finish(lab)
    assert lab.told == "paused after 1 records"


def test_a_view_that_opens_later_gets_all_there_is(lab):
    lab.hear({"hello": True, "by": 7})
    [answer] = lab.sent
    assert answer["kept"]["two"]["x"] == [1, 2, 3, 4, 5]
    assert "begins" not in answer  # no run has ended: there is no run before
    assert not answer["running"] and answer["told"] == "paused after 5 records"
    assert answer["values"] == {"discount": 1.0, "speed": 1.0}


def test_a_view_that_opens_during_a_training_is_told_so(lab):
    start_and_wait_at_the_gate(lab)
    lab.hear({"hello": True})
    [answer] = [message for message in lab.sent if "values" in message]
    assert answer["running"] and answer["told"] == "training …"
    lab.train.gate.set()
    finish(lab)


def test_points_that_are_not_over_are_left_out(count_up):
    def train(config):
        yield 1, {"returns": np.array([np.nan, 3.0]), "bound": 7.0}
        yield 2, {"returns": np.array([1.0, 3.0]), "bound": 8.0}

    made = Laboratory(train, Counting(), [], shipped={"shipped": Curve([0, 9], np.ones((3, 2)))})
    assert made.view.stored["kept"]["returns"]["x"] == [2]
    assert made.view.stored["kept"]["bound"] == {"x": [1, 2], "runs": [], "mid": [7.0, 8.0]}
    assert made.view.about["shipped"]["shipped"]["mid"] == [1, 1]
    [axes] = view.still(made.view.about, made.view.stored["kept"]).axes
    assert "shipped" in axes.get_legend_handles_labels()[1]  # also for who has no kernel


def test_the_agent_is_seen_at_play():
    def train(config):
        for record in train_dqn(config, seeds=2, records=2):
            yield record.step, record.training_return, record.network

    config = DQNConfig(steps=300, learning_starts=100)
    made = Laboratory(train, config, [], preview=2, env_id="CartPole-v1")
    observation, action, words, facts = made.frame
    assert made.view.about["world"] == "cartpole" and facts == {"length": 0.5}
    assert len(observation) == 4 and action in (0, 1) and words.startswith("agent 0, greedy: step")
    assert made.view.stored["frame"] == made.frame


def test_the_agent_is_seen_in_the_world_of_the_last_reset():
    def train(config):
        yield 1, np.arange(2.0), QNetwork(1, 4, 2)

    @configuration
    class Poles:
        length: float = setting(0.5, 0.05, 8, "of half a pole", once=True)

    world = {"env_id": "CartPole-LongPole-v0"}
    world["env_arguments"] = lambda config: {"length": config.length}
    made = Laboratory(train, Poles(), ["length"], preview=1, **world)
    made.hear({"set": {"length": 2.0}})
    assert made.frame[3] == {"length": 0.5}
    made.run(1, fresh=True)
    assert made.frame[3] == {"length": 2.0}


REMEMBERED = """
import gc
import weakref

import numpy as np
import ipywidgets

from course_utils import exercises
from course_utils.laboratory import Laboratory, Look, explore
from course_utils.learn.tabular import QLearningConfig

class Learner:
    def __init__(self):
        self.memory = np.zeros(100_000)
        alive.add(self)

alive = weakref.WeakSet()

def train(config):
    learner = Learner()
    while True:
        yield len(learner.memory), [1, 2]
"""
AGAIN = """
live = Laboratory(train, QLearningConfig(), ["discount"])
live.show()
guess = exercises.predict("Which?", ["this", "that"])
shown = Learner()
explore(lambda k, shown=shown: Look("a sentence"), k=(1, 5, 2))
"""
COUNT = """
gc.collect()
print(len(alive), len(getattr(ipywidgets.widgets.widget, "_instances", [])))
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


def test_loss_and_values_of_a_record_are_kept_beside_the_curve():
    def train(config):
        for record in train_dqn(DQNConfig(steps=2000), "CartPole-v1", seeds=2, records=4):
            yield record.step, {"two": record.training_return}, record

    lab = Laboratory(train, Counting(), ["discount"], env_id="CartPole-v1", preview=4)
    kept, aside = lab.view.stored["kept"], lab.view.about["aside"]
    assert set(kept) == {"two", *aside} and all(line["mid"] for line in kept.values())
    assert all(0 < mid < 500 for label in aside for mid in kept[label]["mid"])
    assert not any(label in lab.view.value for label in aside) and "two" in lab.view.value
    assert lab.frame[3] and isinstance(lab.agent, QNetwork)


def test_a_view_that_opens_while_a_training_runs_gets_each_record_once(lab):
    start_and_wait_at_the_gate(lab)
    lab.sent.clear()
    lab.hear({"hello": True})
    assert lab.sent[0]["running"] and lab.sent[0]["told"] == "training …"
    assert "kept" not in lab.sent[0]
    lab.train.gate.set()
    finish(lab)
    seen = []
    for message in lab.sent:
        if "kept" in message:
            seen = list(message["kept"]["two"]["x"])
        elif "points" in message:
            seen += message["points"].get("two", {"x": []})["x"]
    assert seen == list(range(1, 21))


def test_what_is_forgotten_leaves_no_still(lab):
    start_and_wait_at_the_gate(lab)
    lab.sent.clear()
    threading.Timer(0.2, lab.train.gate.set).start()  # Reset waits for the record that is made
    press(lab, "Reset")
    finish(lab)
    told = [message["told"] for message in lab.sent if "told" in message]
    assert {one for one in told if "paused" in one} == {"paused after 5 records"} == {told[-1]}


def test_the_still_is_made_again_when_a_training_pauses(lab, cell, monkeypatch):
    told = []
    handle = types.SimpleNamespace(update=lambda page: told.append(page.data))
    monkeypatch.setattr(controls, "display", lambda *things, **options: handle)
    cell("a", 1)
    lab.panel._ipython_display_()
    press(lab, "Step")
    finish(lab)
    assert "data:image/png;base64,iVBOR" in told[-1] and "number &lt;b&gt;" in told[-1]
    assert "Run this cell again" in told[-1]


def test_the_map_follows_the_settings_and_values_may_have_an_axis_of_their_own(monkeypatch):
    def fill(config):
        cells = config.steps**2
        yield 1, {"two": np.ones(2), "share": np.full(2, 0.5)}, np.zeros((cells, 4))

    lab = Laboratory(
        fill,
        Counting(steps=2),
        ["steps"],
        rows=lambda c: ["S" * c.steps] * c.steps,
        aside=["share"],
    )
    assert lab.view.about["rows"] == ["SS", "SS"] and "share" in lab.view.about["aside"]
    assert "share" not in lab.view.value and "share" in lab.view.stored["kept"]
    lab.hear({"set": {"steps": 3}})
    lab.run(1, fresh=True)
    table, _, _, facts = lab.frame
    assert facts == {"rows": ["SSS"] * 3} and len(table) == 9
