"""What the front end takes: settings in their own words, curves, a configuration as code."""

import numpy as np
import pytest

from course_utils.evaluation import Estimate, interval
from course_utils.laboratory import view
from course_utils.learn.tabular import QLearningConfig
from course_utils.learner import DQNConfig
from course_utils.settings import configuration, setting, switch


@configuration
class Counting:
    steps: int = setting(20, 1, 100, "records of a count")
    discount: float = setting(1.0, 0, 1, "what a number is multiplied by", symbol="γ")
    speed: float = setting(1.0, 0.01, 10, "of the count", unit="m/s", log=True)
    way: str = switch("up", names=("up", "down"), help="where it goes", once=True)


def test_what_a_control_needs_comes_from_its_setting():
    gamma = view.describe(Counting(), "discount")
    speed = view.describe(Counting(), "speed")
    assert (gamma["label"], gamma["scale"], gamma["short"]) == ("discount γ", "near one", "γ")
    assert (speed["unit"], speed["scale"], speed["whole"]) == ("m/s", "log", False)
    assert view.describe(DQNConfig(), "double")["kind"] == "switch"
    assert view.describe(DQNConfig(), "n_steps")["whole"]
    way = view.describe(Counting(), "way")
    assert (way["kind"], way["options"], way["waits"]) == ("menu", ["up", "down"], True)
    with pytest.raises(ValueError, match="Counting has no setting 'gamma'. It has: steps, disc"):
        view.describe(Counting(), "gamma")


def test_the_code_makes_the_same_configuration():
    code = view.code_of(QLearningConfig(discount=0.9, steps=1000))
    assert code["class"] == "QLearningConfig" and code["own"] == {"discount": 0.9, "steps": 1000}
    assert code["plain"]["learning_rate"] == QLearningConfig().learning_rate


def test_points_of_runs_a_line_and_an_estimate():
    runs = np.arange(12.0).reshape(4, 3)
    several, estimate = view.points([1, 2, 3], runs), interval(runs)
    assert several["runs"] == runs.tolist() and several["x"] == [1, 2, 3]
    for name, line in zip(("mid", "low", "high"), estimate, strict=True):
        assert several[name] == np.round(line, 4).tolist()
    assert view.points([1, 2], [3, 4]) == {"x": [1, 2], "runs": [], "mid": [3.0, 4.0]}
    assert view.points([1, 2, 3], Estimate(*estimate)) == several | {"runs": []}


def test_numbers_are_short_and_tiny_ones_are_not_lost():
    assert view.short([123.456789, -0.00004]) == [123.4568, -0.0]
    assert view.short([1.23456789e-5, 2e-6, 0, np.nan])[:3] == [1.235e-5, 2e-6, 0]
    assert view.short([]) == []


def test_long_curves_are_thinned_and_keep_their_last_point():
    rows = [(step, [step]) for step in range(1001)]
    assert len(view.thinned(rows)) == 168 and view.thinned(rows)[-1] == rows[-1]
    assert view.thinned(rows[:199]) == rows[:199] and view.thinned(rows[:1]) == rows[:1]
