"""The exercise of notebook 10 that asks for lines of a listing."""

import numpy as np

from course_utils.exercise_book import contents
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer, brief


def wrong_lines():
    """The six lines that must be changed or removed.

    1: nobody has trained or loaded this teacher. 13: the sampled batch takes the names of the
    running episode, whose observation and `done` are lost. 14: a target of Q-learning; the
    teacher's answer to the same state is wanted. 15: all four answers are to be learned, not the
    one of the action that was taken. 21: `total` is the return of the teacher, which flew.
    23: a new student forgets everything, and the optimizer holds the parameters of the old one.
    """
    return [1, 13, 14, 15, 21, 23]


def named(attempt):
    """1 for each line that is named, else 0; WrongAnswer for what are no six lines."""
    answer = attempt()
    lines = answer if isinstance(answer, set) else set(np.ravel(answer).tolist())
    if len(lines) != 6 or not lines <= set(range(1, 24)):
        told = f"from 1 to 23, in a list, as in [1, 2, 3, 4, 5, 6]; this is {brief(answer)}"
        raise WrongAnswer(f"Return six different line numbers, {told}.")
    return np.array([float(line in lines) for line in range(1, 24)])


def defended(_, found, wanted):
    """The first innocent line is defended, so that something is learned from any guess."""
    innocent = int((found > wanted).argmax()) + 1
    why = contents.words("10_distillation")["wrong_lines"]["defended"]
    told = next(told for lines, told in why.items() if innocent in map(int, str(lines).split()))
    hits = int((found * wanted).sum())
    return f"{hits} of the six lines that you name are errors. Line {innocent} is right: {told}"


EXERCISES = [Exercise(wrong_lines, probe=named, tell=defended)]
