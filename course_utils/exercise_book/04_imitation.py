"""The exercises of notebook 04."""

from functools import partial

import torch

from course_utils import losses
from course_utils.exercise_book import with_gradient
from course_utils.exercise_book.examination import Exercise

STREAM = torch.Generator().manual_seed(1)
randn, randint = partial(torch.randn, generator=STREAM), partial(torch.randint, generator=STREAM)

EXERCISES = [
    Exercise(
        losses.cloning_loss,
        cases=[
            (torch.tensor([0.0, 1.0, 3.0]), torch.tensor(1)),
            (3 * randn(5, 4), randint(4, (5,))),
            (3 * randn(2, 3, 4), randint(4, (2, 3))),
            (3 * randn(6, 2), randint(2, (6,))),
            (torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([0, 0])),
        ],
        probe=with_gradient,
    )
]
