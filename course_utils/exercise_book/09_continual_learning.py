"""The exercises of notebook 09."""

import numpy as np
import torch

from course_utils.exercise_book import streams
from course_utils.exercise_book.examination import Exercise
from course_utils.losses import Anchor, ewc_penalty
from course_utils.tune.continual import forgetting

RNG = np.random.default_rng(1)
_, rand, _ = streams()
NOW, WAS, MATTERED = ({"weight": rand(3, 4, 2), "bias": rand(3, 1, 2)} for _ in range(3))
ONE, BEFORE, SOME = ({"w": rand(1, 2, 2)} for _ in range(3))

EXERCISES = [
    Exercise(
        forgetting,
        cases=[
            (np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0]]),),
            (np.array([[3.0, 9.0, 1.0], [5.0, 2.0, 2.0], [7.0, 6.0, 3.0], [8.0, 1.0, 4.0]]),),
            *((9 * RNG.normal(size=shape) - 5,) for shape in [(5, 4, 3), (1, 4, 3), (2, 3, 6, 5)]),
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
            (ONE, Anchor(BEFORE, SOME)),
            (NOW, Anchor({"weight": WAS["weight"]}, {"weight": MATTERED["weight"]})),
            (NOW, Anchor(WAS, {"bias": MATTERED["bias"]})),
        ],
        learns=1,
    ),
]
