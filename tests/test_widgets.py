"""The widgets without a browser: callbacks are called by hand, and nothing that they raise is swallowed."""

import io
import threading
import time

import gymnasium as gym
import pytest
from PIL import Image

from course_utils import widgets
from course_utils.tabular import QLearningConfig


def count_up(config):
    for number in range(20):
        yield number * config.discount
        time.sleep(0.005)


def draw(figure, records):
    figure.subplots().plot(records)
    return f"{len(records)} records, the last is {records[-1]:.1f} <b>"


@pytest.fixture
def live():
    return widgets.LiveTraining(
        count_up, QLearningConfig(discount=1.0), draw, ["discount", "learning_rate", "steps"]
    )


def finish(live):
    live.thread.join(timeout=20)
    assert not live.thread.is_alive()


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
    live.buttons["Start"].click()
    live.sliders["discount"].value = 0.0
    finish(live)
    assert live.records[4] == 4 and live.records[-1] == 0
    assert live.config.discount == 0


def test_pause_stops_and_start_goes_on(live):
    live.buttons["Start"].click()
    live.buttons["Pause"].click()
    finish(live)
    paused_at = len(live.records)
    assert paused_at < 20 and "paused" in live.status.value
    live.buttons["Start"].click()
    finish(live)
    assert live.records == list(range(20))


def test_reset_begins_again_with_the_present_settings(live):
    live.buttons["Start"].click()
    live.sliders["discount"].value = 0.5
    live.buttons["Reset"].click()
    finish(live)
    assert live.records == [0, 0.5, 1.0, 1.5, 2.0]


def test_impatient_clicks_leave_one_thread(live):
    before = threading.active_count()
    for name in ("Start", "Start", "Step", "Reset", "Start"):
        live.buttons[name].click()
    assert threading.active_count() == before + 1
    finish(live)
    assert live.records == list(range(20))


def test_a_new_widget_pauses_the_one_before(live):
    live.buttons["Start"].click()
    widgets.LiveTraining(count_up, QLearningConfig(), draw, [])
    finish(live)
    assert len(live.records) < 20 and "paused" in live.status.value


def test_an_error_in_the_thread_is_shown(live):
    live.draw = lambda figure, records: 1 / 0
    live.buttons["Start"].click()
    finish(live)
    assert "ZeroDivisionError" in live.status.value and "Reset" in live.status.value


def test_after_an_error_in_training_start_says_so_again_and_reset_helps(live):
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
        widgets.setting_slider(live.config, "gamma")


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


def test_an_environment_is_played_by_hand():
    env = gym.make("FrozenLake-v1", is_slippery=False, render_mode="rgb_array")
    game = widgets.PlayByHand(env, ["left", "down", "right", "up"])
    assert "s = 0" in game.told.value
    first = game.picture.value
    game.buttons[2].click()
    assert game.trace == [(0, 2, 0, 1, False, False)]
    assert "a = 2 (right)" in game.told.value and game.picture.value != first
    game.buttons[1].click()
    assert game.trace[-1][-2] and "terminated = True" in game.told.value
    game.buttons[0].click()
    assert len(game.trace) == 2 and "press Reset" in game.told.value
    game.buttons[-1].click()
    assert game.trace == [] and game.state == 0
