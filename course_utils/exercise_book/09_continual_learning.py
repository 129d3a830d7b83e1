"""The exercises of notebook 09."""

from functools import partial

import numpy as np
import torch

from course_utils.exercise_book.examination import Exercise
from course_utils.losses import Anchor, ewc_penalty
from course_utils.tune.continual import forgetting

rand = partial(torch.rand, generator=torch.Generator().manual_seed(1))
NOW, WAS, MATTERED = ({"weight": rand(3, 4, 2), "bias": rand(3, 1, 2)} for _ in range(3))

EXERCISES = [
    Exercise(
        forgetting,
        cases=[
            (np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0]]),),
            (np.array([[3.0, 9.0, 1.0], [5.0, 2.0, 2.0], [7.0, 6.0, 3.0], [8.0, 1.0, 4.0]]),),
            (np.random.default_rng(1).normal(size=(5, 4, 3)),),
        ],
    ),
    Exercise(
        ewc_penalty,
        cases=[
            (
                {"w": torch.tensor([[3.0]])},
                Anchor({"w": torch.tensor([[1.0]])}, {"w": torch.tensor([[5.0]])}),
            ),
            (NOW, Anchor(WAS, MATTERED)),
            (NOW, Anchor({"weight": WAS["weight"]}, {"weight": MATTERED["weight"]})),
        ],
    ),
]
