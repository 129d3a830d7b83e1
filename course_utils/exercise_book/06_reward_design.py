"""The exercises of notebook 06."""

import numpy as np
import torch

from course_utils.exercise_book import SHAPES, streams
from course_utils.exercise_book.examination import Exercise
from course_utils.losses import soft_value
from course_utils.teach.rewards import shaping_reward

RNG = np.random.default_rng(1)
randn, rand, _ = streams()
TAUS = [1.0, 0.5, 2.0, 0.01, 5.0, 0.3, 0.8]


def steps(discount, *shape):
    return *(9 * RNG.normal(size=(2, *shape))), RNG.random(shape) < 0.3, discount


EXERCISES = [
    Exercise(
        shaping_reward,
        cases=[
            (np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([False, True]), 0.5),
            steps(0.9, 6),
            steps(1.0, 3, 4),
            (np.ones(3), 2 * np.ones(3), np.array([1.0, 0.0, 1.0]), 0.25),
            (randn(2, 3), randn(2, 3), (rand(2, 3) < 0.5).float(), 0.7),
            (randn(1), randn(1), torch.zeros(1), 0.9),
            (randn(4), randn(4), torch.tensor([0.0, 1.0, 0.0, 1.0]), rand(4)),
        ],
    ),
    Exercise(
        soft_value,
        cases=[
            (torch.tensor([0.0, 0.0, 0.0]), 1.0),
            *((3 * randn(shape), tau) for shape, tau in zip(SHAPES, TAUS, strict=True)),
            (torch.tensor([[200.0, 100.0], [-300.0, -200.0]]), 0.1),
        ],
    ),
]
