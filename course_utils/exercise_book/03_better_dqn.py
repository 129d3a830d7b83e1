"""The exercises of notebook 03."""

import numpy as np
import torch

from course_utils import evaluation, losses, networks, replay
from course_utils.exercise_book import SHAPES, streams
from course_utils.exercise_book.examination import Exercise

RNG = np.random.default_rng(4)
randn, rand, _ = streams()

EXERCISES = [
    Exercise(
        losses.double_q,
        cases=[
            (torch.tensor([[3.0, 5.0], [3.0, 5.0]]), torch.tensor([[1.02, 1.01], [1.01, 1.02]])),
            *((9 * randn(shape), 9 * randn(shape)) for shape in SHAPES),
        ],
    ),
    Exercise(
        networks.dueling_q,
        cases=[
            (torch.tensor([2.0]), torch.tensor([1.0, 2.0, 6.0])),
            *((9 * randn(*shape[:-1], 1), 1 + 9 * randn(shape)) for shape in SHAPES),
        ],
        learns=2,
    ),
    Exercise(
        replay.importance_weights,
        cases=[
            (torch.tensor([0.5, 0.25, 0.125]), 8, 1.0),
            (torch.tensor([0.01, 0.002, 0.001]), 1000, 0.5),
            (0.01 * rand(2, 6) + 1e-3, 500, 0.7),
            (0.01 * rand(3, 1) + 1e-3, 500, 0.4),
            (0.01 * rand(1, 4) + 1e-3, 500, 0.4),
            (torch.tensor([0.2, 0.4]), 10, 0.0),
        ],
    ),
    Exercise(
        evaluation.interquartile_mean,
        cases=[
            (np.array([500.0, 480.0, 20.0, 490.0]),),
            (np.arange(8.0) ** 3,),
            *((RNG.normal(size=size),) for size in (10, 1, 2, 3, 7, 11)),
            (np.exp(RNG.normal(size=(20, 3))),),
            (RNG.normal(size=(5, 1, 2)),),
        ],
    ),
]
