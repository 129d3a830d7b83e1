"""Pictures that answer at once, without a browser."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils.evaluation import interval
from course_utils.laboratory import Look, explore
from course_utils.plotting import Curve
from tests.laboratory.talk import talk

RUNS = np.arange(12.0).reshape(4, 3)


def test_a_picture_answers_to_its_numbers():
    asked = []

    def show(seeds, shuffle):
        asked.append((seeds, shuffle))
        return Look(f"{seeds} seeds", {"runs": Curve([1, 2, 3], RUNS * seeds)}, levels={"one": 1})

    view, told, say = talk(explore(show, seeds=(3, 100, 30), shuffle=(0, 50, 7)))
    assert asked == [(30, 7)] and view.about["plain"] == {"seeds": 30, "shuffle": 7}
    assert view.value == "30 seeds" and Image.open(io.BytesIO(view.picture)).format == "PNG"
    before = view.picture
    say(set={"seeds": 5})
    assert asked[-1] == (5, 7) and told[0]["told"] == "5 seeds"
    assert told[0]["kept"]["runs"]["mid"] == np.round(interval(5 * RUNS).value, 4).tolist()
    assert told[0]["look"]["levels"] == {"one": 1} and view.picture == before
    say(rest=True)
    assert view.picture != before and view.stored["values"] == {"seeds": 5, "shuffle": 7}


def test_what_is_no_answer_is_refused_in_a_sentence_and_the_next_one_answers():
    def show(count, size):
        assert isinstance(count, int) and isinstance(size, float)
        if count == 7:
            raise ValueError("count = 7: must be even.")
        return Look(f"{count} {size}")

    _, told, say = talk(explore(show, count=(1, 50, 10), size=(0.0, 1.0, 0.5)))
    before = {"count": 10, "size": 0.5}
    for given, sentence in [
        ({"count": 7}, "count = 7: must be even."),
        ({"count": 1e99}, "count = 1e+99: must be a whole number between 1 and 50."),
        ({"count": 2.5}, "count = 2.5: must be a whole number between 1 and 50."),
        ({"size": -3}, "size = -3: must be a number between 0.0 and 1.0."),
    ]:
        say(set=given, by=3)
        assert told[-1] == {"values": before, "told": sentence}
    say(set={"size": 1}, by=3)
    assert told[-1]["told"] == "10 1.0" and told[-1]["by"] == 3
    assert told[-1]["values"] == {"size": 1}


def test_few_answers_are_all_there_without_a_kernel():
    def show(task, weight):
        return Look(f"{task} {weight}", bars={"both": [weight, task]}, ticks=["a", "b"])

    menus = {"task": {"common": 1, "reversed": 2}, "weight": [0.1, 3]}
    [view] = explore(show, **menus).children
    answers = view.about["answers"]
    assert {key: answer["told"] for key, answer in answers.items()} == {
        '["common","0.1"]': "1 0.1",
        '["common","3"]': "1 3",
        '["reversed","0.1"]': "2 0.1",
        '["reversed","3"]': "2 3",
    }
    assert answers['["reversed","3"]']["look"]["bars"] == {"both": [3, 2]}
    assert view.about["controls"][0]["options"] == ["common", "reversed"]
    assert view.stored["values"] == {"task": "common", "weight": "0.1"}


def test_many_answers_are_made_when_they_are_asked_for():
    [view] = explore(lambda a, b: Look("x"), a=list(range(9)), b=list(range(9))).children
    assert view.about["answers"] == {}


def test_a_look_may_move_other_controls_and_have_a_plot_below():
    asked = []

    def show(step, height):
        asked.append((step, height))
        below = Look("", {"": Curve([0, 1, 2], [3, 4, 5])}, marks=[(step, "here")], pick="step")
        return Look("it", bars={"it": [1]}, ticks=["a"], moves={"height": 2.0 * step}, below=below)

    view, told, say = talk(explore(show, step=(0, 5, 1), height=(0.0, 10.0, 2.0)))
    assert Image.open(io.BytesIO(view.picture)).height > 400  # both plots
    say(set={"step": 3})
    assert told[-1]["moves"] == {"height": 6.0} and told[-1]["values"] == {"step": 3, "height": 6}
    below = told[-1]["look"]["below"]
    assert below["look"]["pick"] == "step" and below["kept"][""]["mid"] == [3, 4, 5]
    assert below["look"]["marks"] == [{"x": 3, "text": "here"}]
    say(set={"step": 4})
    assert asked[-1] == (4, 6.0)  # as it was moved


@pytest.mark.parametrize(
    "look", [{"moves": {"b": 1}}, {"pick": "b"}, {"below": Look("", pick="b")}]
)
def test_a_look_that_moves_what_is_not_there_is_refused(look):
    with pytest.raises(ValueError, match="explore has no choice named b: mend the Look"):
        explore(lambda a: Look("it", **look), a=(0, 5, 1))


@pytest.mark.parametrize(
    "look",
    [
        Look("dots", {"dots": Curve([1, 2], [3, 4]), "line": Curve([1, 2], [3, 4])}, dots=["dots"]),
        Look("an interval", {"known": Curve([0, 1, 2], interval(RUNS))}, ticks=["a", "b", "c"]),
        Look("bars", bars={"one": [1, 2], "two": np.array([2, 3])}, ticks=["a", "b"], ylim=(0, 4)),
    ],
)
def test_what_a_look_can_hold_is_told_and_has_a_picture(look):
    [view] = explore(lambda here: look, here=["now"]).children
    assert Image.open(io.BytesIO(view.picture)).format == "PNG"
    state = look.state()
    assert state["told"] == look.sentence and state["kept"].keys() == look.curves.keys()
    assert [curve["dots"] for curve in state["kept"].values()] == [
        label in look.dots for label in look.curves
    ]
