"""The exercises of notebook 06."""

from functools import partial

import numpy as np
import torch

from course_utils.exercise_book.examination import Exercise
from course_utils.losses import soft_value
from course_utils.teach.rewards import shaping_reward

RNG = np.random.default_rng(1)
randn = partial(torch.randn, generator=torch.Generator().manual_seed(1))


def steps(discount, *shape):
    return *RNG.normal(size=(2, *shape)), RNG.random(shape) < 0.3, discount


EXERCISES = [
    Exercise(
        shaping_reward,
        cases=[
            (np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([False, True]), 0.5),
            steps(0.9, 6),
            steps(1.0, 3, 4),
            (np.ones(3), 2 * np.ones(3), np.array([1.0, 0.0, 1.0]), 0.25),
        ],
    ),
    Exercise(
        soft_value,
        cases=[
            (torch.tensor([0.0, 0.0, 0.0]), 1.0),
            (3 * randn(5, 4), 0.5),
            (3 * randn(2, 3, 2), 2.0),
            (torch.tensor([[200.0, 100.0]]), 0.1),
        ],
    ),
]
