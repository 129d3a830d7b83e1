"""The exercises of notebook 10."""

import numpy as np

from course_utils.exercise_book import contents, two_policies
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer
from course_utils.losses import advantage_loss, hinton_loss, kl_loss

TAUS, WEIGHTS = (2.0, 0.5, 4.0, 1.0, 3.0, 6.0), (0.9, 0.3, 0.7, 0.0, 0.2, 1.0)
MIXED = zip(two_policies(), TAUS, WEIGHTS, strict=False)


def wrong_lines():
    """The six lines that must be changed or removed.

    1: the teacher is a fresh network; nobody has trained it or loaded it.
    13: the sampled batch takes the names of the running episode, whose observation and `done` are
    lost.
    14: a target of Q-learning, with reward and next state; the teacher's answer to the same state
    is wanted.
    15: only the value of the action that was taken is kept; all four answers are to be learned.
    21: it was the teacher that flew, so `total` is the teacher's return and not the student's.
    23: a new student forgets everything, and the optimizer still holds the parameters of the old
    one.
    """
    return [1, 13, 14, 15, 21, 23]


LAST_LINE = 23


def named(attempt):
    """1 for each line that is named, else 0; WrongAnswer for what are no six lines."""
    answer = attempt()
    if not isinstance(answer, list | tuple | set | np.ndarray) or not all(
        isinstance(line, int | np.integer) for line in answer
    ):
        raise WrongAnswer("Return six line numbers in a list, as in [1, 2, 3, 4, 5, 6].")
    if bad := [line for line in answer if not 1 <= line <= LAST_LINE]:
        raise WrongAnswer(f"There is no line {bad[0]}: they have the numbers 1 to {LAST_LINE}.")
    if len(lines := set(answer)) != 6:
        raise WrongAnswer(f"Six different lines are asked for; you name {len(lines)}.")
    return np.array([float(line in lines) for line in range(1, LAST_LINE + 1)])


def defended(_, found, wanted):
    """The first innocent line is defended, so that something is learned from any guess."""
    innocent = int((found > wanted).argmax()) + 1
    why = contents.words("10_distillation")["wrong_lines"]["defended"]
    told = next(told for lines, told in why.items() if innocent in map(int, str(lines).split()))
    hits = int((found * wanted).sum())
    return f"{hits} of the six lines that you name are errors. Line {innocent} is right: {told}"


EXERCISES = [
    Exercise(kl_loss, cases=two_policies(), learns=1),
    Exercise(hinton_loss, cases=[(*pair[:2], *more) for pair, *more in MIXED], learns=1),
    Exercise(advantage_loss, cases=two_policies()[:7], learns=1),
    Exercise(wrong_lines, probe=named, tell=defended),
]
