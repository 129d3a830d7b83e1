"""The exercises of notebook 07."""

import numpy as np

from course_utils.evaluation import area_under_curve
from course_utils.exercises import Exercise

VALUES = np.random.default_rng(1).normal(size=(4, 3))

EXERCISES = [
    Exercise(
        area_under_curve,
        cases=[
            (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0])),
            (np.array([0.0, 1.0, 4.0, 10.0]), np.array([10.0, 20.0, 30.0, 100.0])),
            (np.array([5.0, 6.0, 9.0]), VALUES),
        ],
        hints=[
            "Between two points the curve is a straight line: its mean height there is the mean "
            "of the two values. Weight it by the distance of the two steps, and divide the sum by "
            "the whole distance.",
            "np.diff(steps) are the distances; (values[..., 1:] + values[..., :-1]) / 2 the "
            "heights between.",
        ],
        mistakes={
            lambda steps, values: values.mean(-1): "The plain mean of the points: right only "
            "where all distances are the same and the ends count half.",
            " / (steps[-1] - steps[0]) ⇒ ": "This is the area itself: divide by the distance from "
            "the first step to the last, to get a mean height.",
            "* between ⇒ * values[..., :-1]": "Each stretch counts with its left point only: take "
            "the mean of both ends.",
            "* between ⇒ * values[..., 1:]": "Each stretch counts with its right point only: take "
            "the mean of both ends.",
            "(steps[-1] - steps[0]) ⇒ steps[-1]": "Divide by the distance from the first step to "
            "the last, not by the last step: a curve may begin later.",
        },
    )
]
