"""The exercises of notebook 05."""

import torch

from course_utils.exercise_book import SHAPES, streams
from course_utils.exercise_book.examination import Exercise
from course_utils.losses import margin_loss

randn, _, randint = streams()
MARGINS = [0.0, 0.8, 0.3, 0.5, 1.0, 1.5, 8.0]

EXERCISES = [
    Exercise(
        margin_loss,
        cases=[
            (torch.tensor([1.0, 3.0, 2.5]), torch.tensor(1), 0.7),
            (torch.tensor([4.0, 3.0, 2.5]), torch.tensor(1), 0.8),
            (torch.tensor([[3.0, 1.0], [1.0, 3.0]]), torch.tensor([0, 0]), 0.5),
            *(
                ((3 + 2 * margin) * randn(shape) - 1, randint(shape[-1], shape[:-1]), margin)
                for shape, margin in zip(SHAPES, MARGINS, strict=True)
            ),
        ],
        learns=1,
    )
]
