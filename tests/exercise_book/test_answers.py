"""Each exercise accepts right answers, also oddly written ones, and tells typical mistakes apart.

The answers to a notebook's exercises are in the file of its stem: RIGHT, in another form than the
course's own, and WRONG, as a learner would write them, with words of what must be said.
"""

import inspect
import re
import runpy
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from course_utils import exercises
from course_utils.exercise_book import contents
from course_utils.exercise_book.calls import parameters
from course_utils.exercise_book.examination import examine
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer

ROOT = Path(__file__).parents[2]
EXERCISES = {name: made for stem in contents.STEMS for name, made in contents.chapter(stem).items()}
FUNCTIONS = [name for name, exercise in EXERCISES.items() if callable(exercise.answer)]
CHOICES = [name for name in EXERCISES if name not in FUNCTIONS]
ANSWERS = [runpy.run_path(str(path)) for path in sorted(Path(__file__).parent.glob("[0-9]*.py"))]
RIGHT = {name: EXERCISES[name].answer for name in FUNCTIONS}  # where nobody wrote another one
for answers in ANSWERS:
    RIGHT |= answers["RIGHT"]
WRONG = [wrong for answers in ANSWERS for wrong in answers["WRONG"]]
BOOK = [
    pytest.param(name, wrong, told, id=f"{name}-{number}")
    for name, exercise in EXERCISES.items()
    for number, (wrong, told) in enumerate(exercise.mistakes.items())
]
# Those that return something and have inputs.
RETURNING = [n for n in FUNCTIONS if not EXERCISES[n].in_place and any(EXERCISES[n].cases)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_answers_are_accepted(name):
    examine(EXERCISES[name], EXERCISES[name].answer)
    examine(EXERCISES[name], RIGHT[name])


@pytest.mark.parametrize(
    ("name", "wrong", "words"), WRONG, ids=[f"{name}-{wrong.__name__}" for name, wrong, _ in WRONG]
)
def test_a_learners_mistake_is_called_by_its_name(name, wrong, words):
    with pytest.raises(WrongAnswer, match=words):
        examine(EXERCISES[name], wrong)


@pytest.mark.parametrize(("name", "wrong", "told"), BOOK)
def test_every_mistake_in_the_book_gets_its_own_sentence(name, wrong, told):
    with pytest.raises(WrongAnswer) as caught:
        examine(EXERCISES[name], wrong)
    assert str(caught.value) == told


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_three_mistakes_and_has_hints(name):
    exercise = EXERCISES[name]
    assert len(set(exercise.mistakes.values())) == len(exercise.mistakes) >= 3
    assert len(set(exercise.hints)) == len(exercise.hints) >= (2 if name in FUNCTIONS else 1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_exercise_asks_for_a_function_of_the_module(name):
    answer = EXERCISES[name].answer
    assert answer.__module__.startswith("course_utils.")
    assert getattr(sys.modules[answer.__module__], name) is answer


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_and_its_chapter_name_the_same_exercises(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    checked = re.findall(r'exercises\.check\(\s*"(\w+)"', code)
    assert sorted(checked) == sorted(contents.chapter(path.stem))
    told = set(re.findall(r'exercises\.(?:hint|solution)\("(\w+)"', code))
    opened = set(re.findall(r'exercises\.open_task\("(\w+)"', code))
    assert told == set(checked) | opened and opened <= set(contents.words("open_tasks"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_the_stub_in_the_notebook_has_the_names_and_defaults_that_are_asked(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    for name in set(contents.chapter(path.stem)) & set(FUNCTIONS):
        stub = next(source for source in code if f'exercises.check("{name}", {name})' in source)
        exec(stub.partition(f"{name} = exercises")[0], {"torch": torch}, made := {})
        named = {n: p.default for n, p in inspect.signature(made[name]).parameters.items()}
        most = max(map(len, EXERCISES[name].cases))
        asked = parameters(EXERCISES[name].answer, most).parameters
        assert named == {n: p.default for n, p in asked.items()}
        with pytest.raises(NotAttempted):
            examine(EXERCISES[name], made[name])


def can_be_spoiled(value):
    return isinstance(value, list | np.ndarray | torch.Tensor | dict) or hasattr(value, "reward")


@pytest.mark.parametrize(
    "name", [name for name in RETURNING if any(map(can_be_spoiled, EXERCISES[name].cases[0]))]
)
def test_a_right_answer_that_spoils_its_inputs_is_refused(name):
    def vandal(*arguments):
        result = RIGHT[name](*arguments)
        spoil = next(filter(can_be_spoiled, arguments))
        if isinstance(spoil, list):
            spoil.clear()
        elif isinstance(spoil, np.ndarray | torch.Tensor):
            spoil -= 1
        elif isinstance(spoil, dict):
            next(iter(spoil.values())).mul_(0.5)
        else:
            spoil.reward[0, 0, 0] += 1
        return result

    with pytest.raises(WrongAnswer, match="changes its inputs"):
        examine(EXERCISES[name], vandal)


@pytest.mark.parametrize("name", RETURNING)
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda *arguments: None, "returns nothing"),
        (lambda *arguments: 1 / 0, "raised ZeroDivisionError"),
        (lambda: 0, "must take"),
        (lambda *arguments: "two", "(must return|^Return )"),
        (lambda *arguments: np.zeros((9, 9, 9)), "(has shape|must return|^Return )"),
        (lambda *arguments: np.nan, "(NaN|has shape|must return|^Return )"),
        (7, "A function is asked for; this is 7"),
    ],
    ids=["nothing", "error", "signature", "text", "shape", "nan", "no function"],
)
def test_malformed_answers_get_one_sentence(name, bad, words):
    with pytest.raises(WrongAnswer, match=words) as caught:
        examine(EXERCISES[name], bad)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize("name", [name for name in RETURNING if name != "epsilon_greedy"])
def test_an_unheard_of_mistake_shows_an_input_with_both_results(name):  # actions are whole numbers
    def slightly_off(*arguments):
        result = RIGHT[name](*arguments)
        return (result[0] + 0.123, result[1]) if isinstance(result, tuple) else result + 0.123

    with pytest.raises(WrongAnswer, match=r"For .* (it gives|entry \[.*\] is) .*; right is "):
        examine(EXERCISES[name], slightly_off)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_untouched_exercise_hands_back_the_reference(name, capsys):
    assert exercises.check(name, lambda *arguments: ...) is EXERCISES[name].answer
    assert "not attempted yet" in capsys.readouterr().out


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_solution_can_be_pasted_into_an_empty_notebook(name):
    source = contents.source_to_paste(EXERCISES[name].answer)
    assert max(map(len, source.splitlines())) <= 100
    exec(source, notebook := {})
    examine(EXERCISES[name], notebook[name])
    assert not notebook[name].__annotations__


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name):
    right = EXERCISES[name].answer
    assert sorted([right, *EXERCISES[name].mistakes]) == ["a", "b", "c", "d"]
    examine(EXERCISES[name], right)
    examine(EXERCISES[name], f" {right.upper()} ")
    examine(EXERCISES[name], f"({right})")
    with pytest.raises(WrongAnswer, match="one of the letters a, b, c, d; this is 'e'"):
        examine(EXERCISES[name], "e")
    with pytest.raises(WrongAnswer, match="one of the letters"):
        examine(EXERCISES[name], 3)
    with pytest.raises(NotAttempted):
        examine(EXERCISES[name], ...)


@pytest.mark.parametrize("bad", [6, [], [1.0] * 6, [None] * 6, ["1"] * 6, np.eye(6), np.nan])
def test_six_lines_in_another_form_are_refused_in_a_sentence(bad):
    with pytest.raises(WrongAnswer, match="Return six different line numbers, from 1 to 23, in a"):
        examine(EXERCISES["wrong_lines"], lambda: bad)


def test_each_line_of_the_listing_is_an_error_or_defended():
    wrong = EXERCISES["wrong_lines"].answer()
    for line in set(range(1, 24)) - set(wrong):
        for left_out in wrong:
            with pytest.raises(WrongAnswer, match=rf"(5|Five) of the six.* Line {line}\b"):
                examine(EXERCISES["wrong_lines"], lambda it=({*wrong, line} - {left_out}): it)
