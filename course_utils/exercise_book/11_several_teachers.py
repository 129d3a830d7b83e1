"""The exercises of notebook 11."""

from functools import partial

import torch

from course_utils.distil.teachers import trembling_policy
from course_utils.exercise_book import finite_loss, two_policies
from course_utils.exercise_book.examination import Exercise, WrongAnswer
from course_utils.losses import annealed, kickstart_loss

BY_ZERO = {  # what a division by 0 tells, by the value of `until`
    0: "your function divides by `until`, which may be 0. The weight never falls then: return it "
    "before you divide.",
    1: "your function divides by 1 − `until`, which may be 0. The weight falls before `until`: "
    "divide by `until`.",
}


def where_it_divides(function, weight, progress, until):
    try:
        return function(weight, progress, until)
    except ZeroDivisionError as error:
        if until not in BY_ZERO:
            raise
        raise WrongAnswer(f"Your function raised ZeroDivisionError: {BY_ZERO[until]}") from error


randn = partial(torch.randn, generator=torch.Generator().manual_seed(2))

EXERCISES = [
    Exercise(kickstart_loss, cases=two_policies(), probe=finite_loss),
    Exercise(
        annealed,
        cases=[
            *(
                (1.0, 0.25, 0.5),
                (2.0, 0.0, 0.5),
                (2.0, 0.1, 0.5),
                (2.0, 0.5, 0.5),
                (2.0, 0.8, 0.5),
                (3.0, 0.2, 0.25),
            ),
            *((3.0, 1.0, 0.25), (0.5, 0.3, 1.0), (0.5, 1.0, 1.0), (0.5, 0.5, 0.0), (3.0, 1.0, 0.0)),
        ],
        probe=where_it_divides,
    ),
    Exercise(
        trembling_policy,
        cases=[
            (torch.tensor([1.0, 3.0, 2.0]), 0.3),
            (randn(4), 0.0),
            (randn(3, 4), 0.5),
            (randn(2, 3, 4), 0.2),
            (randn(2, 2), 1.0),
            (randn(2, 5), 0.7),
        ],
    ),
]
