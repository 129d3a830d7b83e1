"""The exercises of notebook 04."""

import torch

from course_utils import losses
from course_utils.exercise_book import SHAPES, streams
from course_utils.exercise_book.examination import Exercise

randn, _, randint = streams()
EXTREME = torch.tensor([[0.0, 200.0], [200.0, 0.0], [-500.0, -501.0], [900.0, 899.0]])

EXERCISES = [
    Exercise(
        losses.cloning_loss,
        cases=[
            (torch.tensor([0.0, 1.0, 3.0]), torch.tensor(1)),
            *((3 * randn(shape), randint(shape[-1], shape[:-1])) for shape in SHAPES),
            (EXTREME, torch.tensor([0, 0, 1, 1])),
        ],
        learns=1,
    )
]
