"""The exercises of notebook 07."""

import numpy as np

from course_utils.evaluation import area_under_curve
from course_utils.exercise_book.examination import Exercise

RNG = np.random.default_rng(1)

EXERCISES = [
    Exercise(
        area_under_curve,
        cases=[
            (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0])),
            (np.array([0.0, 1.0, 4.0, 10.0]), np.array([10.0, 20.0, 30.0, 100.0])),
            (np.array([5.0, 6.0, 9.0]), RNG.normal(size=(4, 3))),
            (np.array([3, 7]), RNG.normal(size=(1, 2))),
            (np.array([-2.0, 0.0, 1.0, 50.0]), RNG.normal(size=(2, 3, 4))),
        ],
    )
]
