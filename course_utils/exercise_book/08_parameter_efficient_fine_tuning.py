"""The exercises of notebook 08."""

import torch

from course_utils.exercise_book import streams
from course_utils.exercise_book.examination import Exercise
from course_utils.tune.parts import low_rank_change

randn, *_ = streams()
SHAPES = [((5, 2), 4, 3.0), ((3, 5, 2), 4, 2.0), ((4, 5, 1), 4, 0.5), ((1, 3, 3), 3, 6.0)]

EXERCISES = [
    Exercise(
        low_rank_change,
        cases=[
            (torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]]), 1.0),
            *(
                (6 * randn(shape), 6 * randn(*shape[:-2], shape[-1], out), alpha)
                for shape, out, alpha in SHAPES
            ),
        ],
        learns=2,
    )
]
