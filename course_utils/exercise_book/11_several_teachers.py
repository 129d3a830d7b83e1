"""An exercise of notebook 11, in which a division may fail."""

from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer
from course_utils.losses import annealed

MOMENTS = {  # by (weight, until)
    (1.0, 0.5): [0.25],
    (2.0, 0.5): [0.0, 0.1, 0.5, 0.8],
    (3.0, 0.25): [0.2, 0.25, 1.0],
    (0.5, 1.0): [0.3, 1.0],
    (0.5, 0.0): [0.5],
    (3.0, 0.0): [0.0, 1.0],
}


def where_it_divides(function, weight, progress, until):
    try:
        return function(weight, progress, until)
    except WrongAnswer as wrong:
        if not isinstance(wrong.__cause__, ZeroDivisionError) or until not in (0, 1):
            raise
        divisor, falls = ("`until`", "never falls") if until == 0 else ("1 − `until`", "is 0 there")
        told = f"your function divides by {divisor}, which may be 0. The weight {falls} then"
        raise WrongAnswer(f"Your function raised ZeroDivisionError: {told}.") from None


CASES = [(w, progress, until) for (w, until), some in MOMENTS.items() for progress in some]
EXERCISES = [Exercise(annealed, cases=CASES, probe=where_it_divides)]
