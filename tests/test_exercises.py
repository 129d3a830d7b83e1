"""The engine of the exercises: what it prints, hands back and finds; predictions; claims."""

import signal
import sys
import types
from random import getstate, seed

import numpy as np
import pytest
import torch
from IPython.display import Code

from course_utils import exercises, storage
from course_utils.exercise_book import contents, progress, trial
from course_utils.exercise_book.examination import Exercise, examine, judge
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
    assert "right on all 7 inputs" in capsys.readouterr().out
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
    thrice = contents.with_mistake(doubled, "2 * ⇒ 3 *")
    said = {thrice: "Three times is too much.", (lambda x: x): "Nothing was doubled."}
    exercise = Exercise(doubled, ["Add x to x."], said, cases=[(1,), (2,)])
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


def test_the_reveal_follows_a_later_guess(monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    shown = []
    handle = types.SimpleNamespace(update=lambda what, raw: shown.append(what["text/plain"]))
    monkeypatch.setattr(exercises, "display", lambda *what, **options: handle)
    guess = exercises.predict("Sooner or later?", ["sooner", "later"])
    guess.buttons.value = "sooner"
    assert shown == [] and progress.noted() == []  # nothing is revealed yet
    guess.reveal("later")
    guess.buttons.value = "later"
    assert shown == ['You guessed "later"; measured: "later".']
    noted = [result for _, _, result in progress.noted()]
    assert noted == ["sooner", "later"]
    with pytest.raises(ValueError, match="'never' is none of the options"):
        guess.reveal("never")


def test_claims(capsys):
    exercises.claim("one is less than two", 1 < 2)
    assert "holds: one is less than two" in capsys.readouterr().out
    with pytest.raises(TypeError, match="a claim is True or False, not .False, 1."):
        exercises.claim("a pair", (False, 1))
    with pytest.raises(AssertionError, match="does not hold in this run: two is less than one"):
        exercises.claim("two is less than one", 2 < 1)


def test_a_claim_tells_the_seed_that_was_set_from_outside(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_SEED", "7")
    exercises.claim("one is less than two", 1 < 2)
    assert capsys.readouterr().out == "holds with seed 7: one is less than two\n"
    with pytest.raises(AssertionError, match="not hold in this run with seed 7: two is less"):
        exercises.claim("two is less than one", 2 < 1)


def tried(answer, *cases, **more):
    """The sentence that `examine` has for a wrong answer to `doubled`."""
    with pytest.raises(WrongAnswer) as caught:
        examine(Exercise(doubled, cases=list(cases) or [(1.0,), (np.ones(2),)], **more), answer)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 700
    return str(caught.value)


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_a_loop_without_an_end_is_stopped(monkeypatch, handler):
    monkeypatch.setattr(trial, "SECONDS", 0.2)
    before = signal.signal(signal.SIGINT, handler)  # ignored, where Python runs in the background

    def endless(x):
        while True:
            pass

    try:
        assert tried(endless).startswith("Your function took longer than 0.2 seconds: is there a")
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert examine(Exercise(doubled, cases=[(1,)]), doubled)[0] == " on all 1 inputs"


def test_a_learners_own_interrupt_goes_through():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(Exercise(doubled, cases=[(1.0,)]), interrupted)


def test_a_flood_of_output_is_held_back(capsys):
    def talkative(x):
        for line in range(5000):
            print("line", line)
        return 2 * x

    exercise = Exercise(doubled, cases=[(1.0,)])
    assert examine(exercise, talkative)[1] is talkative
    shown = capsys.readouterr().out
    assert shown.startswith("line 0\nline 1\n") and shown.count("line ") == 20
    assert shown.endswith(" …\n(More output is held back.)\n")


def test_settings_of_the_libraries_are_put_back():
    def careless(x):
        np.seterr(all="raise")
        seed(1)
        torch.manual_seed(1)
        return 2 * x

    before = np.geterr(), getstate(), torch.get_rng_state()
    examine(Exercise(doubled, cases=[(1.0,)]), careless)
    assert (np.geterr(), getstate()) == before[:2]
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize(
    "change",
    [lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_grad_enabled(False)],
)
def test_a_setting_that_the_notebook_needs_is_put_back_and_told(change):
    def careless(x):
        change()
        return 2 * x

    assert "changes a setting of all of PyTorch" in tried(careless)
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


def test_every_kind_of_end_becomes_a_short_sentence():
    def leaves(x):
        sys.exit()

    def shouts(x):
        raise ValueError("very\n" * 100_000)

    def sinks(x):
        return sinks(x)

    assert "Your function raised SystemExit. Inputs: (1.0,)." in tried(leaves)
    assert "Your function raised ValueError: very very" in tried(shouts)
    assert "Your function raised RecursionError" in tried(sinks)
    assert "A function is asked for; this is [0, 0" in tried([0] * 1000)


def test_types_that_would_stop_the_notebook_are_told():
    assert "must return a NumPy array or a number" in tried(lambda x: [2 * x])
    assert "it returned a tensor of PyTorch" in tried(lambda x: torch.as_tensor(2 * x))
    assert "it returned something of type str: '2.0'" in tried(lambda x: str(2 * x))
    assert "consists of float16" in tried(lambda x: np.float16(2 * x))
    one = (torch.ones(2, 3),)
    assert "`torch.stack(…)` makes a tensor of a list" in tried(lambda x: list(2 * x), one)
    assert "takes away all axes of length 1" in tried(
        lambda x: 2 * x.squeeze(), (torch.ones(1, 3),)
    )
    assert "write `amax(-1)`" in tried(lambda x: (2 * x).max(-1), one)
    assert "write `amax(-1)`" in tried(lambda x: 0.5 * x.max(-1) * 4, one)
    assert "write `amax(-1)`" in tried(lambda x: x[:, 0] * x.max(-1), one)
    assert "it returned a NumPy array or a number" in tried(lambda x: (2 * x).numpy(), one)
    assert "consists of torch.int64; torch.float32 is asked" in tried(lambda x: 2 * x.long(), one)


def test_gradients_are_part_of_the_answer():
    def in_place(x):
        y = x.exp().log()
        z = y * y.detach().reciprocal() * y
        y *= 1
        return z * 2

    one = (torch.rand(2, 3) + 1,)
    assert "carries no gradient" in tried(lambda x: 2 * x.detach(), one, learns=1)
    assert "its gradient is not" in tried(lambda x: x + x.detach(), one, learns=1)
    assert "modified by an inplace operation" in tried(in_place, one, learns=1)
    assert examine(Exercise(doubled, cases=[one], learns=1), lambda x: x + x)[0]
    with pytest.raises(WrongAnswer, match="carries a gradient, .* end with `.detach"):
        examine(Exercise(lambda x: x.detach(), cases=[one], learns=1), lambda x: x * 1)


def scaled(x, factor=2.0):
    return factor * x


def test_names_and_defaults_of_the_stub_are_part_of_the_answer():
    exercise = Exercise(scaled, cases=[(1.0, 3.0), (np.ones(2), 2.0)])
    function = examine(exercise, lambda a, b=2.0: a * b)[1]
    assert function(x=3.0) == function(3.0) == 6 and function(3.0, factor=1.0) == 3
    assert examine(exercise, scaled)[1] is scaled
    for wrong in (lambda x, factor: factor * x, lambda x, factor=1.0: factor * x):
        with pytest.raises(WrongAnswer, match="Keep the default of the stub, factor=2.0"):
            examine(exercise, wrong)
    told = r"must take 2 arguments, as in \(x, factor=2.0\); yours takes \(x\)"
    with pytest.raises(WrongAnswer, match=told):
        examine(exercise, lambda x: 2 * x)


def test_a_function_that_works_in_place_is_judged_above_the_dots():
    exercise = contents.find("update_target")

    @torch.no_grad()
    def above(target, online, rate):
        for p, q in zip(target.parameters(), online.parameters(), strict=True):
            p.lerp_(q, rate)
        return ...

    assert examine(exercise, above)[1] is above
    with pytest.raises(NotAttempted):
        examine(exercise, lambda target, online, rate: ...)


def test_an_answer_that_fills_the_memory_is_stopped(monkeypatch):
    def growing(x):
        kept = []
        while True:
            kept.append(np.ones(1000))

    monkeypatch.setattr(trial, "BYTES", 5e7)
    with pytest.raises(WrongAnswer, match="fills the memory"):
        examine(Exercise(doubled, cases=[(1.0,)]), growing)


def test_an_answer_that_marks_its_input_for_gradients_is_told():
    def marking(x):
        return 2 * x.requires_grad_(True).detach()

    with pytest.raises(WrongAnswer, match="changes its inputs"):
        examine(Exercise(doubled, cases=[(torch.ones(2),)]), marking)


def test_an_answer_may_call_itself_with_more_arguments():
    def total(values):
        """The sum."""
        return float(sum(values))

    def summed(numbers, start=0):
        if len(numbers) > start:
            return numbers[start] + summed(numbers, start + 1)
        return np.array(0.0)

    _, summed = examine(Exercise(total, cases=[([1.0, 2.0],)]), summed)
    assert summed([1.0, 2.0, 3.0]) == 6


def test_a_task_is_no_exercise_and_the_courses_own_answer_is_no_attempt():
    with pytest.raises(ValueError, match="exercises.open_task"):
        exercises.check("decide", lambda x, y: 0)
    with pytest.raises(ValueError, match="exercises.check"):
        exercises.open_task("td_target", lambda x: 0)
    exercise = contents.find("td_target")
    assert judge(exercise, exercise.answer)[0].startswith("this is the course's own version")


@pytest.mark.parametrize("letter", ["（c）", "ｃ", "C。", " c)\n"])
def test_a_letter_may_be_written_in_any_way(letter):
    exercise = Exercise("c", mistakes={"a": "No.", "b": "No."}, why="It is.")
    assert examine(exercise, letter)[0].startswith(": 'c'")


def test_a_guess_among_other_options_is_forgotten():
    exercises.predict("Which?", ["left", "right"]).buttons.value = "right"
    assert exercises.predict("Which?", ["up", "down"]).buttons.value is None
