"""The engine of the exercises: what it prints, hands back and finds; predictions; claims."""

import numpy as np
import pytest
from IPython.display import Code

from course_utils import exercises
from course_utils.exercise_book import contents
from course_utils.exercise_book.examination import Exercise, examine
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer
from course_utils.learn import tabular
from course_utils.networks import update_target


def target_with_where(reward, terminated, next_q, discount):
    return np.where(terminated, reward, reward + discount * np.max(next_q, axis=-1))


def target_by_mask(reward, terminated, next_q, discount):
    return reward + (discount - discount * terminated) * next_q.max(-1)


def target_without_mask(reward, terminated, next_q, discount):
    return reward + discount * np.max(next_q, axis=-1)


def test_check_goes_on_with_the_right_function(capsys):
    assert exercises.check("q_learning_target", target_by_mask) is target_by_mask
    assert "right on all 6 inputs" in capsys.readouterr().out
    handed_back = exercises.check("q_learning_target", target_with_where)
    assert handed_back.__wrapped__ is target_with_where  # which gives arrays without axes
    assert isinstance(handed_back(1.0, True, np.zeros(2), 0.9), float)
    capsys.readouterr()
    assert exercises.check("q_learning_target", target_without_mask) is tabular.q_learning_target
    assert "terminal mask is missing" in capsys.readouterr().out
    assert exercises.check("q_learning_target", ...) is tabular.q_learning_target
    assert "not attempted yet" in capsys.readouterr().out


def test_check_of_a_choice_shows_no_letter_but_the_right_one(capsys):
    right = contents.find("continuous_actions").answer
    wrong, told = next(iter(contents.find("continuous_actions").mistakes.items()))
    assert exercises.check("continuous_actions", wrong) is None
    assert capsys.readouterr().out == f"continuous_actions: not yet right. {told}\n"
    assert exercises.check("continuous_actions", f" ({right.upper()}) ") == f" ({right.upper()}) "
    assert f"continuous_actions: right: '{right}'." in capsys.readouterr().out
    assert exercises.check("continuous_actions", ...) is None
    assert capsys.readouterr().out == "continuous_actions: not attempted yet.\n"


def test_hints_and_solution(capsys):
    exercises.hint("q_learning_target")
    assert "Hint 1 of 3" in (told := capsys.readouterr().out)
    assert 'Next: exercises.hint("q_learning_target", 2).' in told
    exercises.hint("q_learning_target", 99)
    assert "Hint 3 of 3" in (told := capsys.readouterr().out) and "solution" in told
    exercises.solution("continuous_actions")
    right = contents.find("continuous_actions").answer
    assert capsys.readouterr().out == f"The right choice is '{right}'.\n"


def test_a_solution_is_shown_as_it_was_written(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(exercises, "display", shown.append)
    exercises.solution("q_learning_target")
    assert isinstance(shown[0], Code)
    assert shown[0].data.startswith("def q_learning_target(reward, terminated, next_q, discount):")
    assert "    return reward + discount * (1 - terminated) * next_q.max(-1)\n" in shown[0].data
    source = contents.source_to_paste(update_target)
    assert source.startswith(
        "import torch\n\n\n@torch.no_grad()\ndef update_target(target, online, "
    )
    assert '    """Move the target network' in source


def test_an_unknown_name_lists_the_names():
    names = "There are: discounted_return, bellman_backup"
    with pytest.raises(ValueError, match=f"there is no exercise 'td'. {names}"):
        exercises.check("td", 0)


def doubled(x):
    """Twice x."""
    return 2 * x


def test_a_mistake_is_the_answer_with_a_piece_exchanged():
    assert contents.with_mistake(doubled, "2 * ⇒ 3 *")(5) == 15
    assert contents.with_mistake(doubled, "2 * x ⇒ x")(5) == 5
    assert contents.with_mistake(doubled, "⇒ doubled(x) + 1")(5) == 11
    assert doubled(5) == 10
    with pytest.raises(ValueError, match="doubled does not contain '4 \\*'"):
        contents.with_mistake(doubled, "4 * ⇒ 3 *")


def test_an_exercise_may_stand_in_python_alone():
    said = {"2 * ⇒ 3 *": "Three times is too much.", (lambda x: x): "Nothing was doubled."}
    exercise = contents.complete(Exercise(doubled, ["Add x to x."], said, cases=[(1,), (2,)]))
    assert exercise.hints == ["Add x to x."]
    with pytest.raises(WrongAnswer, match="Three times is too much"):
        examine(exercise, lambda x: x + x + x)
    with pytest.raises(WrongAnswer, match="Nothing was doubled"):
        examine(exercise, lambda x: x / 1)


def test_an_answer_is_tried_anew_each_time_and_without_touching_the_inputs():
    exercise, factor = Exercise(doubled, cases=[(1.0,), (np.ones(2),)]), 3
    with pytest.raises(WrongAnswer, match="For .* it gives 3; right is 2"):
        examine(exercise, answer := lambda x: factor * x)
    factor = 2
    assert examine(exercise, answer) == (" on all 2 inputs", answer)
    with pytest.raises(WrongAnswer, match="changes its inputs"):
        examine(exercise, lambda x: np.multiply(x, 2, out=x) if isinstance(x, np.ndarray) else 2.0)
    with pytest.raises(NotAttempted):
        examine(exercise, lambda x: ...)
    assert exercise.cases[1][0].tolist() == [1, 1]


def test_predictions(capsys):
    guess = exercises.predict("Up or down?", ["up", "down"])
    guess.reveal("down")
    assert 'No guess was made; measured: "down"' in capsys.readouterr().out
    guess.buttons.value = "up"
    guess.reveal("down")
    assert 'You guessed "up"; measured: "down"' in capsys.readouterr().out
    assert exercises.predict("Up or down?", ["up", "down"]).buttons.value == "up"
    with pytest.raises(ValueError, match="'sideways' is none of the options .'up', 'down'"):
        guess.reveal("sideways")


def test_claims(capsys):
    exercises.claim("one is less than two", 1 < 2)
    assert "holds: one is less than two" in capsys.readouterr().out
    with pytest.raises(TypeError, match="a claim is True or False, not .False, 1."):
        exercises.claim("a pair", (False, 1))
    with pytest.raises(AssertionError, match="does not hold in this run: two is less than one"):
        exercises.claim("two is less than one", 2 < 1)
