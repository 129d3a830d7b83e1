"""The exercises of notebook 08."""

from functools import partial

import torch

from course_utils.exercise_book.examination import Exercise
from course_utils.tune.parts import low_rank_change

randn = partial(torch.randn, generator=torch.Generator().manual_seed(1))

EXERCISES = [
    Exercise(
        low_rank_change,
        cases=[
            (torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]]), 1.0),
            (randn(5, 2), randn(2, 4), 3.0),
            (randn(3, 5, 2), randn(3, 2, 4), 2.0),
            (randn(4, 5, 1), randn(4, 1, 4), 5.0),
            (torch.ones(3, 3), torch.ones(3, 3), 6.0),
        ],
    )
]
