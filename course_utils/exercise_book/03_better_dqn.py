"""The exercises of notebook 03."""

from functools import partial

import numpy as np
import torch

from course_utils import evaluation, losses, networks, replay
from course_utils.exercise_book.examination import Exercise

RNG = np.random.default_rng(4)
STREAM = torch.Generator().manual_seed(1)
randn, rand = partial(torch.randn, generator=STREAM), partial(torch.rand, generator=STREAM)

EXERCISES = [
    Exercise(
        losses.double_q,
        cases=[
            (torch.tensor([[3.0, 5.0], [3.0, 5.0]]), torch.tensor([[2.0, 1.0], [1.0, 2.0]])),
            (randn(5, 4), randn(5, 4)),
            (randn(2, 3, 4), randn(2, 3, 4)),
        ],
    ),
    Exercise(
        networks.dueling_q,
        cases=[
            (torch.tensor([2.0]), torch.tensor([1.0, 2.0, 6.0])),
            (randn(5, 1), 3 + randn(5, 4)),
            (randn(2, 3, 1), 3 + randn(2, 3, 4)),
            (randn(6, 1), 3 + randn(6, 2)),
        ],
    ),
    Exercise(
        replay.importance_weights,
        cases=[
            (torch.tensor([0.5, 0.25, 0.125]), 8, 1.0),
            (torch.tensor([0.01, 0.002, 0.001]), 1000, 0.5),
            (0.01 * rand(2, 6) + 1e-3, 500, 0.7),
            (torch.tensor([0.2, 0.4]), 10, 0.0),
        ],
    ),
    Exercise(
        evaluation.interquartile_mean,
        cases=[
            (np.array([500.0, 480.0, 20.0, 490.0]),),
            (np.arange(8.0) ** 3,),
            (RNG.normal(size=10),),
            (np.exp(RNG.normal(size=(20, 3))),),
            (np.array([1.0, 2.0, 9.0]),),
            (RNG.normal(size=7),),
            (RNG.normal(size=11),),
        ],
    ),
]
