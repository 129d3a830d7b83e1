"""A curve that is drawn: as a choice, and as a guess that the result is laid over."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from course_utils import storage
from course_utils.exercise_book import progress
from course_utils.laboratory import Drawn, Look, explore, sketch
from course_utils.plotting import Curve
from tests.laboratory.talk import talk

RUNS = np.array([[0.2, 0.4, 0.6], [0.4, 0.6, 0.8]])


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """What was displayed; guesses and notes of its own."""
    panels = []
    monkeypatch.setattr(sys.modules[sketch.__module__], "display", panels.append)
    monkeypatch.setattr(sketch, "guesses", {})
    monkeypatch.setattr(sketch, "reveals", {})
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    return panels


def test_a_choice_that_is_a_curve():
    asked = []
    choice = Drawn([0, 1, 3], -1, 1, [0, 0, 1], "position", "potential")
    panel = explore(lambda phi: asked.append(phi) or Look(f"{phi}"), phi=choice)
    view, told, say = talk(panel)
    [control] = view.about["controls"]
    assert (control["kind"], control["blank"], control["x"]) == ("curve", [0, 0, 1], [0, 1, 3])
    assert asked == [[0, 0, 1]] and view.about["plain"] == {"phi": [0, 0, 1]}
    say(set={"phi": [0, 0.5, -1]}, by=2)
    assert asked[-1] == [0, 0.5, -1] and told[-1]["values"] == {"phi": [0, 0.5, -1]}
    for wrong, sentence in [
        ([0, 1], "phi: must be 3 numbers, one for each x."),
        ([0, 1, 2], "phi: must lie between -1 and 1."),
        ([0, "a", 1], "must be numbers"),
        ([0, float("nan"), 1], "NaN or infinite"),
    ]:
        say(set={"phi": wrong}, by=2)
        assert sentence in told[-1]["told"] and told[-1]["values"] == {"phi": [0, 0.5, -1]}


def test_names_are_equally_far_apart():
    choice = Drawn(["low", "middle", "high"], 0, 1)
    assert choice.ticks() == ["low", "middle", "high"] and choice.places() == [0, 1, 2]
    assert choice.control("phi")["start"] is None and choice.take("phi", None) is None


def test_nothing_drawn_shows_the_measured_curve_alone(shown):
    guess = sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    [asked] = shown[0].children
    assert asked.value.startswith("Your guess first. Which way? Draw")
    assert asked.stored["kept"] == {} and asked.stored["look"]["xlim"] == (1, 3)
    assert Image.open(io.BytesIO(asked.picture)).format == "PNG"
    guess.reveal({"measured": RUNS}, "It rises.")
    [answer] = shown[1].children
    assert answer.value == "It rises. No guess was drawn." and progress.noted() == []
    assert list(answer.stored["kept"]) == ["measured"]
    assert answer.stored["kept"]["measured"]["low"] == [0.2, 0.4, 0.6]


def test_the_reveal_follows_a_later_guess(shown):
    guess = sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    guess.reveal({"measured": RUNS, "other": [0, 0, 0]}, "It rises.")
    _, _, draw = talk(shown[0])
    answer, told, _ = talk(shown[1])
    before = answer.picture
    draw(set={"your_guess": [0.3, 0.5, 0.1]})
    sentence = "It rises. Your curve is 0.2 away on average, most at rounds 3: 0.6 too low."
    assert told[-1]["told"] == sentence and answer.picture == before
    assert list(told[-1]["kept"]) == ["measured", "your guess", "other"]
    draw(rest=True)
    assert answer.value == told[-1]["told"] and answer.picture != before
    draw(set={"your_guess": [0.8, 0.5, 0.7]})
    assert "most at rounds 1: 0.5 too high." in told[-1]["told"]
    draw(set={"your_guess": None})
    assert told[-1]["told"] == "It rises. No guess was drawn."
    assert progress.noted() == [("prediction", "Which way?", "drawn")]


def test_a_guess_is_kept_when_the_cell_runs_again_if_it_still_fits(shown):
    sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    talk(shown[0])[2](set={"your_guess": [0.3, 0.5, 0.1]})
    again = sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    assert shown[1].children[0].about["plain"] == {"your_guess": [0.3, 0.5, 0.1]}
    assert shown[1].children[0].about["controls"][0]["blank"] is None
    again.reveal({"measured": RUNS}, "It rises.")
    assert "Your curve is 0.2 away" in shown[2].children[0].value
    sketch("Which way?", [1, 2], (0, 1), "rounds", "return")
    assert shown[3].children[0].about["plain"] == {"your_guess": None}


def test_every_reveal_follows_also_when_the_question_is_asked_again(shown):
    guess = sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    guess.reveal({"measured": RUNS}, "It rises.")
    guess.reveal({"far": [0, 2, 0]}, "It peaks.")
    sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    sketch("Which way?", [1, 2], (0, 1), "rounds", "return")  # is another question
    answers = [talk(panel)[1] for panel in shown[1:3]]
    talk(shown[4])[2](set={"your_guess": [1, 1]})
    assert answers == [[], []]
    talk(shown[3])[2](set={"your_guess": [0.3, 0.5, 0.1]})
    assert [told[-1]["told"][:9] for told in answers] == ["It rises.", "It peaks."]
    assert [told[-1]["look"]["ylim"] for told in answers] == [(0, 1), (0, 2)]  # each its own


def test_a_curve_over_other_steps_is_compared_where_it_was_measured(shown):
    guess = sketch("Which way?", [0, 10], (0, 1), "step", "return")
    talk(shown[0])[2](set={"your_guess": [0, 1]})
    guess.reveal({"measured": Curve([0, 5, 10], [0.0, 0.0, 1.0])}, "Late.")
    assert "most at step 5: 0.5 too high." in shown[1].children[0].value
    with pytest.raises(ValueError, match="late.*must be numbers"):
        guess.reveal({"late": Curve(["a", "b"], [0, 1])}, "Late.")
    named = sketch("Which way?", ["low", "high"], (0, 1), "size", "return")
    talk(shown[2])[2](set={"your_guess": [0, 1]})
    named.reveal({"measured": Curve([0.2, 0.9], [0.0, 0.0])}, "Between.")
    assert "most at size high: 0.9 too high." in shown[3].children[0].value


def test_a_view_that_was_closed_is_told_nothing(shown):
    guess = sketch("Which way?", [1, 2, 3], (0, 1), "rounds", "return")
    guess.reveal({"measured": RUNS}, "It rises.")
    shown[1].close()
    _, told, draw = talk(shown[0])
    draw(set={"your_guess": [0.3, 0.5, 0.1]})
    assert "Draw" in told[-1]["told"]
