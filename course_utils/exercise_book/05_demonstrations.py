"""The exercises of notebook 05."""

from functools import partial

import torch

from course_utils.exercise_book import with_gradient
from course_utils.exercise_book.examination import Exercise
from course_utils.losses import margin_loss

STREAM = torch.Generator().manual_seed(1)
randn, randint = partial(torch.randn, generator=STREAM), partial(torch.randint, generator=STREAM)

EXERCISES = [
    Exercise(
        margin_loss,
        cases=[
            (torch.tensor([1.0, 3.0, 2.5]), torch.tensor(1), 0.8),
            (torch.tensor([4.0, 3.0, 2.5]), torch.tensor(1), 0.8),
            (torch.tensor([[3.0, 1.0], [1.0, 3.0]]), torch.tensor([0, 0]), 0.5),
            (randn(6, 3), randint(3, (6,)), 0.8),
            (randn(2, 5, 4), randint(4, (2, 5)), 0.3),
            (randn(8, 2), randint(2, (8,)), 1.0),
        ],
        probe=with_gradient,
    )
]
