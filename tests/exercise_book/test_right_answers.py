"""Right answers in other styles are not refused; what `check` hands back is called as the stub."""

import inspect

import pytest

from course_utils.exercise_book.calls import parameters
from course_utils.exercise_book.examination import examine
from tests.exercise_book.other_styles import STYLES, forms
from tests.exercise_book.test_answers import EXERCISES, FUNCTIONS, RIGHT


def answers(name):
    """The course's, another one, both in other forms, and other styles."""
    made = {"other": RIGHT[name]} | {f"style {i}": f for i, f in enumerate(STYLES[name])}
    for function in {EXERCISES[name].answer: 1, RIGHT[name]: 2}:
        if inspect.signature(function).parameters:
            made |= {f"{function.__name__}, {form}": f for form, f in forms(function).items()}
    return made


ANSWERS = [
    pytest.param(name, answer, id=f"{name}-{form}")
    for name in FUNCTIONS
    for form, answer in answers(name).items()
]


def test_there_are_many_of_each():
    assert len(ANSWERS) >= 500 and set(STYLES) == set(FUNCTIONS)
    for name in FUNCTIONS:
        assert len(answers(name)) >= 10 or name == "wrong_lines"


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_a_right_answer_is_accepted_and_may_be_called_as_the_stub(name, answer):
    _, function = examine(EXERCISES[name], answer)
    asked = parameters(EXERCISES[name].answer, max(map(len, EXERCISES[name].cases)))
    inspect.signature(function).bind(**dict.fromkeys(asked.parameters, 0))
