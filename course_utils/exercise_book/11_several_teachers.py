"""The exercises of notebook 11."""

import torch

from course_utils.distil.teachers import trembling_policy
from course_utils.exercise_book import SHAPES, streams, two_policies
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer
from course_utils.losses import annealed, kickstart_loss

randn, *_ = streams(2)
SHARES = [0.0, 0.5, 0.2, 0.1, 1.0, 0.7, 0.4]
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


EXERCISES = [
    Exercise(kickstart_loss, cases=two_policies(), learns=1),
    Exercise(
        annealed,
        cases=[(w, progress, until) for (w, until), some in MOMENTS.items() for progress in some],
        probe=where_it_divides,
    ),
    Exercise(
        trembling_policy,
        cases=[
            (torch.tensor([20.02, 20.01, 20.03]), 0.3),
            *((randn(shape) - 2, share) for shape, share in zip(SHAPES, SHARES, strict=True)),
        ],
    ),
]
